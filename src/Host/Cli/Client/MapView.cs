namespace Mainstay.Host.Cli.Client;

/// <summary>The live dependency map, as <c>GET /api/v1/map</c> gives it.</summary>
public sealed record MapView
{
    public DateTimeOffset At { get; init; }

    public IReadOnlyList<MapNode> Nodes { get; init; } = [];

    public IReadOnlyList<MapEdge> Edges { get; init; } = [];

    public IReadOnlyList<FindingView> Findings { get; init; } = [];
}

/// <summary>A part of the system.</summary>
public sealed record MapNode
{
    public required string Id { get; init; }

    /// <summary><c>gateway</c>, <c>service</c> or <c>external</c>.</summary>
    public string Kind { get; init; } = "service";

    public string? Criticality { get; init; }

    /// <summary>How much it matters through what cannot do without it, where that is more.</summary>
    public string? Inherited { get; init; }

    public string State { get; init; } = "";

    public string Reason { get; init; } = "";

    public int? Ready { get; init; }

    public int? Wanted { get; init; }
}

/// <summary>Calls from one part to another, over the last seconds.</summary>
public sealed record MapEdge
{
    public required string From { get; init; }

    public required string To { get; init; }

    public double RequestsPerSecond { get; init; }

    /// <summary>0 to 1.</summary>
    public double ErrorRatio { get; init; }

    public double? P50Ms { get; init; }

    public double? P99Ms { get; init; }
}
