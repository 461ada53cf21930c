using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query;

/// <summary>What metrics say at one time, each asked once and summed up by the values of one label.</summary>
public sealed class Readings(IMetricStore store, string by, long atMs, TimeSpan range)
{
    readonly Dictionary<(string, bool), IReadOnlyList<SeriesSamples>> known = [];

    public Readings(IMetricStore store, string by, long atMs)
        : this(store, by, atMs, MetricQuery.DefaultRange)
    {
    }

    /// <summary>The sum of the last values whose <c>by</c> label is <paramref name="of"/>; null where there is none.</summary>
    public double? Last(string name, string of, params ReadOnlySpan<(string Label, string Value)> where) => Sum(Of(name, false), of, where);

    /// <summary>The sum of the growth per second; null where there is none.</summary>
    public double? Rate(string name, string of, params ReadOnlySpan<(string Label, string Value)> where) => Sum(Of(name, true), of, where);

    /// <summary>The series of a metric whose <c>by</c> label is <paramref name="of"/>.</summary>
    public IEnumerable<MetricSeries> Series(string name, string of) => Of(name, false).Where(s => s.Series.Label(by) == of).Select(s => s.Series);

    /// <summary>The values that the <c>by</c> label takes, in ordinal order, with a series of each.</summary>
    public IEnumerable<(string Value, MetricSeries Series)> All(string name) =>
        Of(name, false).GroupBy(s => s.Series.Label(by)).Where(g => g.Key.Length > 0).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (g.Key, g.MaxBy(s => s.Points[^1].AtMs)!.Series));

    IReadOnlyList<SeriesSamples> Of(string name, bool rate)
    {
        if (!known.TryGetValue((name, rate), out var found))
        {
            var selector = MetricSelector.Of(name);
            known[(name, rate)] = found = (rate ? MetricQuery.Rate(selector, range) : MetricQuery.Last(selector)).At(store, atMs);
        }

        return found;
    }

    double? Sum(IReadOnlyList<SeriesSamples> all, string of, ReadOnlySpan<(string Label, string Value)> where)
    {
        double? sum = null;
        foreach (var one in all)
        {
            if (one.Series.Label(by) == of && Holds(one.Series, where))
            {
                sum = (sum ?? 0) + one.Points[^1].Value;
            }
        }

        return sum;
    }

    static bool Holds(MetricSeries series, ReadOnlySpan<(string Label, string Value)> where)
    {
        foreach (var (label, value) in where)
        {
            if (series.Label(label) != value)
            {
                return false;
            }
        }

        return true;
    }
}
