namespace Mainstay.Observe.Sampling;

/// <summary>How traces are chosen for keeping.</summary>
public sealed record SamplingOptions
{
    /// <summary>How long after its first span a trace is decided. Default 10 s.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Spans kept in a second, on average over ten. Below it all are kept. Default 1,000.</summary>
    public double SpansPerSecond { get; init; } = 1000;

    /// <summary>The share of that which failed, slow and rare traces may take from the others, 0 to 1. Default 0.7. What one side does not need the other has.</summary>
    public double NotableShare { get; init; } = 0.7;

    /// <summary>The most traces that wait; beyond it the oldest is decided early. Default 200,000.</summary>
    public int MostWaiting { get; init; } = 200_000;

    /// <summary>The most decisions that are remembered, for spans that come late. Default 500,000.</summary>
    public int MostDecided { get; init; } = 500_000;
}

/// <summary>Why a trace was kept, or that it was not.</summary>
public enum SampleReason : byte
{
    /// <summary>A span failed.</summary>
    Error,

    /// <summary>A span took longer than the 99th percentile of its operation, and clearly longer than usual.</summary>
    Slow,

    /// <summary>A span's operation was hardly seen in the last minutes.</summary>
    Rare,

    /// <summary>Chosen by its id among those of its operation.</summary>
    Fair,

    /// <summary>Not chosen.</summary>
    Dropped,

    /// <summary>It would have been kept, but the budget was used up.</summary>
    OverBudget,
}

/// <summary>What was decided, by reason.</summary>
/// <param name="Waiting">Traces not yet decided.</param>
/// <param name="Hurried">Traces decided before their time, because too many waited.</param>
/// <param name="Late">Spans that came after their trace was decided; they followed it.</param>
public readonly record struct SamplingFigures(
    long Errors, long Slow, long Rare, long Fair, long Dropped, long OverBudget, long KeptSpans, long DroppedSpans, int Waiting, long Hurried, long Late);
