using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>One measurement that stands for others, with the trace it was part of.</summary>
/// <param name="Series">In which it counts: of a histogram the bucket.</param>
/// <param name="AtMs">When, in milliseconds since the epoch.</param>
public readonly record struct StoredExemplar(MetricSeries Series, double Value, long AtMs, TraceId Trace, ulong Span);

/// <summary>The newest exemplars, in memory; the oldest make room. Safe for any number of callers.</summary>
/// <param name="most">How many. Default 20,000, about 2 MB.</param>
public sealed class ExemplarRing(int most = 20_000)
{
    readonly Lock gate = new();
    readonly StoredExemplar[] ring = new StoredExemplar[most];
    long added;

    /// <summary>How many came since the start.</summary>
    public long Added => Volatile.Read(ref added);

    /// <summary>How many it holds.</summary>
    public int Most => most;

    /// <summary>Those that came since <paramref name="number"/> of all, and are still there; moves it on to now.</summary>
    public IReadOnlyList<StoredExemplar> Since(ref long number)
    {
        if (Volatile.Read(ref added) == number)
        {
            return [];
        }

        lock (gate)
        {
            var found = new List<StoredExemplar>();
            for (var i = Math.Max(number, added - most); i < added; i++)
            {
                found.Add(ring[i % most]);
            }

            number = added;
            return found;
        }
    }

    public void Add(in StoredExemplar exemplar)
    {
        lock (gate)
        {
            ring[added++ % most] = exemplar;
        }
    }

    /// <summary>Those of matching series within a span of time, in order of their coming.</summary>
    public IReadOnlyList<StoredExemplar> Find(Func<MetricSeries, bool> matches, long fromMs, long toMs, int limit)
    {
        var found = new List<StoredExemplar>();
        lock (gate)
        {
            for (var i = Math.Max(0, added - most); i < added && found.Count < limit; i++)
            {
                ref readonly var one = ref ring[i % most];
                if (one.AtMs >= fromMs && one.AtMs <= toMs && matches(one.Series))
                {
                    found.Add(one);
                }
            }
        }

        return found;
    }
}
