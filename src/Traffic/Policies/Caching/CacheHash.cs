using System.Buffers.Binary;

namespace Mainstay.Traffic.Policies;

/// <summary>A fast hash with a seed of the process's own, so that nobody outside can choose addresses that meet.</summary>
internal static class CacheHash
{
    private const ulong Odd = 0x9E3779B97F4A7C15;

    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed)
    {
        var all = bytes;
        var hash = Fold(seed ^ (ulong)bytes.Length, Odd);
        while (bytes.Length >= 16)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), seed ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            bytes = bytes[16..];
        }
        if (bytes.Length >= 8) hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), seed | 1);
        ulong rest = 0;
        // The last eight, of which some may have been taken before.
        if (all.Length >= 8) rest = BinaryPrimitives.ReadUInt64LittleEndian(all[^8..]);
        else foreach (var one in bytes) rest = (rest << 8) | one;
        return Fold(hash ^ rest, Odd);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low ^ a;
    }
}
