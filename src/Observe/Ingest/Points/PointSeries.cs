using System.Globalization;
using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Ingest.Points;

/// <summary>The series that the points of one identity become, and what their deltas have added up to.</summary>
sealed class PointSeries
{
    readonly string name;
    readonly string unit;
    readonly PointType type;
    readonly bool isDelta;
    readonly (string Name, string Value)[] labels;
    readonly BucketGrid? grid;
    readonly MetricSeries? single;
    readonly MetricSeries? sumSeries;
    readonly MetricSeries? countSeries;

    // Of a histogram its bounds, of a summary its quantiles, of an exponential histogram what the grid had.
    double[] bounds = [];
    MetricSeries[] parts = [];
    double[] totals = [];
    int low;
    double below;
    double writtenBelow;
    double total;
    double sum;
    double count;
    double writtenCount;
    long lastMs = long.MinValue;

    public PointSeries(in PointView point, IReadOnlyList<(string Name, string Value)> resource, Func<string, BucketGrid> grids)
    {
        (name, unit, type) = (Encoding.UTF8.GetString(point.Name), Encoding.UTF8.GetString(point.Unit), point.Type);
        isDelta = point.Temporality == Temporality.Delta && type is PointType.Sum or PointType.Histogram or PointType.ExponentialHistogram;
        var all = new List<(string, string)>(resource);
        for (var i = 0; i < point.Attributes.Count; i++)
        {
            var one = point.Attributes[i];
            all.Add((Encoding.UTF8.GetString(one.Key), one.ToString()));
        }

        labels = [.. all];
        if (IsDistribution)
        {
            sumSeries = new(name + "_sum", unit, MetricKind.Counter, labels);
            countSeries = new(name + "_count", unit, MetricKind.Counter, labels);
            grid = type == PointType.ExponentialHistogram ? grids(name) : null;
        }
        else
        {
            single = new(name, unit, KindOf(point), labels);
        }
    }

    bool IsDistribution => type is PointType.Histogram or PointType.ExponentialHistogram or PointType.Summary;

    /// <summary>The series in which a value counts: of a histogram the bucket.</summary>
    public MetricSeries Of(double value)
    {
        for (var i = 0; type is PointType.Histogram or PointType.ExponentialHistogram && i < parts.Length; i++)
        {
            if (i == parts.Length - 1 || value <= bounds[i])
            {
                return parts[i];
            }
        }

        return single ?? countSeries!;
    }

    /// <summary>Adds the samples of a point.</summary>
    public void Take(in PointView point, long atMs, List<MetricSample> into)
    {
        // A delta that comes twice must count once.
        if (atMs <= lastMs)
        {
            return;
        }

        if (point.IsStale)
        {
            into.AddRange(((MetricSeries?[])[single, sumSeries, countSeries, .. parts]).OfType<MetricSeries>().Select(s => new MetricSample(s, Stale.Mark, atMs)));
        }
        else if (single is not null)
        {
            total = isDelta ? total + point.Value : point.Value;
            into.Add(new(single, total, atMs));
        }
        else
        {
            (sum, count) = isDelta ? (sum + (point.Sum ?? 0), count + point.Count) : (point.Sum ?? 0, point.Count);
            switch (type)
            {
                case PointType.Histogram:
                    Buckets(point, atMs, into);
                    break;
                case PointType.Summary:
                    Quantiles(point, atMs, into);
                    break;
                default:
                    Exponential(point, atMs, into);
                    break;
            }

            if (point.Sum is not null)
            {
                into.Add(new(sumSeries!, sum, atMs));
            }

            into.Add(new(countSeries!, count, atMs));
            writtenCount = count;
        }

        lastMs = atMs;
    }

    /// <summary>A bound or quantile as a label has it.</summary>
    public static string Shown(double bound) => double.IsPositiveInfinity(bound) ? "+Inf"
        : Math.Abs(bound) is >= 1e-5 and < 1e15 or 0 ? bound.ToString("R", CultureInfo.InvariantCulture)
        : bound.ToString("0.####E+0", CultureInfo.InvariantCulture).Replace('E', 'e');

