using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Host.Api.Traffic;

/// <summary>An intervention as it is asked for. Exactly one act is given.</summary>
public sealed record InterventionBody
{
    /// <summary><c>route/NAME</c>, <c>need/CALLER.CALLEE</c>, <c>service/NAME</c> or, for a degradation, <c>criticality/LEVEL</c>; for a ban also <c>gateway/gateway</c>, the whole front door.</summary>
    public required string About { get; init; }

    /// <summary>Why, in words. 1 to 500 characters.</summary>
    public required string Reason { get; init; }

    /// <summary>For how long. Default 10m; at most 30d.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Holds the breaker open or closed.</summary>
    public BreakerForce? Breaker { get; init; }

    /// <summary>Disturbs requests on purpose.</summary>
    public FaultSpec? Fault { get; init; }

    /// <summary>Throws a degradation that the route or need declares.</summary>
    public string? Degrade { get; init; }

    /// <summary>Changes what limits do.</summary>
    public LimitSwitch? Limits { get; init; }

    /// <summary>Admits only requests of this level or higher.</summary>
    public int? Admit { get; init; }

    /// <summary>Turns a client away: its address, or a range.</summary>
    public string? Ban { get; init; }

    /// <summary>Keeps requests from this instance of the service.</summary>
    public string? Eject { get; init; }

    public Intervention ToIntervention(string name, string by, DateTimeOffset now) => new()
    {
        Name = name,
        About = About,
        Reason = Reason,
        By = by,
        At = now,
        Until = For > TimeSpan.Zero && For <= Intervention.Longest ? now + For : now,
        Breaker = Breaker,
        Fault = Fault,
        Degrade = Degrade,
        Limits = Limits,
        Admit = Admit,
        Ban = Ban,
        Eject = Eject,
    };
}
