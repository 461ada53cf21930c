namespace Mainstay.Traffic.Policies;

/// <summary>
/// By the estimated queue at the service: what of the limit waits rather than is served, from the shortest latency seen so far. The shortest is
/// asked for anew from time to time, without turning anyone away.
/// </summary>
internal sealed class Vegas(LimitBounds bounds) : ILimitController
{
    private const int WindowsToAskAnew = 150;

    private double limit = bounds.Clamp(bounds.Initial);
    private double shortestMs;
    private int windows;

    public int Limit => (int)limit;

    public double BaseMs => shortestMs;

    public LimitStep Next(in LatencySummary seen)
    {
        if (seen.Samples == 0 && seen.Drops == 0) return new LimitStep(Limit, LimitReason.Idle);
        var log = Math.Max(1, Math.Log10(limit));
        if (seen.Drops * 100 > seen.Samples + seen.Drops) return Move(-log, LimitReason.Drops);
        if (shortestMs == 0 || seen.MeanMs < shortestMs || ++windows >= WindowsToAskAnew)
        {
            windows = 0;
            shortestMs = seen.MeanMs;
            return new LimitStep(Limit, LimitReason.Rebased);
        }
        if (seen.MostInFlight * 2 < limit) return new LimitStep(Limit, LimitReason.NotUsed);
        var queue = Math.Ceiling(limit * (1 - shortestMs / seen.MeanMs));
        if (queue <= log) return Move(6 * log, LimitReason.SlowStart);
        if (queue < 3 * log) return Move(log, LimitReason.Probe);
        return queue > 6 * log ? Move(-log, LimitReason.Queue) : new LimitStep(Limit, LimitReason.Hold);
    }

    private LimitStep Move(double by, LimitReason why)
    {
        limit = bounds.Clamp(limit + by);
        return new LimitStep(Limit, why);
    }
}
