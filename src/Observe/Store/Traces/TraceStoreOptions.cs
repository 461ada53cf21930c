using Mainstay.Observe.Sampling;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>The bounds of the trace store.</summary>
public sealed record TraceStoreOptions
{
    /// <summary>Memory for the newest spans, all of them. Default 128 MiB, taken as it is needed.</summary>
    public long WindowBytes { get; init; } = 128L << 20;

    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>How long chosen traces are kept. Default seven days, at most 4 GiB.</summary>
    public Retention Keep { get; init; } = new(TimeSpan.FromDays(7), 4L << 30);

    /// <summary>So many chosen spans are sealed in one block. Default 65,536.</summary>
    public int SealSpans { get; init; } = 1 << 16;

    /// <summary>Chosen spans are sealed when they take so much, unpacked. Default 48 MiB.</summary>
    public long SealBytes { get; init; } = 48L << 20;

    /// <summary>Chosen spans are sealed at the latest so long after the first of them. Default ten minutes.</summary>
    public TimeSpan SealAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most bytes on disk of spans that are not yet decided; beyond it they are decided early, and beyond twice as much not written. Default 1 GiB.</summary>
    public long MostUndecidedBytes { get; init; } = 1L << 30;
}
