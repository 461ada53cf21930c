namespace Mainstay.Core.Kinds.Schedule;

/// <summary>What the checks of a service that others run say of its addresses. Its name is the service's; the server that checks them writes it.</summary>
public sealed record Vitals : Resource
{
    public IReadOnlyList<Vital> Items { get; init; } = [];
}

/// <summary>What the checks of one address say.</summary>
/// <param name="Id">Which of the service's addresses: the id of a registration, or what was declared.</param>
/// <param name="Given">The address as it was declared or registered: <c>host:port</c>.</param>
/// <param name="Address">What is checked of it: an IP address with its port; empty where the name has none.</param>
/// <param name="State">What the checks say.</param>
/// <param name="Since">Since when they say so.</param>
/// <param name="Message">What the last failing check said; empty after a good one.</param>
public sealed record Vital(string Id, string Given, string Address, VitalState State, DateTimeOffset Since, string Message = "");

/// <summary>What checks say of an address.</summary>
public enum VitalState
{
    /// <summary>None has passed yet.</summary>
    Unknown,

    /// <summary>It can serve.</summary>
    Passing,

    /// <summary>It could serve, and so many checks in a row have failed.</summary>
    Failing,
}
