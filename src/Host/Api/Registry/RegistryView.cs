using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Api.Registry;

/// <summary>What services there are, in ordinal order of names.</summary>
public sealed record RegistryView(IReadOnlyList<RegisteredService> Items);

/// <summary>A service as the registry knows it.</summary>
/// <param name="By">process, container, or external for what others run.</param>
/// <param name="Wanted">How many instances are wanted; of an external one, how many addresses there are.</param>
/// <param name="Ready">How many can serve.</param>
/// <param name="Versions">In which versions it is there, the newest first.</param>
/// <param name="Instances">In order of names.</param>
public sealed record RegisteredService(
    string Name,
    string By,
    Criticality Criticality,
    Lifecycle State,
    string Reason,
    string Message,
    int Wanted,
    int Ready,
    IReadOnlyList<RegisteredVersion> Versions,
    IReadOnlyList<RegisteredInstance> Instances);

/// <summary>A version of a service.</summary>
/// <param name="Version">Empty where none is known.</param>
/// <param name="Instances">How many of it there are.</param>
/// <param name="Ready">How many of them can serve.</param>
public sealed record RegisteredVersion(string Version, int Instances, int Ready);

/// <summary>One that answers for a service, or is to.</summary>
/// <param name="Name">An instance's name; of an external service, that of its address.</param>
/// <param name="Address">As <c>host:port</c>; empty where it is not known yet.</param>
/// <param name="State">pending, starting, ready, unhealthy, backoff, draining, stopping or stopped.</param>
/// <param name="InTable">Whether requests are led to it.</param>
/// <param name="Since">Since when it is in that state, where that is known.</param>
/// <param name="Message">Why it is not ready, for people.</param>
public sealed record RegisteredInstance(string Name, string Address, string Version, string State, bool InTable, DateTimeOffset? Since, string Message)
{
    /// <summary>The host that it runs on; null for what others run.</summary>
    public string? Host { get; init; }

    /// <summary>That host's zone.</summary>
    public string? Zone { get; init; }

    /// <summary>Of an external service: <c>declared</c>, or <c>registered</c>.</summary>
    public string? Source { get; init; }

    /// <summary>The registration's id.</summary>
    public string? Id { get; init; }

    /// <summary>The registration's lease.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Who registered it.</summary>
    public string? RegisteredBy { get; init; }

    /// <summary>What who registered it says of it.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}
