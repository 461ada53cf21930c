namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Something that is done to the running traffic for a while, by hand or by a finding: with a reason, an end and an undo. It does not change
/// what is declared; when it ends, what is declared holds again. Exactly one of its acts is given.
/// </summary>
public sealed record Intervention : Resource
{
    /// <summary>The longest it may last.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>The whole front door, as <see cref="About"/> names it.</summary>
    public const string FrontDoor = "gateway/gateway";

    /// <summary>What it is done to: <c>route/NAME</c>, <c>need/CALLER.CALLEE</c> (one caller's way to a service), <c>service/NAME</c> (every way to it), <c>criticality/LEVEL</c> (a degradation on every way that matters so much); a ban also to <c>gateway/gateway</c> (the whole front door).</summary>
    public required string About { get; init; }

    /// <summary>Why, in words. 1 to 500 characters.</summary>
    public required string Reason { get; init; }

    /// <summary>Who did it.</summary>
    public string By { get; init; } = "";

    public required DateTimeOffset At { get; init; }

    /// <summary>When it ends by itself; also where the server is away by then.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Holds the breaker open (nothing passes, the fallback answers) or closed (everything passes).</summary>
    public BreakerForce? Breaker { get; init; }

    /// <summary>Disturbs requests on purpose.</summary>
    public FaultSpec? Fault { get; init; }

    /// <summary>Throws a named degradation that the route or need declares.</summary>
    public string? Degrade { get; init; }

    /// <summary>Changes what its limits do.</summary>
    public LimitSwitch? Limits { get; init; }

    /// <summary>Admits only requests of this level or higher. 0 to 65,535.</summary>
    public int? Admit { get; init; }

    /// <summary>Turns a client away: its address, or a range such as <c>10.1.0.0/16</c>.</summary>
    public string? Ban { get; init; }

    /// <summary>Keeps requests from one instance of the service that it is about; it runs on. Never the last one that serves. It comes back with the server's next table after the end.</summary>
    public string? Eject { get; init; }

    public override IEnumerable<Problem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (!IsAbout(About))
        {
            yield return new("about", $"'{About}' is nothing that can be intervened in", "write route/NAME, need/CALLER.CALLEE or service/NAME; for a ban also gateway/gateway");
        }

        if (About == FrontDoor && Ban is null)
        {
            yield return new("about", "the whole front door can only be closed to clients", "give a ban, or write route/NAME, need/CALLER.CALLEE or service/NAME");
        }

        if (Reason.Trim().Length is 0 or > 500)
        {
            yield return new("reason", "an intervention needs a reason of 1 to 500 characters", "say why, for whoever finds it later");
        }

        if (Until <= At || Until - At > Longest)
        {
            yield return new("until", "the end is not within 30 days after the beginning", "choose an end, for example in 10m");
        }

        if (About.StartsWith("criticality/", StringComparison.Ordinal) && Degrade is null)
        {
            yield return new("about", "only degradations are thrown by criticality", "write route/NAME, need/CALLER.CALLEE or service/NAME, or throw a degradation");
        }

        var acts = new object?[] { Breaker, Fault, Degrade, Limits, Admit, Ban, Eject }.Count(a => a is not null);
        if (acts != 1)
        {
            yield return new("", $"{acts} acts are given", "give exactly one of breaker, fault, degrade, limits, admit, ban, eject");
        }

        if (Eject is not null && !About.StartsWith("service/", StringComparison.Ordinal))
        {
            yield return new("about", $"an instance is ejected from its service, '{About}' is none", "write service/NAME");
        }

        foreach (var problem in Fault?.Validate().Select(p => p.Under("fault")) ?? [])
        {
            yield return problem;
        }

        if (Admit is < 0 or > 65_535)
        {
            yield return new("admit", $"{Admit} is outside 0 to 65535", "choose a level within");
        }

        if (Ban is not null && !AddressRanges.IsRange(Ban))
        {
            yield return new("ban", $"'{Ban}' is neither an IP address nor a range", "write for example 10.1.2.3 or 10.1.0.0/16");
        }
    }

    /// <summary>What it does, in words: <c>breaker open</c>.</summary>
    public string Act() =>
        Breaker is { } breaker ? $"breaker {(breaker == BreakerForce.Open ? "open" : "closed")}"
        : Fault is { } fault ? $"fault on {fault.Percent}"
        : Degrade is { } degradation ? $"degradation {degradation}"
        : Limits is { } limits ? limits switch { LimitSwitch.Off => "limits off", LimitSwitch.DryRun => "limits count only", _ => "limits on" }
        : Admit is { } level ? $"admission from level {level}"
        : Eject is { } instance ? $"ejection of {instance}"
        : $"ban of {Ban}";

    static bool IsAbout(string about) => about == FrontDoor || about.Split('/') is [var kind, var name] && kind switch
    {
        "route" or "service" => Names.IsValid(name),
        "criticality" => name is "critical" or "high" or "medium" or "low",
        "need" => name.Contains('.', StringComparison.Ordinal) && Names.IsValid(name),
        _ => false,
    };
}

/// <summary>What a breaker is held at.</summary>
public enum BreakerForce
{
    Open,
    Closed,
}

/// <summary>What limits are made to do.</summary>
public enum LimitSwitch
{
    /// <summary>They let everything pass and count nothing.</summary>
    Off,

    /// <summary>They only count what they would have turned away.</summary>
    DryRun,

    /// <summary>They limit, also where a dry run is declared.</summary>
    On,
}

/// <summary>A fault on purpose, for game days. At least one effect is given; each request that is drawn gets all of them.</summary>
public sealed record FaultSpec
{
    /// <summary>Which part of the requests is disturbed. Default 100%.</summary>
    public Share Percent { get; init; } = new(1);

    /// <summary>Held back for this long before it goes on. Up to 5m.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Answered with this status instead of the service's answer. 400 to 599.</summary>
    public int? Abort { get; init; }

    /// <summary>The client's connection is reset instead of an answer.</summary>
    public bool Reset { get; init; }

    /// <summary>The response passes with so many bytes per second at most. At least 1.</summary>
    public ByteSize? Bandwidth { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Delay is null && Abort is null && !Reset && Bandwidth is null)
        {
            yield return new("", "the fault has no effect", "give delay, abort, reset or bandwidth");
        }

        if (Delay is { } delay && (delay <= TimeSpan.Zero || delay > TimeSpan.FromMinutes(5)))
        {
            yield return new("delay", $"{Durations.Format(delay)} is outside 1us to 5m", "choose a duration within");
        }

        if (Abort is < 400 or > 599)
        {
            yield return new("abort", $"{Abort} is not an error status", "choose a status from 400 to 599");
        }

        if (Bandwidth is { Bytes: 0 })
        {
            yield return new("bandwidth", "no byte could pass", "choose at least 1");
        }
    }
}
