using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path.Mesh;

/// <summary>
/// Gives the containers of this host that have a network of their own the listeners by which they call others: beside each listener of such a caller on a loopback address, one on the host's address in that network.
/// As there, the listener says which of two versions calls; there it is the address that differs, here the port.
/// </summary>
internal static class BridgeDoors
{
    public static TableModel AddTo(TableModel table, ContainerBridge? bridge) =>
        bridge is null || !table.Listeners.Any(l => l.Bridged == true) ? table
        : table with { Listeners = [.. table.Listeners, .. table.Listeners.Where(l => l.Bridged == true).Select(l => Beside(l, bridge))] };

    /// <summary>How the doors stand.</summary>
    public static PolicyReport Report(Gateway gateway) =>
        new("gateway/gateway", "bridge", "bridge", "ready", "", new Dictionary<string, double> { ["turnedAway"] = gateway.TurnedAway });

    private static ListenerModel Beside(ListenerModel listener, ContainerBridge bridge) => listener with
    {
        Name = MeshLink.BridgedOf(listener.Name),
        Address = bridge.Address,
        Port = ContainerBridge.PortOf(listener.Port, MeshLink.IsOther(listener.Name)),
        Link = listener.Link ?? listener.Name,
        Sources = [bridge.Subnet],
        Bridged = null,
    };
}
