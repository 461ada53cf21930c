namespace Mainstay.Observe.Ingest;

/// <summary>
/// The live figures of every edge and every instance over the last ten seconds. Memory is bounded: beyond the limits new edges and
/// instances are not taken in, and counted as dropped, until others have been silent for a whole window. Safe for any number of callers.
/// </summary>
/// <param name="time">Its clock.</param>
/// <param name="scale">The histograms' buckets.</param>
/// <param name="maxEdges">The most edges kept. Default 4096.</param>
/// <param name="maxInstances">The most instances kept. Default 16384.</param>
public sealed class EdgeStatistics(TimeProvider time, LatencyScale scale, int maxEdges = 4096, int maxInstances = 16384)
{
    readonly Lock gate = new();
    readonly Dictionary<EdgeKey, TrafficWindow> edges = [];
    readonly Dictionary<string, TrafficWindow> instances = new(StringComparer.Ordinal);
    readonly long[] scratch = new long[scale.Count];
    long dropped;
    long requests;

    /// <summary>The histograms' buckets.</summary>
    public LatencyScale Scale => scale;

    /// <summary>Samples that were not taken in, because there were too many edges or instances.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    /// <summary>Requests taken in since the start.</summary>
    public long Requests => Volatile.Read(ref requests);

    /// <summary>Takes a sample in.</summary>
    /// <param name="sample">What was counted.</param>
    /// <param name="at">When. What is older than the window only counts in the total; what claims to be from the future is from now.</param>
    public void Add(in EdgeSample sample, DateTimeOffset at)
    {
        var now = SecondOf(time.GetUtcNow());
        var second = Math.Min(SecondOf(at), now);
        lock (gate)
        {
            requests += sample.Requests;
            if (second <= now - TrafficWindow.Seconds)
            {
                return;
            }

            Add(edges, new EdgeKey(sample.From, sample.To), maxEdges, sample, second, now);
            if (sample.Instance is { } instance)
            {
                Add(instances, instance, maxInstances, sample, second, now);
            }
        }
    }

    /// <summary>The figures of every edge that had a request within the window.</summary>
    public IReadOnlyDictionary<EdgeKey, EdgeFigures> Edges()
    {
        lock (gate)
        {
            return Read(edges);
        }
    }

    /// <summary>The figures of every edge over the last seconds that all of their records are in of: quicker than <see cref="Edges"/>, and less sure.</summary>
    /// <param name="seconds">1 to 8.</param>
    public IReadOnlyDictionary<EdgeKey, EdgeFigures> Recent(int seconds)
    {
        lock (gate)
        {
            var last = SecondOf(time.GetUtcNow()) - 1;
            Forget(edges, last + 1);
            var read = new Dictionary<EdgeKey, EdgeFigures>(edges.Count);
            foreach (var (key, window) in edges)
            {
                if (window.Figures(last, seconds, scale, scratch) is { } figures)
                {
                    read.Add(key, figures);
                }
            }

            return read;
        }
    }

    /// <summary>The figures of every instance that answered within the window, by name.</summary>
    public IReadOnlyDictionary<string, EdgeFigures> Instances()
    {
        lock (gate)
        {
            return Read(instances);
        }
    }

    /// <summary>How the requests of an edge within the window spread over latencies.</summary>
    /// <param name="edge">Which edge; one without requests has only zeros.</param>
    /// <param name="boundsMs">Rising.</param>
    /// <returns>For each bound, how many took longer than the one before and at most this; at the end those that took longer than the last.</returns>
    public IReadOnlyList<long> Distribution(EdgeKey edge, IReadOnlyList<double> boundsMs)
    {
        var counts = new long[boundsMs.Count + 1];
        lock (gate)
        {
            if (edges.TryGetValue(edge, out var window) && window.Figures(SecondOf(time.GetUtcNow()), scale, scratch) is not null)
            {
                Spread(scratch, boundsMs, counts);
            }
        }

        return counts;
    }

    /// <summary>What every edge to a callee carried within the window, together; null where that is nothing.</summary>
    /// <param name="callee">The end of the edges.</param>
    /// <param name="boundsMs">As for <see cref="Distribution"/>.</param>
    /// <param name="latencies">As <see cref="Distribution"/> gives them.</param>
    public EdgeFigures? Into(string callee, IReadOnlyList<double> boundsMs, out IReadOnlyList<long> latencies)
    {
        var (all, counts) = (new long[scratch.Length], new long[boundsMs.Count + 1]);
        var (rate, failed) = (0.0, 0.0);
        lock (gate)
        {
            var now = SecondOf(time.GetUtcNow());
            foreach (var (key, window) in edges)
            {
                if (key.To != callee || window.Figures(now, scale, scratch) is not { } figures)
                {
                    continue;
                }

                rate += figures.RequestsPerSecond;
                failed += figures.RequestsPerSecond * figures.ErrorRatio;
                for (var bucket = 0; bucket < all.Length; bucket++)
                {
                    all[bucket] += scratch[bucket];
                }
            }
        }

        Spread(all, boundsMs, counts);
        latencies = counts;
        var timed = all.Sum();
        return rate == 0 ? null : new(rate, failed / rate, TrafficWindow.Quantile(all, timed, 0.50, scale), TrafficWindow.Quantile(all, timed, 0.99, scale), TrafficWindow.Mean(all, timed, scale));
    }

    void Spread(long[] buckets, IReadOnlyList<double> boundsMs, long[] counts)
    {
        var at = 0;
        for (var bucket = 0; bucket < buckets.Length; bucket++)
        {
            while (at < boundsMs.Count && scale.MiddleMs(bucket) > boundsMs[at])
            {
                at++;
            }

            counts[at] += buckets[bucket];
        }
    }

    Dictionary<T, EdgeFigures> Read<T>(Dictionary<T, TrafficWindow> windows)
        where T : notnull
    {
        var now = SecondOf(time.GetUtcNow());
        Forget(windows, now);
        var read = new Dictionary<T, EdgeFigures>(windows.Count, windows.Comparer);
        foreach (var (key, window) in windows)
        {
            if (window.Figures(now, scale, scratch) is { } figures)
            {
                read.Add(key, figures);
            }
        }

        return read;
    }

    void Add<T>(Dictionary<T, TrafficWindow> windows, T key, int most, in EdgeSample sample, long second, long now)
        where T : notnull
    {
        if (!windows.TryGetValue(key, out var window))
        {
            if (windows.Count >= most)
            {
                Forget(windows, now);
            }

            if (windows.Count >= most)
            {
                dropped++;
                return;
            }

            windows.Add(key, window = new TrafficWindow(second));
        }

        window.Add(sample, second, scale);
    }

    static void Forget<T>(Dictionary<T, TrafficWindow> windows, long now)
        where T : notnull
    {
        foreach (var (key, window) in windows)
        {
            if (window.Last <= now - TrafficWindow.Seconds)
            {
                windows.Remove(key);
            }
        }
    }

    static long SecondOf(DateTimeOffset at) => at.ToUnixTimeSeconds();
}
