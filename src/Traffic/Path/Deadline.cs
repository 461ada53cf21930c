namespace Mainstay.Traffic.Path;

/// <summary>
/// A point in time that the heartbeat checks, instead of a timer. Exactly one of both happens: the owner moves on, or the heartbeat
/// fires it, and the owner learns of that with its next call.
/// </summary>
internal struct Deadline
{
    private const long None = long.MaxValue;
    private const long FiredMark = 0;
    private long atMs;

    public static Deadline Unset() => new() { atMs = None };

    public readonly bool IsFired => Volatile.Read(in atMs) == FiredMark;

    /// <summary>Sets or moves it; false if it has fired.</summary>
    public bool Set(long nextMs)
    {
        if (Interlocked.Exchange(ref atMs, nextMs) != FiredMark) return true;
        Volatile.Write(ref atMs, FiredMark);
        return false;
    }

    /// <summary>Ends the wait; false if it has fired.</summary>
    public bool Clear() => Set(None);

    /// <summary>Moves it if it is set; for a second flow whose progress counts.</summary>
    public void Extend(long nextMs)
    {
        var seen = Volatile.Read(ref atMs);
        if (seen is not (None or FiredMark)) Interlocked.CompareExchange(ref atMs, nextMs, seen);
    }

    /// <summary>The heartbeat's side: true if it is over now and nobody else has noticed.</summary>
    public bool TryFire(long nowMs)
    {
        var seen = Volatile.Read(ref atMs);
        return seen <= nowMs && seen != FiredMark && Interlocked.CompareExchange(ref atMs, FiredMark, seen) == seen;
    }

    /// <summary>Fires it whatever its time is; false if it has fired already or is not set.</summary>
    public bool FireNow()
    {
        var seen = Volatile.Read(ref atMs);
        return seen is not (None or FiredMark) && Interlocked.CompareExchange(ref atMs, FiredMark, seen) == seen;
    }

    /// <summary>Forgets that it fired.</summary>
    public void Forgive() => Volatile.Write(ref atMs, None);
}
