namespace Mainstay.Core.Kinds.Traffic;

/// <summary>How requests reach a service, whoever sends them.</summary>
public sealed record TrafficSpec
{
    /// <summary>How one of several instances is picked. Default powerOfTwo.</summary>
    public Balance Balance { get; init; } = Balance.PowerOfTwo;

    public IEnumerable<Problem> Validate() => [];
}

/// <summary>How one of several endpoints is picked.</summary>
public enum Balance
{
    /// <summary>Of two taken at random, the one with fewer requests in flight.</summary>
    PowerOfTwo,

    /// <summary>One after the other.</summary>
    RoundRobin,
}
