using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>What a pick is made from.</summary>
/// <param name="loads">The endpoints.</param>
internal readonly ref struct Candidates(ReadOnlySpan<Load> loads)
{
    public ReadOnlySpan<Load> Loads { get; } = loads;

    /// <summary>Endpoints that this request was at already, by index; those from the 64th on share a bit.</summary>
    public ulong Tried { get; init; }

    public long NowMs { get; init; }

    /// <summary>How long a new endpoint's share rises; 0 for no slow start.</summary>
    public long SlowStartMs { get; init; }

    /// <summary>Ejections are not looked at.</summary>
    public bool IsPanic { get; init; }

    /// <summary>Whose turn it is in round robin.</summary>
    public uint Turn { get; init; }

    /// <summary>The hash of the request's key; 0 where it has none.</summary>
    public ulong Key { get; init; }

    /// <summary>One per endpoint where each has a breaker; else empty.</summary>
    public ReadOnlySpan<BreakerPart> Breakers { get; init; }

    /// <summary>The place of the first of them among all endpoints of the service.</summary>
    public int First { get; init; }

    /// <summary>Some of them.</summary>
    public Candidates Slice(int from, int count) => new(Loads.Slice(from, count))
    {
        Tried = Tried,
        NowMs = NowMs,
        SlowStartMs = SlowStartMs,
        IsPanic = IsPanic,
        Turn = Turn,
        Key = Key,
        Breakers = Breakers.Length == 0 ? default : Breakers.Slice(from, count),
        First = First + from,
    };

    public bool IsTried(int index) => (Tried & (1UL << Math.Min(index + First, 63))) != 0;

    public bool IsUsable(int index) =>
        !IsTried(index) && !Loads[index].IsAlone(NowMs) && (IsPanic || !Loads[index].IsEjected(NowMs)) && Loads[index].Weight > 0 && !IsOpen(index);

    /// <summary>Its breaker lets nothing pass.</summary>
    public bool IsOpen(int index) => Breakers.Length > 0 && Breakers[index].Breaker.State == BreakerState.Open;

    /// <summary>Its breaker lets all pass.</summary>
    public bool IsClosed(int index) => Breakers.Length == 0 || Breakers[index].Breaker.State == BreakerState.Closed;

    /// <summary>The part of its share that an endpoint gets while it is new or its breaker lets requests in again.</summary>
    public double Part(int index) =>
        (SlowStartMs == 0 ? 1 : Loads[index].Warmth(NowMs, SlowStartMs)) * (Breakers.Length == 0 ? 1 : Breakers[index].Breaker.ShareAt(NowMs));

    /// <summary>Usable, and if it is new or comes back, drawn in proportion to how far it has come.</summary>
    public bool TakesPart(int index, ref Dice dice)
    {
        if (!IsUsable(index)) return false;
        if (SlowStartMs == 0 && Breakers.Length == 0) return true;
        var part = Part(index);
        return part >= 1 || dice.Share() < part;
    }
}

/// <summary>The ways to pick one of several endpoints. Each gives an index, or -1 where none of its kind takes part.</summary>
internal static class Balancer
{
    /// <summary>Requests in flight that every endpoint may have before a key goes elsewhere.</summary>
    public const int BoundAtLeast = 4;

    /// <summary>How much more than the mean an endpoint may have before a key goes elsewhere.</summary>
    public const double BoundAbove = 1.25;

    /// <summary>Above so many endpoints, the fewest requests are looked for among some of them, taken at random.</summary>
    private const int SeenAtOnce = 32;

    /// <summary>By policy; where that gives none, any usable one, then an ejected one, then one that could not be connected to. -1 if all were tried.</summary>
    public static int Pick(Balance balance, in Candidates all, ref Dice dice)
    {
        var index = Choose(balance, all, ref dice);
        return index >= 0 ? index : Rest(all, dice.Below(all.Loads.Length));
    }

    /// <summary>The same where the first <paramref name="near"/> endpoints are to get a part of the requests, and the others what they cannot take.</summary>
    public static int PickNear(Balance balance, in Candidates all, int near, double share, ref Dice dice)
    {
        // The same keys stay near, as far as others do.
        var isByKey = balance == Balance.Hash && all.Key != 0;
        var drawn = isByKey ? (KeyHash.Mix(all.Key) >> 11) * (1.0 / (1UL << 53)) : dice.Share();
        for (var side = 0; side < 2; side++)
        {
            var isNear = drawn < share == (side == 0);
            var part = isNear ? all.Slice(0, near) : all.Slice(near, all.Loads.Length - near);
            var index = Choose(balance, part, ref dice);
            if (index >= 0) return index + part.First;
        }
        return Rest(all, dice.Below(all.Loads.Length));
    }

    private static int Choose(Balance balance, in Candidates all, ref Dice dice)
    {
        return balance switch
        {
            Balance.RoundRobin => From((int)(all.Turn % (uint)all.Loads.Length), all, ref dice),
            Balance.Weighted => Weighted(all, ref dice),
            Balance.Random => From(dice.Below(all.Loads.Length), all, ref dice),
            Balance.LeastRequests => LeastRequests(all, ref dice),
            Balance.Hash when all.Key != 0 => Hash(all),
            _ => PowerOfTwo(all, ref dice),
        };
    }

