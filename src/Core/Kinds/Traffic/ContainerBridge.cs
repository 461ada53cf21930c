namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// The network in which a host's container engine puts containers that have one of their own, as the host sees it. The agent writes it down before it starts such a container that calls others, and the host's gateway listens there:
/// on <see cref="Address"/>, for connections from <see cref="Subnet"/> alone.
/// </summary>
/// <param name="Address">The host's own address in that network: what a container there has for its way out.</param>
/// <param name="Subnet">The addresses of containers, as <c>10.88.0.0/16</c>.</param>
public sealed record ContainerBridge(string Address, string Subnet)
{
    /// <summary>How far below a link's port the one lies by which the other of two versions calls.</summary>
    public const int OtherBelow = 13_000;

    /// <summary>Where the agent leaves it for the gateway, in the data folder.</summary>
    public static string FileIn(string dataFolder) => Path.Combine(dataFolder, "gateway", "bridge.json");

    /// <summary>The port on <see cref="Address"/> by which a container calls over a link.</summary>
    /// <param name="link">The link's port on the loopback address.</param>
    /// <param name="isOther">Whether it calls by <see cref="MeshLink.OtherAddress"/> where it has the host's loopback.</param>
    public static int PortOf(int link, bool isOther) => isOther ? link - OtherBelow : link;
}
