namespace Mainstay.Host.Rehearse;

/// <summary>What can be rehearsed.</summary>
public enum RehearsalKind
{
    HostDown,
    InstanceDown,
    ServiceDown,
    Release,
    Traffic,
}

/// <summary>A rehearsal's terms, once everything about them is right.</summary>
public sealed record RehearsalTerms
{
    public required RehearsalKind Kind { get; init; }

    public IReadOnlyList<string> Names { get; init; } = [];

    public string Version { get; init; } = "";

    /// <summary>0 to 1; null for as many as now.</summary>
    public double? Errors { get; init; }

    public double Slow { get; init; } = 1;

    /// <summary>Requests per second; null for as many as now.</summary>
    public double? Rate { get; init; }

    public double Factor { get; init; } = 1;

    public TimeSpan For { get; init; } = TimeSpan.FromMinutes(5);

    public int Seed { get; init; } = 1;

    /// <summary>In words.</summary>
    public string Title { get; init; } = "";
}
