namespace Mainstay.Observe.Judge;

/// <summary>What was counted of one version: requests, errors, and how long they took in the buckets of a scale.</summary>
public sealed class VersionFigures(int buckets)
{
    readonly long[] latency = new long[buckets];

    public long Requests { get; private set; }

    public long Errors { get; private set; }

    /// <summary>Counts by bucket.</summary>
    public IReadOnlyList<long> Latency => latency;

    public double ErrorRatio => Requests == 0 ? 0 : (double)Errors / Requests;

    public void Add(long requests, long errors, IReadOnlyList<long> counts)
    {
        Requests += requests;
        Errors += Math.Clamp(errors, 0, requests);
        for (var index = 0; index < counts.Count; index++)
        {
            latency[Math.Min(index, latency.Length - 1)] += counts[index];
        }
    }

    /// <summary>The same, of counts as gateways tell them: pairs of bucket and count, flattened; only buckets that moved.</summary>
    public void AddPairs(long requests, long errors, IReadOnlyList<long> pairs)
    {
        Requests += requests;
        Errors += Math.Clamp(errors, 0, requests);
        for (var index = 0; index + 1 < pairs.Count; index += 2)
        {
            latency[Math.Clamp(pairs[index], 0, latency.Length - 1)] += pairs[index + 1];
        }
    }

    public void Add(VersionFigures other) => Add(other.Requests, other.Errors, other.latency);

    /// <summary>The first bucket at which a share of the requests was at most so slow; -1 without requests.</summary>
    public int BucketOf(double share)
    {
        var total = latency.Sum();
        var left = (long)Math.Ceiling(total * share);
        for (var index = 0; total > 0 && index < latency.Length; index++)
        {
            left -= latency[index];
            if (left <= 0)
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>How many requests were slower than a bucket.</summary>
    public long SlowerThan(int bucket)
    {
        var count = 0L;
        for (var index = bucket + 1; index < latency.Length; index++)
        {
            count += latency[index];
        }

        return count;
    }
}
