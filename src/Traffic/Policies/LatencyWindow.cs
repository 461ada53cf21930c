using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>What a limit saw in one window.</summary>
/// <param name="Samples">Responses that were good.</param>
/// <param name="Drops">Requests that the service did not serve: no answer in time, or one that says that it has too much to do.</param>
/// <param name="MostInFlight">The most that were under way at a time.</param>
/// <param name="MinMs">The fastest.</param>
/// <param name="MeanMs">On average.</param>
/// <param name="P90Ms">Nine of ten were within this.</param>
/// <param name="P99Ms">99 of 100 were within this.</param>
internal readonly record struct LatencySummary(
    int Samples, int Drops, int MostInFlight, double MinMs, double MeanMs, double P90Ms, double P99Ms);

/// <summary>Latencies of the current window, added to by every loop and taken by the heartbeat.</summary>
internal sealed class LatencyWindow
{
    private int[] counts = new int[LatencyBuckets.Count];
    private int[] spare = new int[LatencyBuckets.Count];
    private int samples;
    private int drops;
    private int mostInFlight;

    /// <summary>Good responses so far.</summary>
    public int Samples => Volatile.Read(ref samples);

    public int Drops => Volatile.Read(ref drops);

    public void Add(long micros)
    {
        Interlocked.Increment(ref Volatile.Read(ref counts)[LatencyBuckets.IndexOf(micros)]);
        Interlocked.Increment(ref samples);
    }

    public void Drop() => Interlocked.Increment(ref drops);

    /// <summary>Notes how many are under way; what two loops note at once may be lost.</summary>
    public void Note(int inFlight)
    {
        if (inFlight > mostInFlight) mostInFlight = inFlight;
    }

    /// <summary>Ends the window and begins the next. One caller at a time.</summary>
    /// <param name="inFlight">Requests under way now: where the next window begins.</param>
    public LatencySummary Take(int inFlight)
    {
        var taken = Interlocked.Exchange(ref counts, spare);
        spare = taken;
        var most = Math.Max(mostInFlight, inFlight);
        mostInFlight = inFlight;
        var total = 0;
        foreach (var count in taken) total += count;
        Interlocked.Exchange(ref samples, 0);
        var summary = Summary(taken, total, Interlocked.Exchange(ref drops, 0), most);
        Array.Clear(taken);
        return summary;
    }

    private static LatencySummary Summary(int[] counts, int total, int drops, int most)
    {
        if (total == 0) return new LatencySummary(0, drops, most, 0, 0, 0, 0);
        double sum = 0;
        double min = -1;
        double p90 = 0;
        double p99 = 0;
        var before = 0;
        for (var index = 0; index < counts.Length; index++)
        {
            if (counts[index] == 0) continue;
            var middle = (LatencyBuckets.LowerBound(index) + LatencyBuckets.UpperBound(index)) / 2000.0;
            if (min < 0) min = middle;
            sum += middle * counts[index];
            var after = before + counts[index];
            if (before < total * 0.9 && after >= total * 0.9) p90 = middle;
            if (before < total * 0.99 && after >= total * 0.99) p99 = middle;
            before = after;
        }
        return new LatencySummary(total, drops, most, min, sum / total, p90, p99);
    }
}
