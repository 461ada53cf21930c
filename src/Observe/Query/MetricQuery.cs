using Mainstay.Core.Kinds;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query;

/// <summary>
/// A question to the metrics store: a selector, or <c>rate(SELECTOR)</c> or <c>rate(SELECTOR[30s])</c>, the growth of counters per second. Evaluated at one time or at steps of a span.
/// </summary>
public sealed class MetricQuery
{
    /// <summary>A value is looked for so far back; a series silent for longer has none.</summary>
    public static readonly TimeSpan Lookback = TimeSpan.FromSeconds(30);

    /// <summary>The span that a rate is taken over where none is given.</summary>
    public static readonly TimeSpan DefaultRange = TimeSpan.FromSeconds(15);

    /// <summary>The longest span of a rate.</summary>
    public static readonly TimeSpan MostRange = TimeSpan.FromHours(1);

    /// <summary>The most steps of one answer.</summary>
    public const int MostSteps = 11_000;

    /// <summary>The most series of one answer.</summary>
    public const int MostSeries = 10_000;

    /// <summary>The most values of one answer.</summary>
    public const int MostValues = 500_000;

    readonly long rangeMs;

    MetricQuery(MetricSelector selector, bool rate, TimeSpan range) => (Selector, IsRate, rangeMs) = (selector, rate, (long)range.TotalMilliseconds);

    public MetricSelector Selector { get; }

    /// <summary>Whether it asks for growth per second.</summary>
    public bool IsRate { get; }

    /// <summary>The last values of the series.</summary>
    public static MetricQuery Last(MetricSelector selector) => new(selector, false, DefaultRange);

    /// <summary>The growth per second of the series.</summary>
    public static MetricQuery Rate(MetricSelector selector, TimeSpan range) => new(selector, true, range);

    /// <summary>Reads a query.</summary>
    /// <returns>The query, or what is wrong with the text.</returns>
    public static (MetricQuery? Query, string Wrong) Parse(string text)
    {
        var (inner, range) = (text.Trim(), DefaultRange);
        var rate = inner.StartsWith("rate(", StringComparison.Ordinal) && inner.EndsWith(')');
        if (rate)
        {
            inner = inner[5..^1].Trim();
            if (inner.EndsWith(']') && inner.LastIndexOf('[') is > 0 and var open)
            {
                if (!Durations.TryParse(inner.AsSpan()[(open + 1)..^1], out range) || range <= TimeSpan.Zero || range > MostRange)
                {
                    return (null, $"'{inner[(open + 1)..^1]}' is not a span up to {Durations.Format(MostRange)}");
                }

                inner = inner[..open];
            }
        }

        return MetricSelector.TryParse(inner, out var selector, out var wrong) ? (new(selector, rate, range), "") : (null, wrong);
    }

    /// <summary>The last value, or the rate, of each series at one time.</summary>
    public IReadOnlyList<SeriesSamples> At(IMetricStore store, long atMs) => Over(store, atMs, atMs, 1000);

    /// <summary>The value, or the rate, of each series at each step; steps without one are left out. In order of the series.</summary>
    public IReadOnlyList<SeriesSamples> Over(IMetricStore store, long fromMs, long toMs, long stepMs)
    {
        var back = IsRate ? rangeMs : (long)Lookback.TotalMilliseconds;
        var result = new List<SeriesSamples>();
        foreach (var found in store.Read(Selector, fromMs - back, toMs))
        {
            var series = found.Points.All(p => double.IsFinite(p.Value)) ? found : found with { Points = [.. found.Points.Where(p => double.IsFinite(p.Value))] };
            var points = new List<MetricPoint>();
            var (first, next) = (0, 0);
            for (var at = fromMs; at <= toMs; at += stepMs)
            {
                while (next < series.Points.Count && series.Points[next].AtMs <= at)
                {
                    next++;
                }

                while (first < next && series.Points[first].AtMs < at - back)
                {
                    first++;
                }

                if (Value(series.Points, first, next) is { } value)
                {
                    points.Add(new(at, value));
                }
            }

            if (points.Count > 0)
            {
                result.Add(new(series.Series, points));
            }
        }

        result.Sort((a, b) => string.CompareOrdinal(a.Series.ToString(), b.Series.ToString()));
        return result;
    }

    double? Value(IReadOnlyList<MetricPoint> points, int first, int next)
    {
        if (!IsRate)
        {
            return next > first ? points[next - 1].Value : null;
        }

        if (next - first < 2 || points[next - 1].AtMs <= points[first].AtMs)
        {
            return null;
        }

        // A smaller value than before is a new beginning at zero.
        double grown = 0;
        for (var i = first + 1; i < next; i++)
        {
            grown += points[i].Value >= points[i - 1].Value ? points[i].Value - points[i - 1].Value : points[i].Value;
        }

        return grown * 1000 / (points[next - 1].AtMs - points[first].AtMs);
    }
}
