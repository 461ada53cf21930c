namespace Mainstay.Observe.Ingest;

/// <summary>The buckets of the histograms that are taken in: contiguous and rising, the same in every sample.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="LowerBound">The smallest duration of a bucket, in microseconds.</param>
/// <param name="UpperBound">The smallest duration beyond a bucket, in microseconds.</param>
public sealed record LatencyScale(int Count, Func<int, long> LowerBound, Func<int, long> UpperBound)
{
    /// <summary>The duration that stands for a bucket, in milliseconds: its middle.</summary>
    public double MiddleMs(int bucket) => (LowerBound(bucket) + UpperBound(bucket)) / 2000.0;
}
