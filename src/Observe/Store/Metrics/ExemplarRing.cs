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
