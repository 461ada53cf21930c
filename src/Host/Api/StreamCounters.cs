namespace Mainstay.Host.Api;

/// <summary>How many streams are open, and the bound on them.</summary>
public sealed class StreamCounters(int most)
{
    int open;
    long refused;
    long stalled;
    long lagged;

    public int Open => Volatile.Read(ref open);

    /// <summary>Refused because too many were open.</summary>
    public long RefusedTotal => Volatile.Read(ref refused);

    /// <summary>Cut because the client took nothing.</summary>
    public long StalledTotal => Volatile.Read(ref stalled);

    /// <summary>Ended as compacted: the history that they had not read yet was gone or too long.</summary>
    public long LaggedTotal => Volatile.Read(ref lagged);

    public bool TryOpen()
    {
        if (Interlocked.Increment(ref open) <= most)
        {
            return true;
        }

        Interlocked.Decrement(ref open);
        Interlocked.Increment(ref refused);
        return false;
    }

    public void Close() => Interlocked.Decrement(ref open);

    public void Stalled() => Interlocked.Increment(ref stalled);

    public void Lagged() => Interlocked.Increment(ref lagged);
}
