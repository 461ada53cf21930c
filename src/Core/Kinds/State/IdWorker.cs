namespace Mainstay.Core.Kinds.State;

/// <summary>
/// A worker that makes ids: who has it, and for which span of time. Spans of one worker never overlap, which is what makes ids unique; the record is kept after its end for that.
/// Its name is its number, 0 to 1023.
/// </summary>
public sealed record IdWorker : Resource
{
    public required int Number { get; init; }

    /// <summary>Who makes ids with it, for people.</summary>
    public required string Holder { get; init; }

    /// <summary>Which lease of this worker it is; grows with each.</summary>
    public required int Grant { get; init; }

    /// <summary>The first millisecond that ids of this lease may have, since the ids' epoch.</summary>
    public required long FromMs { get; init; }

    /// <summary>The first millisecond that they may not have any more.</summary>
    public required long UntilMs { get; init; }
}
