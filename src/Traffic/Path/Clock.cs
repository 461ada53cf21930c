namespace Mainstay.Traffic.Path;

/// <summary>Time for the path: a coarse one that the heartbeat refreshes (a memory load) and a precise one for latencies.</summary>
internal sealed class Clock
{
    private readonly TimeProvider time;
    private readonly long origin;
    private readonly double ticksPerMs;
    private readonly double microsPerTick;
    private long coarseMs;
    private long coarseUtc;

    public Clock(TimeProvider time)
    {
        this.time = time;
        // Begins at one second: 0 has a meaning in Deadline.
        ticksPerMs = time.TimestampFrequency / 1000.0;
        microsPerTick = 1_000_000.0 / time.TimestampFrequency;
        origin = time.GetTimestamp() - time.TimestampFrequency;
        Refresh();
    }

    /// <summary>Milliseconds since about the start, at most one heartbeat old.</summary>
    public long CoarseMs => Volatile.Read(ref coarseMs);

    /// <summary>Microseconds since about the start, from the same origin and exact.</summary>
    public long Micros => (long)((time.GetTimestamp() - origin) * microsPerTick);

    /// <summary>A timestamp in microseconds since about the start.</summary>
    public long MicrosOf(long timestamp) => (long)((timestamp - origin) * microsPerTick);

    public long Timestamp => time.GetTimestamp();

    public long MicrosSince(long timestamp) => (long)((time.GetTimestamp() - timestamp) * microsPerTick);

    /// <summary>The time of day, at most one heartbeat old.</summary>
    public DateTimeOffset CoarseUtc => new(Volatile.Read(ref coarseUtc), TimeSpan.Zero);

    public void Refresh()
    {
        Volatile.Write(ref coarseMs, (long)((time.GetTimestamp() - origin) / ticksPerMs));
        Volatile.Write(ref coarseUtc, time.GetUtcNow().UtcTicks);
    }
}
