namespace Mainstay.Core.Kinds.Schedule;

/// <summary>Where a service can be reached now. Schedule writes it, Traffic watches it. Its name is the service's.</summary>
public sealed record Endpoints : Resource
{
    public IReadOnlyList<Endpoint> Items { get; init; } = [];
}

/// <summary>One address of a service.</summary>
/// <param name="Instance">Name of the instance that listens there.</param>
/// <param name="Address">As <c>host:port</c>.</param>
/// <param name="Version">Version of the service's software; empty when none is declared.</param>
public sealed record Endpoint(string Instance, string Address, string Version);