    // A format without types tells a counter by its name.
    static MetricKind KindOf(in PointView point) => point.Type switch
    {
        PointType.Sum => point.IsMonotonic ? MetricKind.Counter : MetricKind.Gauge,
        PointType.Unknown => point.Name.EndsWith("_total"u8) || point.Name.EndsWith("_bucket"u8) || point.Name.EndsWith("_count"u8) || point.Name.EndsWith("_sum"u8)
            ? MetricKind.Counter : MetricKind.Gauge,
        _ => MetricKind.Gauge,
    };

    void Buckets(in PointView point, long atMs, List<MetricSample> into)
    {
        var counts = point.Counts;
        if (!point.Bounds.SequenceEqual(bounds.AsSpan(0, Math.Max(0, bounds.Length - 1))) || parts.Length == 0)
        {
            bounds = [.. point.Bounds, double.PositiveInfinity];
            parts = [.. bounds.Select(Bucket)];
            totals = new double[bounds.Length];
        }

        double cumulative = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var own = i < counts.Length ? counts[i] : 0;
            totals[i] = isDelta ? totals[i] + own : own;
            cumulative += totals[i];
            into.Add(new(parts[i], i == parts.Length - 1 ? count : cumulative, atMs));
        }
    }

    void Quantiles(in PointView point, long atMs, List<MetricSample> into)
    {
        var pairs = point.Bounds;
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            if (i / 2 >= parts.Length || bounds[i / 2] != pairs[i])
            {
                bounds = [.. bounds.Take(i / 2), pairs[i]];
                parts = [.. parts.Take(i / 2), new(name, unit, MetricKind.Gauge, [.. labels, ("quantile", Shown(pairs[i]))])];
            }

            into.Add(new(parts[i / 2], pairs[i + 1], atMs));
        }
    }

    void Exponential(in PointView point, long atMs, List<MetricSample> into)
    {
        for (var i = 0; i < point.Counts.Length; i++)
        {
            if (point.Counts[i] > 0)
            {
                grid!.Cover(BucketGrid.StepOf(point.PositiveOffset + i, point.Scale));
            }
        }

        Fit(into);
        if (!isDelta)
        {
            below = 0;
            Array.Clear(totals);
        }

        below += point.ZeroCount;
        foreach (var negative in point.NegativeCounts)
        {
            below += negative;
        }

        for (var i = 0; i < point.Counts.Length; i++)
        {
            if (point.Counts[i] > 0)
            {
                totals[Math.Max(0, BucketGrid.StepOf(point.PositiveOffset + i, point.Scale) - low)] += point.Counts[i];
            }
        }

        var cumulative = below;
        for (var i = 0; i < parts.Length; i++)
        {
            cumulative += i < totals.Length ? totals[i] : 0;
            into.Add(new(parts[i], i == parts.Length - 1 ? count : cumulative, atMs));
        }

        writtenBelow = below;
    }

    // Bounds that are new begin with what they had at the last point, so that growth is seen from there on.
    void Fit(List<MetricSample> into)
    {
        if (parts.Length == grid!.Count + 1 && (grid.IsEmpty || low == grid.Low))
        {
            return;
        }

        var (oldLow, oldTotals) = (low, totals);
        low = grid.Low;
        bounds = [.. Enumerable.Range(grid.Low, grid.Count).Select(BucketGrid.Bound), double.PositiveInfinity];
        parts = [.. bounds.Select(Bucket)];
        totals = new double[grid.Count];
        for (var i = 0; i < oldTotals.Length; i++)
        {
            totals[Math.Max(0, oldLow + i - low)] += oldTotals[i];
        }

        for (var i = 0; i < grid.Count && lastMs > long.MinValue; i++)
        {
            var before = low + i - oldLow;
            if (before < 0 || before >= oldTotals.Length)
            {
                into.Add(new(parts[i], oldTotals.Length == 0 || before < 0 ? writtenBelow : writtenCount, lastMs));
            }
        }
    }

    MetricSeries Bucket(double bound) => new(name + "_bucket", unit, MetricKind.Counter, [.. labels, ("le", Shown(bound))]);
}