    /// <summary>Of two at random, the one that costs less.</summary>
    public static int PowerOfTwo(in Candidates all, ref Dice dice)
    {
        var count = all.Loads.Length;
        if (count == 1) return all.TakesPart(0, ref dice) ? 0 : -1;
        var first = dice.Below(count);
        var second = dice.Below(count - 1);
        if (second >= first) second++;
        var (takesFirst, takesSecond) = (all.TakesPart(first, ref dice), all.TakesPart(second, ref dice));
        if (takesFirst && takesSecond) return all.Loads[second].Cost(all.NowMs) < all.Loads[first].Cost(all.NowMs) ? second : first;
        return takesFirst ? first : takesSecond ? second : From(first, all, ref dice);
    }

    /// <summary>The endpoint at a place; where that takes no part, any other: the next one would carry the double load.</summary>
    public static int From(int start, in Candidates all, ref Dice dice)
    {
        if (all.TakesPart(start, ref dice)) return start;
        var (chosen, seen) = (-1, 0);
        for (var index = 0; index < all.Loads.Length; index++)
        {
            if (index != start && all.TakesPart(index, ref dice) && dice.Below(++seen) == 0) chosen = index;
        }
        return chosen;
    }

    /// <summary>At random, in proportion to weights and to how far the new ones have come.</summary>
    public static int Weighted(in Candidates all, ref Dice dice)
    {
        var sum = 0.0;
        for (var index = 0; index < all.Loads.Length; index++)
        {
            if (all.IsUsable(index)) sum += WeightOf(all, index);
        }
        var drawn = dice.Share() * sum;
        var last = -1;
        for (var index = 0; index < all.Loads.Length; index++)
        {
            if (!all.IsUsable(index)) continue;
            last = index;
            drawn -= WeightOf(all, index);
            if (drawn < 0) break;
        }
        return last;
    }

    /// <summary>The fewest requests in flight per weight; among equals, one at random.</summary>
    public static int LeastRequests(in Candidates all, ref Dice dice)
    {
        var (best, equals) = (-1, 0);
        var least = double.MaxValue;
        var start = dice.Below(all.Loads.Length);
        for (var step = 0; step < Math.Min(all.Loads.Length, SeenAtOnce); step++)
        {
            var index = (start + step) % all.Loads.Length;
            if (!all.TakesPart(index, ref dice)) continue;
            var requests = (double)(all.Loads[index].InFlight + 1) / all.Loads[index].Weight;
            if (requests > least) continue;
            equals = requests < least ? 1 : equals + 1;
            if (equals > 1 && dice.Below(equals) != 0) continue;
            (best, least) = (index, requests);
        }
        return best;
    }

    /// <summary>
    /// Rendezvous hashing with bounded load: the endpoint that ranks highest for the key and does not have too much to do. When an endpoint comes or goes,
    /// only the keys that it gets or had move.
    /// </summary>
    public static int Hash(in Candidates all)
    {
        var (total, usable) = (0L, 0);
        for (var index = 0; index < all.Loads.Length; index++)
        {
            if (!all.IsUsable(index)) continue;
            total += all.Loads[index].InFlight;
            usable++;
        }
        if (usable == 0) return -1;
        var bound = Math.Max(BoundAtLeast, (int)Math.Ceiling(BoundAbove * (total + 1) / usable));
        var (best, rank) = (-1, 0UL);
        for (var index = 0; index < all.Loads.Length; index++)
        {
            var one = all.Loads[index];
            var next = KeyHash.Mix(one.Seed ^ all.Key);
            if ((best >= 0 && next <= rank) || one.InFlight >= bound || !all.IsUsable(index) || !IsLetIn(all, index, next)) continue;
            (best, rank) = (index, next);
        }
        return best;
    }

    private static double WeightOf(in Candidates all, int index) => all.Loads[index].Weight * all.Part(index);

    /// <summary>Of an endpoint whose breaker lets requests in again, the same keys come back first, and all of them in the end.</summary>
    private static bool IsLetIn(in Candidates all, int index, ulong rank) =>
        all.IsClosed(index) || (KeyHash.Mix(rank) >> 11) * (1.0 / (1UL << 53)) < all.Breakers[index].Breaker.ShareAt(all.NowMs);

    /// <summary>
    /// What is left when nothing takes part: the usable, then those without weight, then the ejected, then those nobody could connect to. None whose breaker
    /// is not closed: the request was not among those that it lets in.
    /// </summary>
    private static int Rest(in Candidates all, int start)
    {
        var (best, rank) = (-1, int.MaxValue);
        for (var step = 0; step < all.Loads.Length; step++)
        {
            var index = (start + step) % all.Loads.Length;
            if (all.IsTried(index) || !all.IsClosed(index)) continue;
            var load = all.Loads[index];
            var next = (load.IsAlone(all.NowMs) ? 4 : 0) + (load.IsEjected(all.NowMs) ? 2 : 0) + (load.Weight == 0 ? 1 : 0);
            if (next >= rank) continue;
            (best, rank) = (index, next);
        }
        return best;
    }
}
