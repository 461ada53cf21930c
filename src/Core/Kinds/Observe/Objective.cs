namespace Mainstay.Core.Kinds.Observe;

/// <summary>How well a route is to serve.</summary>
public sealed record Objective : Resource
{
    public required ObjectiveSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>An objective as the manifest declares it. At least one of availability and p99 is given.</summary>
public sealed record ObjectiveSpec
{
    /// <summary>The route that it is of.</summary>
    public required string Route { get; init; }

    /// <summary>Which part of the requests is to be answered without an error of the server's. 50% to 99.999%. Default: not looked at.</summary>
    public Share? Availability { get; init; }

    /// <summary>How long 99 of 100 requests may take at most. 1ms to 1h. Default: not looked at.</summary>
    public TimeSpan? P99 { get; init; }

    /// <summary>Over how long it is to hold, up to now. Default 30d; 1d to 90d.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromDays(30);

    public IEnumerable<Problem> Validate()
    {
        if (Availability is null && P99 is null)
        {
            yield return new("availability", "nothing is asked of the route", "give availability, p99, or both");
        }

        if (Availability is { Fraction: < 0.5 or > 0.99999 })
        {
            yield return new("availability", $"{Availability} is outside 50% to 99.999%", "choose a share within: an objective that allows no error at all has no budget");
        }

        foreach (var problem in (P99 is { } most ? Limits.Between("p99", most, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)) : [])
            .Concat(Limits.Between("window", Window, TimeSpan.FromDays(1), TimeSpan.FromDays(90))))
        {
            yield return problem;
        }
    }
}
