namespace Mainstay.Traffic.Policies;

/// <summary>Moves a limit of requests under way by what was seen in one window after the other. Pure: no clock, no chance.</summary>
internal interface ILimitController
{
    /// <summary>The limit now.</summary>
    int Limit { get; }

    /// <summary>What it holds latencies against, in milliseconds; 0 while it knows nothing.</summary>
    double BaseMs { get; }

    /// <summary>Takes a window and moves the limit.</summary>
    LimitStep Next(in LatencySummary seen);
}

/// <summary>What a window did to a limit.</summary>
/// <param name="Limit">The limit from now on.</param>
/// <param name="Why">Why it is that.</param>
internal readonly record struct LimitStep(int Limit, LimitReason Why);

/// <summary>Why a limit is what it is.</summary>
internal enum LimitReason
{
    /// <summary>Nothing was seen.</summary>
    Idle,

    /// <summary>Fewer than half of what may be under way is: nothing is learnt about more.</summary>
    NotUsed,

    /// <summary>Latencies are good, and it doubles towards what was good before.</summary>
    SlowStart,

    /// <summary>Latencies are good, and it feels for more.</summary>
    Probe,

    /// <summary>Good enough to stay.</summary>
    Hold,

    /// <summary>The service refused or did not answer in time.</summary>
    Drops,

    /// <summary>P90 is too long.</summary>
    P90,

    /// <summary>P99 is too long.</summary>
    P99,

    /// <summary>Fewer at a time did not make them faster: that is the service's own time, and the new base.</summary>
    Rebased,

    /// <summary>The measured gradient of latencies.</summary>
    Gradient,

    /// <summary>The estimated queue at the service is too long.</summary>
    Queue,
}

/// <summary>What controllers are made with.</summary>
/// <param name="Initial">The limit to begin with.</param>
/// <param name="Min">What it never goes below.</param>
/// <param name="Max">What it never exceeds.</param>
/// <param name="TargetP90Ms">P90 to hold; 0 for none.</param>
/// <param name="TargetP99Ms">P99 to hold; 0 for none.</param>
internal readonly record struct LimitBounds(int Initial = 20, int Min = 4, int Max = 1000, double TargetP90Ms = 0, double TargetP99Ms = 0)
{
    public double Clamp(double limit) => Math.Clamp(limit, Min, Max);
}
