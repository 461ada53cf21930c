using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A service's endpoints in one table.</summary>
internal sealed class Cluster(string service, Endpoint[] endpoints, TrafficSpec traffic, Criticality criticality, Turn turn)
{
    public string Service { get; } = service;

    /// <summary>The same service with some of its endpoints.</summary>
    public Cluster Of(Endpoint[] some)
    {
        var near = some.Count(endpoint => Array.IndexOf(Endpoints, endpoint) < Near);
        return new(Service, some, Traffic, Criticality, Turn) { Watch = Watch, Sticky = Sticky?.Of(some), Zone = Zone, Near = near == some.Length ? 0 : near, OnDemand = OnDemand, Awaited = Awaited };
    }

    public Criticality Criticality { get; } = criticality;

    /// <summary>How requests reach it, whoever sends them.</summary>
    public TrafficSpec Traffic { get; } = traffic;

    public Endpoint[] Endpoints { get; } = endpoints;

    /// <summary>What picks are made by, one per endpoint.</summary>
    public Load[] Loads { get; } = [.. endpoints.Select(endpoint => endpoint.Load)];

    /// <summary>Which part of a request decides, where that is so.</summary>
    public RequestKey? Key { get; } = traffic.Balance == Balance.Hash ? new RequestKey(traffic.Hash) : null;

    /// <summary>How long a new endpoint's share rises; 0 for no slow start.</summary>
    public long SlowStartMs { get; } = (long)(traffic.SlowStart?.TotalMilliseconds ?? 0);

    /// <summary>Where it has no endpoint, requests wait until it is started.</summary>
    public bool OnDemand { get; init; }

    /// <summary>True while its instances are replaced by others that can only start when they have ended: where it has no endpoint, requests wait. Null where they are never replaced like that.</summary>
    public bool? Awaited { get; init; }

    /// <summary>Looks after outliers, where that is wanted.</summary>
    public OutlierWatch? Watch { get; init; }

    /// <summary>How much stays in the gateway's zone, where that is preferred and endpoints are in it and outside of it.</summary>
    public ZoneWatch? Zone { get; init; }

    /// <summary>So many of the endpoints, the first ones, are in the gateway's zone; 0 where that makes no difference.</summary>
    public int Near { get; init; }

    /// <summary>Keeps clients where they were, where that is wanted.</summary>
    public Sticky? Sticky { get; init; }

    /// <summary>It answers a request that comes again with the same Idempotency-Key as it did before.</summary>
    public bool HonoursKeys { get; } = traffic.IdempotencyKeys;

    /// <summary>It can be connected to, and is no outlier, or so many are that this says nothing.</summary>
    public bool CanTake(int index, long nowMs) => !Loads[index].IsAlone(nowMs) && (!Loads[index].IsEjected(nowMs) || Watch is { Outliers.IsPanic: true });

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
internal sealed class RouteTarget(string? route, Cluster cluster, long timeoutMs, RetryTerms retry, Series[] series)
{
    public string? Route { get; } = route;

    public Cluster Cluster { get; private set; } = cluster;

    public long TimeoutMs { get; } = timeoutMs;

    public RetryTerms Retry { get; private set; } = retry;

    /// <summary>What a request passes before it is forwarded, in this order.</summary>
    public Gate[] Gates { get; init; } = [];

    /// <summary>How its requests get their level.</summary>
    public LevelTerms Level { get; init; } = LevelTerms.None;

    /// <summary>How interventions and notices name it: <c>route/NAME</c> or <c>need/CALLER.CALLEE</c>.</summary>
    public string About { get; init; } = "";

    /// <summary>When slow reads are asked for again; null for never.</summary>
    public HedgePolicy? Hedge { get; init; }

    /// <summary>The breakers of the instances, where each has its own.</summary>
    public InstanceBreakers? Instances
    {
        get => field;
        init
        {
            field = value;
            Breakers = value?.For(Cluster) ?? [];
        }
    }

    /// <summary>One per endpoint; empty where instances have none of their own.</summary>
    public BreakerPart[] Breakers { get; private set; } = [];

    /// <summary>The breaker of the whole; null where there is none, or each instance or header's value has its own.</summary>
    public BreakerPart? Breaker { get; init; }

    /// <summary>How its breaker stands, or the best of its instances', and how far that is from letting all pass.</summary>
    public (BreakerState State, long LeftMs) BreakerStanding(long nowMs)
    {
        if (Breaker is { } only) return (only.Breaker.State, only.Breaker.TrickleLeftMs(nowMs));
        (BreakerState State, long LeftMs) best = (Breakers.Length == 0 ? BreakerState.Closed : BreakerState.Open, 0);
        foreach (var one in Breakers)
        {
            if (one.Breaker.State == BreakerState.Closed) return (BreakerState.Closed, 0);
            if (one.Breaker.State == BreakerState.Trickle) best = (BreakerState.Trickle, one.Breaker.TrickleLeftMs(nowMs));
        }
        return best;
    }

    /// <summary>Where its requests wait for the service's recovery; null where they do not.</summary>
    public ParkRoom? Park { get; init; }

    /// <summary>What answers where the cluster does not.</summary>
    public Fallback? Fallback { get; set; }

    /// <summary>One per endpoint, and at the end one for requests that reached none.</summary>
    public Series[] Series { get; private set; } = series;

    /// <summary>What changes about messages on their way; null where nothing does.</summary>
    public Edits? Edits { get; init; }

    /// <summary>How long a response's body may stand still; 0 for the path's own limit.</summary>
    public long IdleMs { get; init; }

    /// <summary>The other side of the release whose side this is, for requests that may go there where nobody can be reached here; null where they may not.</summary>
    public RouteTarget? Across { get; set; }

    /// <summary>Which part of a split it is; empty for the whole. What is kept of one part is not given for another.</summary>
    public byte[] PartKey { get; set; } = [];

    /// <summary>The same with other endpoints, and what their service allows to repeat: other terms, gates and what they remember are shared.</summary>
    public RouteTarget With(Cluster other, Series[] theirs, RetryTerms repeats)
    {
        var changed = (RouteTarget)MemberwiseClone();
        (changed.Cluster, changed.Series, changed.Retry, changed.Breakers) = (other, theirs, repeats, Instances?.For(other) ?? []);
        return changed;
    }
}
