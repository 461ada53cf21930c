namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// Samples of one time on their way from a collector to the store. A series goes over with its first sample and by its number afterwards; a receiver that does not know
/// a number says so, and gets all of them again.
/// </summary>
public sealed record MetricBatch
{
    /// <summary>The most samples in one.</summary>
    public const int MostSamples = 100_000;

    /// <summary>Numbers mean something within it alone; a collector begins a new one with each start.</summary>
    public required long Epoch { get; init; }

    /// <summary>When, in milliseconds since the epoch of Unix.</summary>
    public required long AtMs { get; init; }

    /// <summary>Series that the receiver may not know.</summary>
    public IReadOnlyList<BatchSeries> Series { get; init; } = [];

    /// <summary>Pairs of a series' number and a value, flattened.</summary>
    public IReadOnlyList<double> Values { get; init; } = [];
}

/// <summary>A series and its number.</summary>
/// <param name="Id">Within the batch's epoch.</param>
/// <param name="Labels">Names and values in turn.</param>
public sealed record BatchSeries(int Id, string Name, string Unit, MetricKind Kind, IReadOnlyList<string> Labels)
{
    public static BatchSeries Of(int id, MetricSeries series) =>
        new(id, series.Name, series.Unit, series.Kind, [.. series.Labels.SelectMany(l => (string[])[l.Name, l.Value])]);

    /// <summary>Null where it is none.</summary>
    public MetricSeries? ToSeries()
    {
        if (Name is null || Unit is null || Labels is null || Labels.Count % 2 != 0 || Labels.Count > 2 * MetricSeries.MostLabels || Labels.Contains(null!))
        {
            return null;
        }

        var labels = new (string, string)[Labels.Count / 2];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = (Labels[2 * i], Labels[(2 * i) + 1]);
        }

        var series = new MetricSeries(Name, Unit, Kind, labels);
        return series.Refusal() is null ? series : null;
    }
}

/// <summary>What became of a batch.</summary>
/// <param name="Again">It names series by numbers that are not known: nothing was taken, and it is to come again with all of them.</param>
public sealed record BatchResult(bool Again);
