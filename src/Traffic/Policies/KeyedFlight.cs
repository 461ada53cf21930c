namespace Mainstay.Traffic.Policies;

/// <summary>
/// Requests under way per key, in a memory that never grows. A key with a request under way keeps its place; where all eight places of a set are
/// taken, a ninth key is turned away.
/// </summary>
internal sealed class KeyedFlight
{
    private const int Ways = 8;
    private readonly ulong[] keys;
    private readonly int[] current;
    private readonly int[] locks;
    private readonly int sets;

    public KeyedFlight(int most)
    {
        sets = Math.Max(1, (most + Ways - 1) / Ways);
        keys = new ulong[sets * Ways];
        current = new int[sets * Ways];
        locks = new int[sets];
    }

    /// <summary>All requests under way.</summary>
    public int Current => current.Sum();

    /// <summary>Requests of a key under way.</summary>
    public int Of(ulong key)
    {
        var set = Enter(ref key);
        var at = Find(key, set);
        var found = at < 0 ? 0 : current[at];
        Volatile.Write(ref locks[set], 0);
        return found;
    }

    /// <summary>Enters if the key has fewer than so many under way. Where it does, the place to leave; else -1.</summary>
    public int TryEnter(ulong key, int limit)
    {
        var set = Enter(ref key);
        var at = Find(key, set);
        for (var free = set * Ways; at < 0 && free < (set + 1) * Ways; free++)
        {
            if (current[free] == 0) at = free;
        }
        if (at >= 0 && current[at] < limit)
        {
            keys[at] = key;
            current[at]++;
        }
        else
        {
            at = -1;
        }
        Volatile.Write(ref locks[set], 0);
        return at;
    }

    /// <summary>Leaves the place that was entered.</summary>
    public void Leave(int at)
    {
        var set = at / Ways;
        Lock(set);
        current[at]--;
        Volatile.Write(ref locks[set], 0);
    }

    private int Enter(ref ulong key)
    {
        key = KeyHash.Mix(key) | 1;
        var set = (int)(((UInt128)key * (ulong)sets) >> 64);
        Lock(set);
        return set;
    }

    private void Lock(int set)
    {
        var wait = new SpinWait();
        while (Interlocked.Exchange(ref locks[set], 1) != 0) wait.SpinOnce(sleep1Threshold: -1);
    }

    private int Find(ulong key, int set)
    {
        for (var at = set * Ways; at < (set + 1) * Ways; at++)
        {
            if (keys[at] == key) return at;
        }
        return -1;
    }
}
