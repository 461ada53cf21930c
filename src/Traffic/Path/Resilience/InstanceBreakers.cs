using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The breakers of one target's instances. Where requests are picked an instance stands aside while its breaker is open; only where all do, the request
/// is turned away. As many as there are instances in the table.
/// </summary>
internal sealed class InstanceBreakers(string about, BreakerSpec terms, Gateway? gateway) : IBeating, IReporting
{
    private readonly Lock gate = new();
    private readonly Dictionary<Endpoint, BreakerPart> known = [];
    private volatile bool isShedding;

    /// <summary>Those of a target; null where its instances have none of their own.</summary>
    public static InstanceBreakers? Of(TargetPlace place) => place.Terms.Breaker is { PerInstance: true } spec
        ? place.Policies.Of($"{place.About}/breaker", spec with { Park = null }, () => new InstanceBreakers(place.About, spec, place.Policies.Gateway))
        : null;

    /// <summary>One of them did not let all pass when it was last looked at.</summary>
    public bool IsShedding => isShedding;

    /// <summary>One per endpoint of a cluster, in its order. An instance that was there keeps what it has counted.</summary>
    public BreakerPart[] For(Cluster cluster)
    {
        lock (gate) return [.. cluster.Endpoints.Select(Find)];
    }

    public void Beat(long nowMs)
    {
        lock (gate)
        {
            foreach (var gone in known.Keys.Where(endpoint => endpoint.IsRetired).ToList()) known.Remove(gone);
            foreach (var (endpoint, part) in known)
            {
                if (part.Beat(nowMs)) part.Begin(endpoint, nowMs);
            }
            isShedding = known.Values.Any(part => part.Breaker.State != BreakerState.Closed);
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        List<BreakerPart> parts;
        lock (gate) parts = [.. known.Values];
        var counts = parts.Aggregate(default(Counts), (sum, one) => sum.With(one.Breaker.Counted(nowMs)));
        return BreakerReport.Of(about, parts, isNamed: true, counts, nowMs);
    }

    /// <summary>An attempt at an instance ended; with its head when there is no reason.</summary>
    public static void Ended(BreakerPart part, Exchange x, Reason reason, long headMicros) =>
        part.Ended(BreakerGate.OutcomeOf(reason, x), headMicros, x.Connection.Gateway.Clock.CoarseMs);

    private BreakerPart Find(Endpoint endpoint)
    {
        if (known.TryGetValue(endpoint, out var part)) return part;
        return known[endpoint] = new BreakerPart(about, endpoint.Instance, terms, gateway);
    }
}
