namespace Mainstay.Traffic.Policies;

/// <summary>One more each window in which the limit is used, a tenth less after drops or latencies over the target (without one: 5 s).</summary>
internal sealed class Aimd(LimitBounds bounds) : ILimitController
{
    private const double Backoff = 0.9;
    private const double LongestMs = 5000;

    private double limit = bounds.Clamp(bounds.Initial);

    public int Limit => (int)limit;

    public double BaseMs => 0;

    public LimitStep Next(in LatencySummary seen)
    {
        if (seen.Samples == 0 && seen.Drops == 0) return new LimitStep(Limit, LimitReason.Idle);
        if (seen.Drops * 100 > seen.Samples + seen.Drops) return Less(LimitReason.Drops);
        if (bounds.TargetP90Ms > 0 && seen.P90Ms > bounds.TargetP90Ms) return Less(LimitReason.P90);
        if (seen.P99Ms > (bounds.TargetP99Ms > 0 ? bounds.TargetP99Ms : LongestMs)) return Less(LimitReason.P99);
        if (seen.MostInFlight * 2 < limit) return new LimitStep(Limit, LimitReason.NotUsed);
        limit = bounds.Clamp(limit + 1);
        return new LimitStep(Limit, LimitReason.Probe);
    }

    private LimitStep Less(LimitReason why)
    {
        limit = bounds.Clamp(limit * Backoff);
        return new LimitStep(Limit, why);
    }
}
