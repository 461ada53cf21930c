using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>
/// Managed .NET sockets. Started with <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1</c>, every completion runs on the socket
/// engine's thread, which costs half the CPU of a hop to the pool; it is correct without it too.
/// </summary>
/// <param name="handover">Where listening sockets are kept across processes; null to work alone.</param>
public sealed class SocketTransport(SocketHandover? handover = null) : ITransport
{
    public Opened Listen(IPEndPoint at, bool isComing = false)
    {
        var sockets = ListeningSockets.Open(at, 1, handover, isComing, out var error);
        return error is null ? new Opened(new SocketDoor(sockets, handover), null) : new Opened(null, error);
    }

    public async ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var operation = new SocketOperation { RemoteEndPoint = to };
        attempt.OnGiveUp(socket.Dispose);
        var outcome = await operation.Connect(socket);
        attempt.OnGiveUp(null);
        if (outcome >= 0) return new SocketWire(socket, to);
        socket.Dispose();
        return null;
    }
}
