namespace Mainstay.Traffic.Policies;

/// <summary>
/// By the ratio of long-term and recent mean latency, with two known defects of the published form put right: a drop counts as the worst
/// gradient, and room for a queue is added only while there is none, so that the limit does not drift up under constant overload.
/// </summary>
internal sealed class Gradient2(LimitBounds bounds) : ILimitController
{
    private const double Tolerance = 1.5;
    private const double QueueRoom = 4;
    private const double Smoothing = 0.2;
    private const int Window = 600;
    private const int Warmup = 10;

    private double limit = bounds.Clamp(bounds.Initial);
    private double longMs;
    private int windows;

    public int Limit => (int)limit;

    public double BaseMs => longMs;

    public LimitStep Next(in LatencySummary seen)
    {
        if (seen.Samples == 0 && seen.Drops == 0) return new LimitStep(Limit, LimitReason.Idle);
        if (seen.Samples > 0) Learn(seen.MeanMs);
        if (seen.MostInFlight * 2 < limit) return new LimitStep(Limit, LimitReason.NotUsed);
        var dropped = seen.Drops * 100 > seen.Samples + seen.Drops;
        var gradient = dropped || seen.Samples == 0 ? 0.5 : Math.Clamp(Tolerance * longMs / seen.MeanMs, 0.5, 1);
        var next = limit * gradient + (gradient >= 1 ? QueueRoom : 0);
        limit = bounds.Clamp(limit * (1 - Smoothing) + next * Smoothing);
        return new LimitStep(Limit, dropped ? LimitReason.Drops : gradient >= 1 ? LimitReason.Probe : LimitReason.Gradient);
    }

    private void Learn(double recentMs)
    {
        windows++;
        longMs = windows <= Warmup ? longMs + (recentMs - longMs) / windows : longMs + (recentMs - longMs) * 2 / (Window + 1);
        // After a long slow time, what is normal now is found again soon.
        if (longMs / recentMs > 2) longMs *= 0.95;
    }
}
