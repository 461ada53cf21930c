using Mainstay.Observe.Ingest;
using Mainstay.Observe.Join;
using Mainstay.Observe.Query;

namespace Mainstay.Observe.Correlate;

/// <summary>What is known at one time of what is usual, so that somebody else can go on from it.</summary>
public sealed record ObservedPast
{
    /// <summary>The last hour, and what is usual beyond it.</summary>
    public FigureHistory Figures { get; init; } = new();

    /// <summary>Who called whom within the hour.</summary>
    public IReadOnlyCollection<EdgeKey> Edges { get; init; } = [];

    /// <summary>Every call on the map, also those that traces alone tell of, over the last ten seconds.</summary>
    public IReadOnlyDictionary<EdgeKey, EdgeFigures> Calls { get; init; } = new Dictionary<EdgeKey, EdgeFigures>();

    /// <summary>What the nodes are that traces have shown.</summary>
    public IReadOnlyDictionary<string, PeerKind> Kinds { get; init; } = new Dictionary<string, PeerKind>();

    /// <summary>How probed servers stand.</summary>
    public IReadOnlyList<MiddlewareFigures> Middleware { get; init; } = [];

    /// <summary>The changes that are remembered, the oldest first.</summary>
    public IReadOnlyList<SeenChange> Changes { get; init; } = [];

    /// <summary>What was counted for objectives, by name.</summary>
    public IReadOnlyDictionary<string, ObjectiveRecord> Objectives { get; init; } = new Dictionary<string, ObjectiveRecord>();
}
