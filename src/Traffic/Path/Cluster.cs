using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>A service's endpoints in one table.</summary>
internal sealed class Cluster(string service, Endpoint[] endpoints, TrafficSpec traffic, Criticality criticality, Turn turn)
{
    public string Service { get; } = service;

    public Criticality Criticality { get; } = criticality;

    public Endpoint[] Endpoints { get; } = endpoints;

    public Balance Balance { get; } = traffic.Balance;

    /// <summary>Whose turn it is in round robin; shared by all tables, so that a new table does not begin anew.</summary>
    public Turn Turn { get; } = turn;
}

/// <summary>A counter that outlives tables.</summary>
internal sealed class Turn
{
    private int next = -1;

    public uint Next() => (uint)Interlocked.Increment(ref next);
}

/// <summary>Where a matched request goes, and under which terms: a route, or a mesh listener's only target.</summary>
internal sealed class RouteTarget(string? route, Cluster cluster, long timeoutMs, int attempts, ulong retryStatuses, Series[] series)
{
    public string? Route { get; } = route;

    public Cluster Cluster { get; } = cluster;

    public long TimeoutMs { get; } = timeoutMs;

    public int Attempts { get; } = attempts;

    /// <summary>What a request passes before it is forwarded, in this order.</summary>
    public Gate[] Gates { get; init; } = [];

    /// <summary>How interventions and notices name it: <c>route/NAME</c> or <c>need/CALLER.CALLEE</c>.</summary>
    public string About { get; init; } = "";

    /// <summary>One per endpoint, and at the end one for requests that reached none.</summary>
    public Series[] Series { get; } = series;

    /// <summary>True when a response of this status to a safe method is tried elsewhere.</summary>
    public bool RetriesOn(int status) => status is >= 500 and < 564 && (retryStatuses & (1UL << (status - 500))) != 0;
}
