using System.Net;
using System.Net.Sockets;

namespace Mainstay.Host.Roles;

/// <summary>Sees whether an address can be listened on, before anything is promised for it.</summary>
static class PortProbe
{
    /// <summary>Why nobody can listen there now; null where somebody can.</summary>
    /// <remarks>
    /// The runtime lets a port be taken whose last connections linger (SO_REUSEADDR) by itself. Asking it for ReuseAddress would set SO_REUSEPORT
    /// too, with which the probe joins the group of a gateway that listens there already, and says that the port is free.
    /// </remarks>
    public static SocketException? Refusal(IPEndPoint at)
    {
        using var probe = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(at);
            probe.Listen();
            return null;
        }
        catch (SocketException refused)
        {
            return refused;
        }
    }
}
