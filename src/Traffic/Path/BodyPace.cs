namespace Mainstay.Traffic.Path;

/// <summary>
/// How fast a client must send its body: over the time that is spent on waiting for it, less the grace, at least the least rate
/// (<see cref="PathLimits.BodyRate"/>). What the endpoint takes its time for does not count.
/// </summary>
internal struct BodyPace(PathLimits limits, long bytes)
{
    private long bytes = bytes;
    private long waitedMs;
    private long sinceMs;

    /// <summary>A wait begins: how long it may last.</summary>
    public long Begin(long nowMs)
    {
        sinceMs = nowMs;
        return Math.Min((long)limits.BodyStall.TotalMilliseconds, Math.Max(LimitMs(limits, bytes) - waitedMs, 0));
    }

    /// <summary>The wait is over.</summary>
    public void End(long nowMs, int received)
    {
        waitedMs += nowMs - sinceMs;
        bytes += received;
    }

    /// <summary>How long so many bytes may take on their way to or from a client, in milliseconds.</summary>
    public static long LimitMs(PathLimits limits, long bytes) =>
        limits.BodyRate <= 0 ? long.MaxValue / 2 : (long)limits.BodyGrace.TotalMilliseconds + bytes * 1000 / limits.BodyRate;
}
