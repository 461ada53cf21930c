namespace Mainstay.Host.Rehearse;

/// <summary>What is to be rehearsed, as it is asked for.</summary>
public sealed record RehearsalAsk
{
    /// <summary>What happens: <c>host-down</c>, <c>instance-down</c>, <c>service-down</c>, <c>release</c> or <c>traffic</c>.</summary>
    public required string What { get; init; }

    /// <summary>To which hosts, instances or services; for a release the one service. None for traffic. At most 1000.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Release: the new version, as semantic version.</summary>
    public string? Version { get; init; }

    /// <summary>Release: the share of the new version's requests that fail. Default: as many as now.</summary>
    public string? ErrorRate { get; init; }

    /// <summary>Release: how many times as long the new version takes, as <c>x2</c>. Default x1; x0.1 to x100.</summary>
    public string? Slow { get; init; }

    /// <summary>Release: how many requests to assume, as <c>50/s</c>. Default: as many as now.</summary>
    public string? Rate { get; init; }

    /// <summary>Traffic: how many times as many requests as now, as <c>x10</c>. x0 to x1000.</summary>
    public string? Factor { get; init; }

    /// <summary>How long. Default 5m; 1s to 1h.</summary>
    public string? For { get; init; }

    /// <summary>What the dice of simulated requests and start times begin with; the same seed over the same state is the same rehearsal. Default 1.</summary>
    public int Seed { get; init; } = 1;
}
