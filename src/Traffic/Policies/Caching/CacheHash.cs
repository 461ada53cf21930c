using System.Buffers.Binary;

namespace Mainstay.Traffic.Policies;

/// <summary>A fast hash with a seed of the process's own, so that nobody outside can choose addresses that meet.</summary>
internal static class CacheHash
{
    private const ulong Odd = 0x9E3779B97F4A7C15;

    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed)
    {
        var hash = Fold(seed ^ (ulong)bytes.Length, Odd);
        while (bytes.Length >= 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes), seed | 1);
            bytes = bytes[8..];
        }
        ulong rest = 0;
        foreach (var one in bytes) rest = (rest << 8) | one;
        return Fold(hash ^ rest, Odd);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low ^ a;
    }
}
