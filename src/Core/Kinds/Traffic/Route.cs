namespace Mainstay.Core.Kinds.Traffic;

/// <summary>One route of the gateway: which requests go to which service, and how.</summary>
public sealed record Route : Resource
{
    public required RouteSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>A route as the manifest declares it.</summary>
public sealed record RouteSpec : CallSpec
{
    public required RouteMatch Match { get; init; }

    /// <summary>The service that answers.</summary>
    public required string To { get; init; }

    /// <summary>Who may use it. Default: everybody.</summary>
    public GuardSpec? Guard { get; init; }

    public IEnumerable<Problem> Validate() => Match.Validate().Select(p => p.Under("match")).Concat(ValidateCall())
        .Concat(Guard?.Validate().Select(p => p.Under("guard")) ?? []);
}
