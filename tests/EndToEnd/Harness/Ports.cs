using System.Net;
using System.Net.Sockets;

namespace Mainstay.EndToEnd.Harness;

/// <summary>Ports that nobody uses now, from the system's ephemeral range: apart from those that agents and the mesh choose from.</summary>
static class Ports
{
    /// <summary>Gives <paramref name="count"/> different free ports.</summary>
    public static int[] Free(int count)
    {
        var held = Enumerable.Range(0, count).Select(_ => Hold()).ToArray();
        var ports = held.Select(s => ((IPEndPoint)s.LocalEndPoint!).Port).ToArray();
        Array.ForEach(held, s => s.Dispose());
        return ports;
    }

    /// <summary>Listens on a free port until disposed.</summary>
    public static Socket Hold()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
