namespace Mainstay.Observe.Ingest;

/// <summary>The buckets of the histograms that are taken in: contiguous and rising, the same in every sample.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="LowerBound">The smallest duration of a bucket, in microseconds.</param>
/// <param name="UpperBound">The smallest duration beyond a bucket, in microseconds.</param>
public sealed record LatencyScale(int Count, Func<int, long> LowerBound, Func<int, long> UpperBound)
{
    /// <summary>The duration that stands for a bucket, in milliseconds: its middle.</summary>
    public double MiddleMs(int bucket) => (LowerBound(bucket) + UpperBound(bucket)) / 2000.0;

    /// <summary>Pairs of bucket and count as durations in seconds, each with how many took so long. Pairs outside the scale are left out.</summary>
    public IEnumerable<(double Seconds, long Count)> Durations(IReadOnlyList<long> pairs)
    {
        for (var i = 0; i + 1 < pairs.Count; i += 2)
        {
            if (pairs[i] >= 0 && pairs[i] < Count && pairs[i + 1] > 0)
            {
                yield return (MiddleMs((int)pairs[i]) / 1000, pairs[i + 1]);
            }
        }
    }
}
