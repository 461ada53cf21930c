using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Views;

/// <summary>How everything stands.</summary>
/// <param name="Architecture">Null before the first apply.</param>
/// <param name="Gateway">Null where none is declared.</param>
public sealed record StatusView(
    ArchitectureStatus? Architecture, IReadOnlyList<ServiceStatusView> Services, GatewayStatus? Gateway, IReadOnlyList<HostStatus> Hosts)
{
    /// <summary>What is wrong with who depends on whom, looked for every 5 s.</summary>
    public IReadOnlyList<Mainstay.Observe.Correlate.MapFinding> Findings { get; init; } = [];

    /// <summary>How the cluster that keeps the store stands, in a sentence; null where there is none.</summary>
    public string? Cluster { get; init; }
}

/// <summary>The architecture as a whole.</summary>
public sealed record ArchitectureStatus(string Title, string Environment, int Version, bool Running);

/// <summary>A service and its instances.</summary>
/// <param name="Since">When it entered its state.</param>
/// <param name="Settled">False while all of this still describes an earlier declaration, scale or restart than the last one asked for.</param>
public sealed record ServiceStatusView(
    string Name,
    string? Version,
    Criticality Criticality,
    Lifecycle State,
    string Reason,
    string Message,
    DateTimeOffset Since,
    int Wanted,
    int Ready,
    bool Settled,
    IReadOnlyList<InstanceStatusView> Instances);

/// <summary>An instance.</summary>
/// <param name="Pid">0 while no process runs.</param>
/// <param name="Endpoint"><c>host:port</c>; empty before its first start.</param>
public sealed record InstanceStatusView(
    string Id,
    int Pid,
    string Endpoint,
    string Host,
    InstanceState State,
    string Reason,
    string Message,
    string Version,
    int Restarts,
    DateTimeOffset? StartedAt);

/// <summary>The front door.</summary>
/// <param name="State">As a service's: run, provision or failed.</param>
/// <param name="TableRevision">The revision that every gateway serves at least.</param>
public sealed record GatewayStatus(string Listen, Lifecycle State, string Reason, string Message, long TableRevision);

/// <summary>A machine.</summary>
public sealed record HostStatus(string Name, HostState State, string Address);
