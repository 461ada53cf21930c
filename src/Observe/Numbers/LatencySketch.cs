using System.Numerics;

namespace Mainstay.Observe.Numbers;

/// <summary>
/// An exponential histogram of durations in nanoseconds with eight buckets to each power of two (OpenTelemetry's scale 3): any two can be added
/// up, and a quantile read from it is within 4.5 % of the true one. Grows to what it holds, at most 512 buckets.
/// </summary>
public sealed class LatencySketch
{
    const int SubBits = 3;

    // 2^(i/8) as fractions of 2^32, i from 1 to 7: where within a power of two the buckets begin.
    static readonly uint[] Bounds = [.. Enumerable.Range(1, 7).Select(i => (uint)((Math.Pow(2, i / 8.0) - 1) * 4294967296.0))];

    int[] counts = [];
    int first;

    /// <summary>How many durations it holds.</summary>
    public long Count { get; private set; }

    /// <summary>The bucket of a duration.</summary>
    public static int BucketOf(long nanoseconds)
    {
        if (nanoseconds <= 1)
        {
            return 0;
        }

        var exponent = BitOperations.Log2((ulong)nanoseconds);
        var fraction = (uint)(((ulong)nanoseconds << (63 - exponent) << 1) >> 32);
        var sub = 0;
        while (sub < Bounds.Length && fraction >= Bounds[sub])
        {
            sub++;
        }

        return (exponent << SubBits) + sub;
    }

    /// <summary>The duration that stands for a bucket, in nanoseconds: the geometric middle.</summary>
    public static double MiddleOf(int bucket) => Math.Pow(2, (bucket + 0.5) / (1 << SubBits));

    public void Add(long nanoseconds) => Add(BucketOf(nanoseconds), 1);

    /// <summary>Adds everything that another one holds.</summary>
    public void Add(LatencySketch other)
    {
        for (var i = 0; i < other.counts.Length; i++)
        {
            if (other.counts[i] > 0)
            {
                Add(other.first + i, other.counts[i]);
            }
        }
    }

    /// <summary>The duration that a share of all is at most, in nanoseconds; 0 where it holds nothing.</summary>
    public double Quantile(double share)
    {
        var rank = (long)Math.Ceiling(share * Count);
        for (var i = 0; i < counts.Length && Count > 0; i++)
        {
            rank -= counts[i];
            if (rank <= 0)
            {
                return MiddleOf(first + i);
            }
        }

        return 0;
    }

    /// <summary>The buckets that hold something, and how many.</summary>
    public IEnumerable<(int Bucket, int Count)> Buckets()
    {
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0)
            {
                yield return (first + i, counts[i]);
            }
        }
    }

    public void Clear()
    {
        Array.Clear(counts);
        Count = 0;
    }

    void Add(int bucket, int count)
    {
        if (counts.Length == 0)
        {
            (first, counts) = (Math.Max(0, bucket - 3), new int[8]);
        }

        if (bucket < first || bucket >= first + counts.Length)
        {
            var from = Math.Min(first, bucket);
            var grown = new int[Math.Max(first + counts.Length, bucket + 1) - from + 4];
            counts.CopyTo(grown, first - from);
            (first, counts) = (from, grown);
        }

        counts[bucket - first] += count;
        Count += count;
    }
}
