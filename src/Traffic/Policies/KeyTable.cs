namespace Mainstay.Traffic.Policies;

/// <summary>
/// The cells of many keys in a memory that never grows. Keys fall into sets of eight. Where a ninth key comes, the one that has used the least gives
/// its place up, and what it had used becomes the set's floor: a key that comes anew begins there. So nobody gets a fresh quota by being forgotten,
/// the heaviest keys stay known, and a flood of keys limits itself.
/// </summary>
/// <remarks>Each set has a lock that is held for some nanoseconds.</remarks>
internal sealed class KeyTable<TRule, TCell>
    where TRule : struct, IRateRule<TCell>
    where TCell : struct
{
    private const int Ways = 8;
    private readonly TRule rule;
    private readonly ulong[] keys;
    private readonly TCell[] cells;
    private readonly TCell[] floors;
    private readonly int[] locks;
    private readonly int sets;
    private long displaced;

    /// <param name="rule">What is done with a key's cell.</param>
    /// <param name="most">Keys at a time; rounded up to a multiple of eight. 1 where all share one.</param>
    public KeyTable(TRule rule, int most)
    {
        this.rule = rule;
        sets = Math.Max(1, (most + Ways - 1) / Ways);
        keys = new ulong[sets * Ways];
        cells = new TCell[sets * Ways];
        floors = new TCell[sets];
        locks = new int[sets];
    }

    /// <summary>Keys that lost their place while they still counted.</summary>
    public long Displaced => Volatile.Read(ref displaced);

    /// <summary>Keys that have a place.</summary>
    public int Count => keys.Count(key => key != 0);

    /// <summary>Counts a request of a key; false where it does not pass, because fewer than <paramref name="keep"/> would remain.</summary>
    public bool Take(ulong key, long nowNs, long keep, out RateStanding standing)
    {
        var set = Enter(ref key);
        ref var cell = ref cells[PlaceOf(key, set, nowNs)];
        var taken = rule.Take(ref cell, nowNs, keep);
        standing = rule.Look(cell, nowNs, keep);
        Volatile.Write(ref locks[set], 0);
        return taken;
    }

    /// <summary>How a key stands, without any effect.</summary>
    public RateStanding Look(ulong key, long nowNs, long keep)
    {
        var set = Enter(ref key);
        var at = Find(key, set);
        var standing = rule.Look(at >= 0 ? cells[at] : floors[set], nowNs, keep);
        Volatile.Write(ref locks[set], 0);
        return standing;
    }

    private int Enter(ref ulong key)
    {
        key = KeyHash.Mix(key) | 1;
        var set = (int)(((UInt128)key * (ulong)sets) >> 64);
        if (Interlocked.Exchange(ref locks[set], 1) != 0) Spin(set);
        return set;
    }

    private void Spin(int set)
    {
        var wait = new SpinWait();
        while (Interlocked.Exchange(ref locks[set], 1) != 0) wait.SpinOnce(sleep1Threshold: -1);
    }

    private int Find(ulong key, int set)
    {
        var first = set * Ways;
        for (var at = first; at < first + Ways; at++)
        {
            if (keys[at] == key) return at;
        }
        return -1;
    }

    private int PlaceOf(ulong key, int set, long nowNs)
    {
        var known = Find(key, set);
        return known >= 0 ? known : Displace(key, set, nowNs);
    }

    private int Displace(ulong key, int set, long nowNs)
    {
        var first = set * Ways;
        var lightest = first;
        var least = long.MaxValue;
        for (var at = first; at < first + Ways && least > 0; at++)
        {
            var weight = keys[at] == 0 ? 0 : rule.Weight(cells[at], nowNs);
            if (weight >= least) continue;
            (lightest, least) = (at, weight);
        }
        if (least > 0)
        {
            floors[set] = rule.Join(floors[set], cells[lightest]);
            displaced++;
        }
        keys[lightest] = key;
        cells[lightest] = floors[set];
        return lightest;
    }
}
