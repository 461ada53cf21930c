using System.Buffers.Binary;
using System.Numerics;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>CRC-32C, by which damage is seen, and the hash of terms.</summary>
static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return ~sum;
    }

    /// <summary>A hash of 64 bits that is the same in every run: FNV-1a by eight bytes at a time, mixed at the end.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes, ulong seed = 14695981039346656037UL)
    {
        var hash = seed ^ (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 1099511628211UL;
            hash ^= hash >> 29;
        }

        foreach (var one in bytes)
        {
            hash = (hash ^ one) * 1099511628211UL;
        }

        return Mix(hash);
    }

    /// <summary>Spreads every bit over all (the finalizer of splitmix64).</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }
}
