using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// After how long a slow read is asked for again: as declared, or what most of the latest requests took. Every loop adds to the histogram, whose past weighs half as
/// much after each ten seconds; the heartbeat reads it once a second.
/// </summary>
/// <remarks>A request that was overtaken by its hedge counts with the time after which it was given up: that is beyond the delay, on the side where it belongs.</remarks>
internal sealed class HedgeDelay(HedgeSpec spec)
{
    /// <summary>Fewer requests say nothing: until then, nothing is asked for again.</summary>
    public const int LeastSamples = 50;

    private const long LookMs = 1000;
    private const long HalfMs = 10_000;
    private readonly int[] counts = spec.After.Time is null ? new int[LatencyBuckets.Count] : [];
    private readonly int leastMs = (int)Math.Ceiling(spec.AtLeast.TotalMilliseconds);
    private int delayMs = spec.After.Time is { } time ? Math.Max((int)Math.Ceiling(time.TotalMilliseconds), 1) : -1;
    private long lookedMs;
    private long halvedMs;

    /// <summary>Milliseconds; -1 while too little is known.</summary>
    public int Ms => Volatile.Read(ref delayMs);

    /// <summary>The first request of an exchange took so long, to its response's head or until it was given up.</summary>
    public void Saw(long micros)
    {
        if (counts.Length > 0) Interlocked.Increment(ref counts[LatencyBuckets.IndexOf(micros)]);
    }

    /// <summary>Time passes.</summary>
    public void Beat(long nowMs)
    {
        if (counts.Length == 0 || nowMs - lookedMs < LookMs) return;
        lookedMs = nowMs;
        long total = 0;
        foreach (var count in counts) total += count;
        if (total >= LeastSamples) Volatile.Write(ref delayMs, Math.Clamp(Quantile(total), leastMs, (int)HedgeSpec.Longest.TotalMilliseconds));
        if (nowMs - halvedMs < HalfMs) return;
        halvedMs = nowMs;
        for (var at = 0; at < counts.Length; at++)
        {
            if (counts[at] > 0) Interlocked.Add(ref counts[at], -((counts[at] + 1) / 2));
        }
    }

    private int Quantile(long total)
    {
        var within = (total * spec.After.Percent + 99) / 100;
        long seen = 0;
        for (var at = 0; at < counts.Length; at++)
        {
            seen += counts[at];
            if (seen >= within) return (int)Math.Min((LatencyBuckets.UpperBound(at) + 999) / 1000, int.MaxValue);
        }
        return int.MaxValue;
    }
}
