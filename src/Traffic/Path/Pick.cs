using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>The station that picks an endpoint.</summary>
internal static class Pick
{
    /// <summary>
    /// The index of an endpoint, or -1 if there is none. One that was not tried by this request and is not ejected is preferred; then one
    /// that was not tried; then, where <paramref name="again"/>, any.
    /// </summary>
    public static int Next(Cluster cluster, ulong tried, bool again, long nowMs, ref Dice dice)
    {
        var endpoints = cluster.Endpoints;
        if (endpoints.Length <= 1)
        {
            return endpoints.Length == 0 || (tried != 0 && !again) ? -1 : 0;
        }
        int first;
        if (cluster.Balance == Balance.RoundRobin)
        {
            first = (int)(cluster.Turn.Next() % (uint)endpoints.Length);
        }
        else
        {
            first = dice.Below(endpoints.Length);
            var second = dice.Below(endpoints.Length - 1);
            if (second >= first) second++;
            if (endpoints[second].InFlight < endpoints[first].InFlight) (first, second) = (second, first);
            if (!IsTried(tried, first) && !endpoints[first].IsEjected(nowMs)) return first;
            if (!IsTried(tried, second) && !endpoints[second].IsEjected(nowMs)) return second;
        }
        return Scan(endpoints, first, tried, again, nowMs);
    }

    /// <summary>Endpoints beyond the 63rd are not told apart here; a retry may then meet one of them twice.</summary>
    public static ulong Mark(ulong tried, int index) => tried | (1UL << Math.Min(index, 63));

    private static bool IsTried(ulong tried, int index) => (tried & (1UL << Math.Min(index, 63))) != 0;

    private static int Scan(Endpoint[] endpoints, int first, ulong tried, bool again, long nowMs)
    {
        var ejected = -1;
        for (var step = 0; step < endpoints.Length; step++)
        {
            var index = (first + step) % endpoints.Length;
            if (IsTried(tried, index)) continue;
            if (!endpoints[index].IsEjected(nowMs)) return index;
            if (ejected < 0) ejected = index;
        }
        return ejected >= 0 ? ejected : again ? first : -1;
    }
}

/// <summary>A small generator of random numbers (SplitMix64) that belongs to one connection and replays from its seed.</summary>
internal struct Dice(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        var mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    public int Below(int limit) => (int)(((UInt128)Next() * (ulong)limit) >> 64);
}
