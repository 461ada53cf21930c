namespace Mainstay.Observe.Store.Metrics;

/// <summary>
/// Keeps samples for a while and finds them again. Effects:
/// <list type="number">
/// <item>What was added is found by the next <see cref="Read"/>.</item>
/// <item>Samples of a series are in order of time; one that is not newer than its series' last is dropped and counted.</item>
/// <item>Memory is bounded: what exceeds the limits is dropped, the oldest first, and counted.</item>
/// </list>
/// </summary>
public interface IMetricStore : IMetricSink
{
    /// <summary>The series that match, each with its samples of a span of time; series without any in it are left out. In no particular order.</summary>
    /// <param name="selector">Which series.</param>
    /// <param name="fromMs">The first time, inclusive.</param>
    /// <param name="toMs">The last time, inclusive.</param>
    IReadOnlyList<SeriesSamples> Read(MetricSelector selector, long fromMs, long toMs);

    /// <summary>As above, by any condition.</summary>
    /// <param name="name">The name of the series, or the one that Prometheus would give them; null for any.</param>
    /// <param name="matches">What else must hold. Not called twice for one series.</param>
    /// <param name="fromMs">The first time, inclusive.</param>
    /// <param name="toMs">The last time, inclusive.</param>
    IReadOnlyList<SeriesSamples> Read(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs);

    /// <summary>The series that have samples within a span of time, or have had them near it. In no particular order.</summary>
    IReadOnlyList<MetricSeries> Series(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs);

    /// <summary>How it stands.</summary>
    MetricStoreFigures Figures();
}

/// <summary>A series with samples in order of time.</summary>
public sealed record SeriesSamples(MetricSeries Series, IReadOnlyList<MetricPoint> Points);

/// <summary>A value and when it was, in milliseconds since the epoch.</summary>
public readonly record struct MetricPoint(long AtMs, double Value);

/// <summary>How a store stands.</summary>
/// <param name="Series">How many it holds.</param>
/// <param name="Samples">How many it holds.</param>
/// <param name="Bytes">What they take, roughly.</param>
/// <param name="Taken">Samples taken since its start.</param>
/// <param name="Refused">Samples dropped on the way in: too many series, out of order, or a series that cannot be stored.</param>
/// <param name="Evicted">Samples dropped before their time because memory was short.</param>
public readonly record struct MetricStoreFigures(int Series, long Samples, long Bytes, long Taken, long Refused, long Evicted);
