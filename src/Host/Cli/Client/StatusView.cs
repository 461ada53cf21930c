using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Cli.Client;

/// <summary>How everything stands, as <c>GET /api/v1/status</c> gives it.</summary>
public sealed record StatusView
{
    public ArchitectureView? Architecture { get; init; }

    public IReadOnlyList<ServiceView> Services { get; init; } = [];

    public GatewayView? Gateway { get; init; }

    public IReadOnlyList<HostView> Hosts { get; init; } = [];

    /// <summary>What is wrong with who depends on whom.</summary>
    public IReadOnlyList<FindingView> Findings { get; init; } = [];

    /// <summary>How the cluster that keeps the store stands; null where there is none.</summary>
    public string? Cluster { get; init; }

    public ServiceView? Find(string service) => Services.FirstOrDefault(s => s.Name == service);
}

/// <summary>The architecture as a whole.</summary>
public sealed record ArchitectureView(string Title, string Environment, int Version, bool Running);

/// <summary>A service and its instances.</summary>
public sealed record ServiceView
{
    public required string Name { get; init; }

    public string? Version { get; init; }

    public Criticality Criticality { get; init; } = Criticality.Medium;

    public Lifecycle State { get; init; }

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public DateTimeOffset Since { get; init; }

    public int Wanted { get; init; }

    public int Ready { get; init; }

    /// <summary>False while the state still speaks of an earlier declaration, scale or restart than the last one asked for. True where the server does not say.</summary>
    public bool Settled { get; init; } = true;

    public IReadOnlyList<InstanceView> Instances { get; init; } = [];
}

/// <summary>One instance.</summary>
public sealed record InstanceView
{
    public required string Id { get; init; }

    public int Pid { get; init; }

    public string? Endpoint { get; init; }

    public string? Host { get; init; }

    public InstanceState State { get; init; }

    public string Reason { get; init; } = "";

    public string Message { get; init; } = "";

    public string? Version { get; init; }

    public int Restarts { get; init; }

    public DateTimeOffset? StartedAt { get; init; }
}

/// <summary>The gateway.</summary>
public sealed record GatewayView(string Listen, string State, long TableRevision);

/// <summary>A machine.</summary>
public sealed record HostView(string Name, HostState State, string Address);
