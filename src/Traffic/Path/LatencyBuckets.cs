using System.Numerics;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A log-linear histogram of microseconds: values below 16 have a bucket each, then each power of two is divided into 16, up to 2^27
/// (134 s); what is longer falls into the last. A bucket's bounds differ by at most 6.25 %.
/// </summary>
public static class LatencyBuckets
{
    private const int SubBits = 4;
    private const int Sub = 1 << SubBits;
    private const int TopBit = 27;

    /// <summary>The number of buckets.</summary>
    public const int Count = (TopBit - SubBits + 1) * Sub;

    /// <summary>The bucket of a duration in microseconds.</summary>
    public static int IndexOf(long micros)
    {
        if (micros < Sub) return micros < 0 ? 0 : (int)micros;
        var top = BitOperations.Log2((ulong)micros);
        if (top >= TopBit) return Count - 1;
        return ((top - SubBits + 1) << SubBits) + (int)((micros >> (top - SubBits)) & (Sub - 1));
    }

    /// <summary>The smallest duration of a bucket, in microseconds.</summary>
    public static long LowerBound(int index)
    {
        if (index < Sub) return index;
        var top = (index >> SubBits) + SubBits - 1;
        return (long)(Sub + (index & (Sub - 1))) << (top - SubBits);
    }

    /// <summary>The smallest duration beyond a bucket, in microseconds.</summary>
    public static long UpperBound(int index) => LowerBound(index + 1);
}
