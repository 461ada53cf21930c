using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Schedule;

/// <summary>Where a service can be reached now. Schedule writes it, Traffic watches it. Its name is the service's.</summary>
public sealed record Endpoints : Resource
{
    public IReadOnlyList<Endpoint> Items { get; init; } = [];

    /// <summary>How requests are divided while a release is under way; null for no division.</summary>
    public EndpointSplit? Split { get; init; }

    /// <summary>True while what runs is replaced and the next instance is about to answer: requests wait for it. Null otherwise.</summary>
    public bool? Awaited { get; init; }
}

/// <summary>How requests are divided among the instances of two versions.</summary>
/// <param name="New">Names of the instances of the new version; the others are of the old one.</param>
/// <param name="Weight">The new version's part of the requests, in hundredths of a percent. 0 to 10000.</param>
public sealed record EndpointSplit(IReadOnlyList<string> New, int Weight)
{
    /// <summary>What tells users apart; see <see cref="SplitSpec.By"/>.</summary>
    public string? By { get; init; }

    /// <summary>Services whose splits have the same group get the new version's part together: the least of all of them. Null for none.</summary>
    public string? Group { get; init; }

    /// <summary>Which address of its mesh links the new version calls by: see <see cref="InstanceTemplate.Other"/>.</summary>
    public bool? Other { get; init; }

    /// <summary>Requests that the new version gets in any case.</summary>
    public SplitWhen? When { get; init; }
}

/// <summary>One address of a service.</summary>
/// <param name="Instance">Name of the instance that listens there.</param>
/// <param name="Address">As <c>host:port</c>.</param>
/// <param name="Version">Version of the service's software; empty when none is declared.</param>
public sealed record Endpoint(string Instance, string Address, string Version);
