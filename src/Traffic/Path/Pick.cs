using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The station that picks an endpoint.</summary>
internal static class Pick
{
    /// <summary>The index of the endpoint that a request goes to first: the one that it sticks to, if that can take it, else as <see cref="Next"/> says.</summary>
    public static int First(Exchange x, Cluster cluster, ulong key, long nowMs)
    {
        var breakers = BreakersOf(x);
        if (cluster.Sticky is not { } sticky) return Next(cluster, key, tried: 0, again: false, nowMs, ref x.Dice, breakers);
        x.Stuck = sticky.Find(x);
        var stays = x.Stuck >= 0 && cluster.CanTake(x.Stuck, nowMs) && (breakers.Length == 0 || breakers[x.Stuck].Breaker.Admits(nowMs, ref x.Dice));
        return stays ? x.Stuck : Next(cluster, key, tried: 0, again: false, nowMs, ref x.Dice, breakers);
    }

    /// <summary>The breakers of the endpoints that a request may go to; none where there are none, or somebody holds them closed.</summary>
    public static ReadOnlySpan<BreakerPart> BreakersOf(Exchange x) => x.PassesBreakers ? [] : x.Target!.Breakers;

    /// <summary>
    /// The index of an endpoint, or -1 if there is none. One that was not tried by this request and can be used is preferred; then one
    /// that was not tried; then, where <paramref name="again"/>, any.
    /// </summary>
    /// <param name="cluster">Which of its endpoints.</param>
    /// <param name="key">The hash of the request's key, where the cluster balances by one; 0 where it has none.</param>
    /// <param name="tried">See <see cref="Mark"/>.</param>
    /// <param name="again">Whether one that was tried may be tried again.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="dice">Chance.</param>
    /// <param name="breakers">One per endpoint, or none.</param>
    public static int Next(Cluster cluster, ulong key, ulong tried, bool again, long nowMs, ref Dice dice, ReadOnlySpan<BreakerPart> breakers = default)
    {
        var loads = cluster.Loads;
        if (loads.Length <= 1) return loads.Length == 0 || (tried != 0 && !again) || (breakers.Length > 0 && !breakers[0].Breaker.Admits(nowMs, ref dice)) ? -1 : 0;
        var all = new Candidates(loads)
        {
            Tried = tried,
            NowMs = nowMs,
            SlowStartMs = cluster.SlowStartMs,
            IsPanic = cluster.Watch is { Outliers.IsPanic: true },
            Turn = cluster.Balance == Balance.RoundRobin ? cluster.Turn.Next() : 0,
            Key = key,
            Breakers = breakers,
        };
        var index = cluster is { Near: > 0, Zone: { } zone }
            ? Balancer.PickNear(cluster.Balance, all, cluster.Near, zone.Share, ref dice)
            : Balancer.Pick(cluster.Balance, all, ref dice);
        if (index >= 0 || !again) return index;
        // Only those were left that this request was at already.
        index = dice.Below(loads.Length);
        return all.IsClosed(index) ? index : -1;
    }

    /// <summary>Endpoints beyond the 63rd are not told apart here; a retry may then meet one of them twice.</summary>
    public static ulong Mark(ulong tried, int index) => tried | (1UL << Math.Min(index, 63));
}
