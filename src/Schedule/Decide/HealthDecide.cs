using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Where the checks of a process stand.</summary>
/// <param name="State">What they say.</param>
/// <param name="Since">When they began to say so.</param>
/// <param name="Failures">How many failed in a row.</param>
/// <param name="Checks">How many were made.</param>
/// <param name="Message">What the last failing one said; empty after a good one.</param>
public readonly record struct HealthView(HealthState State, DateTimeOffset Since, int Failures = 0, int Checks = 0, string Message = "");

/// <summary>What a check's result means, and when the next is due.</summary>
public static class HealthDecide
{
    // A process that starts is checked after each further twentieth of the time it has taken: it serves within a twentieth of its own start, and a slow
    // starter, which needs the processor itself, is asked less and less.
    const double Share = 0.05;
    static readonly TimeSpan Quickest = TimeSpan.FromMilliseconds(10);
    static readonly TimeSpan Slowest = TimeSpan.FromMilliseconds(250);

    /// <param name="spec">The declaration.</param>
    /// <param name="seen">Where the checks stood.</param>
    /// <param name="failure">What the check said; null where it passed.</param>
    /// <param name="now">The end of the check.</param>
    public static HealthView After(HealthSpec spec, in HealthView seen, string? failure, DateTimeOffset now)
    {
        var failures = failure is null ? 0 : seen.Failures + 1;
        var state = failure is null ? HealthState.Healthy
            : seen.State == HealthState.Healthy && failures >= spec.Failures ? HealthState.Unhealthy
            : seen.State;
        return new(state, state == seen.State ? seen.Since : now, failures, seen.Checks + 1, failure ?? "");
    }

    /// <summary>Between the end of a check, which is now, and the start of the next.</summary>
    public static TimeSpan Pause(HealthSpec spec, in HealthView seen, DateTimeOffset now)
    {
        if (seen.State != HealthState.Unknown)
        {
            return spec.Interval;
        }

        // A command is a process of its own: not the quick start of a connect.
        var quick = spec.Command is null ? (now - seen.Since) * Share : Slowest;
        quick = quick < Quickest ? Quickest : quick > Slowest ? Slowest : quick;
        return quick < spec.Interval ? quick : spec.Interval;
    }

    /// <summary>Whether the difference is worth telling: another state, or another cause while a start is awaited.</summary>
    public static bool IsNews(in HealthView before, in HealthView after) =>
        before.State != after.State || (after.State == HealthState.Unknown && before.Message != after.Message);
}
