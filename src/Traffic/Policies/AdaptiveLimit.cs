using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>A change of an adaptive limit.</summary>
/// <param name="From">Before.</param>
/// <param name="To">After.</param>
/// <param name="Why">What led to it.</param>
/// <param name="Seen">The window that it follows from.</param>
/// <param name="BaseMs">What latencies were held against.</param>
internal readonly record struct LimitChange(int From, int To, LimitReason Why, LatencySummary Seen, double BaseMs);

/// <summary>Gathers latencies into windows and lets a controller move the limit. Pure: the time is handed in.</summary>
internal sealed class AdaptiveLimit(ILimitController controller)
{
    /// <summary>A window lasts this long at least,</summary>
    public const long ShortestMs = 200;

    /// <summary>and until there are this many responses,</summary>
    public const int FewestSamples = 10;

    /// <summary>but no longer than this.</summary>
    public const long LongestMs = 2000;

    private long sinceMs = -1;

    public LatencyWindow Window { get; } = new();

    public int Limit => controller.Limit;

    public double BaseMs => controller.BaseMs;

    /// <summary>What the last window showed.</summary>
    public LatencySummary Last { get; private set; }

    public LimitReason Why { get; private set; }

    public static ILimitController Controller(LimitSpec spec)
    {
        var bounds = new LimitBounds(
            spec.Limit ?? 20, spec.Min ?? 4, spec.Max ?? 1000,
            spec.Target?.P90?.TotalMilliseconds ?? 0, spec.Target?.P99?.TotalMilliseconds ?? 0);
        return spec.Controller switch
        {
            LimitController.Gradient2 => new Gradient2(bounds),
            LimitController.Vegas => new Vegas(bounds),
            LimitController.Aimd => new Aimd(bounds),
            _ => new DampedHalving(bounds),
        };
    }

    /// <summary>Ends the window if it is time; the change, if the limit moved. One caller at a time.</summary>
    public LimitChange? Turn(long nowMs, int inFlight)
    {
        if (sinceMs < 0) sinceMs = nowMs;
        var age = nowMs - sinceMs;
        if (age < ShortestMs || (Window.Samples + Window.Drops < FewestSamples && age < LongestMs)) return null;
        sinceMs = nowMs;
        var (before, held) = (controller.Limit, controller.BaseMs);
        Last = Window.Take(inFlight);
        var step = controller.Next(Last);
        Why = step.Why;
        return step.Limit == before && step.Why != LimitReason.Rebased ? null : new LimitChange(before, step.Limit, step.Why, Last, held);
    }
}
