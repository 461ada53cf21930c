using Mainstay.Core.Kinds;

namespace Mainstay.Observe.Query;

/// <summary>The live map: what there is, how it stands, and what flows between.</summary>
/// <param name="Revision">The store's revision that the nodes reflect.</param>
/// <param name="At">When it was made.</param>
public sealed record MapView(long Revision, DateTimeOffset At, IReadOnlyList<MapNode> Nodes, IReadOnlyList<MapEdge> Edges)
{
    /// <summary>The id of the gateway's node.</summary>
    public const string Gateway = "gateway";

    /// <summary>What is wrong with who depends on whom, looked for every 5 s.</summary>
    public IReadOnlyList<Correlate.MapFinding> Findings { get; init; } = [];
}

/// <summary>A service, or the gateway.</summary>
/// <param name="Id">The service's name, or <see cref="MapView.Gateway"/>.</param>
/// <param name="Kind"><c>gateway</c> or <c>service</c>.</param>
/// <param name="Title">For people.</param>
/// <param name="State">The lifecycle's word: <c>provision</c>, <c>ready</c>, <c>run</c>, <c>update</c>, <c>rollback</c>, <c>scale</c>, <c>destroy</c>, <c>failed</c>.</param>
/// <param name="Version">The version that serves; null before any did.</param>
/// <param name="Hosts">The hosts of its instances.</param>
public sealed record MapNode(
    string Id,
    string Kind,
    string Title,
    Criticality Criticality,
    Core.Kinds.Schedule.Lifecycle State,
    string Reason,
    string Message,
    int Ready,
    int Wanted,
    string? Version,
    IReadOnlyList<string> Hosts,
    IReadOnlyList<MapInstance> Instances)
{
    /// <summary>How much it matters through what cannot do without it; null where that is no more than for itself.</summary>
    public Criticality? Inherited { get; init; }
}

/// <summary>An instance of a node.</summary>
/// <param name="RequestsPerSecond">0 where it answered nothing within the window.</param>
public sealed record MapInstance(
    string Id, Core.Kinds.Schedule.InstanceState State, string Host, double RequestsPerSecond, double ErrorRatio, double P99Ms, double MeanMs = 0);

/// <summary>An edge from caller to callee. All figures are over the last ten seconds, and 0 where nothing flowed.</summary>
/// <param name="Declared">True for a need or a route; false for what only flows.</param>
public sealed record MapEdge(string From, string To, double RequestsPerSecond, double ErrorRatio, double P50Ms, double P99Ms, bool Declared, double MeanMs = 0);

/// <summary>How the gateway stands, as its processes report.</summary>
/// <param name="State">Run while one reports and all its listeners are open; failed where one cannot be opened or none reports any more; provision before the first.</param>
/// <param name="Ready">Processes that report.</param>
public sealed record GatewayStanding(Core.Kinds.Schedule.Lifecycle State, string Reason, string Message, long TableRevision, int Ready);
