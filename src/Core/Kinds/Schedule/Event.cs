namespace Mainstay.Core.Kinds.Schedule;

/// <summary>Something that happened to a resource, for people. The newest 10,000 are kept.</summary>
public sealed record Event : Resource
{
    public required DateTimeOffset At { get; init; }

    /// <summary>What it happened to, as <c>kind/name</c>.</summary>
    public required string About { get; init; }

    /// <summary>One CamelCase word.</summary>
    public required string Reason { get; init; }

    public required string Message { get; init; }

    public Severity Severity { get; init; }
}

/// <summary>How much an event matters.</summary>
public enum Severity
{
    Info,
    Warning,
    Error,
}
