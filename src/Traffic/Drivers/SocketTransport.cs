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
    /// <summary>Connections that may wait to be accepted, per listener. The kernel may cap it lower (net.core.somaxconn).</summary>
    public const int Backlog = 4096;

    public Opened Listen(IPEndPoint at)
    {
        var name = SocketHandover.NameOf(at);
        if (handover?.Claim(name) is { } kept) return new Opened(new SocketDoor(kept, name, handover), null);
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(at);
            socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            return new Opened(null, $"{at} cannot be bound: {e.SocketErrorCode}");
        }
        var door = new SocketDoor(socket, SocketHandover.NameOf((IPEndPoint)socket.LocalEndPoint!), handover);
        handover?.Deposit(SocketHandover.NameOf(door.At), socket);
        return new Opened(door, null);
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

/// <summary>A listening TCP socket.</summary>
#pragma warning disable CA1001 // Closed by Close, as every door is.
internal sealed class SocketDoor : IDoor
#pragma warning restore CA1001
{
    private readonly Socket socket;
    private readonly string name;
    private readonly SocketHandover? handover;
    private readonly SocketOperation accept = new();

    public SocketDoor(Socket socket, string name, SocketHandover? handover)
    {
        this.socket = socket;
        this.name = name;
        this.handover = handover;
        At = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint At { get; }

    public async ValueTask<Wire?> AcceptAsync(int lane = 0)
    {
        while (true)
        {
            var outcome = await accept.Accept(socket);
            if (outcome >= 0 && accept.AcceptSocket is { } accepted)
            {
                if (TryPrepare(accepted, out var peer)) return new SocketWire(accepted, peer);
                continue;
            }
            switch (accept.SocketError)
            {
                // The client left while it waited, or descriptors ran out: neither ends the door.
                case SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted or SocketError.ProtocolOption:
                    continue;
                case SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable:
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
                    continue;
                default:
                    return null;
            }
        }
    }

    public void Close(bool forget)
    {
        if (forget) handover?.Forget(name);
        // .NET shuts a socket down on close when it may have waiters, unless the descriptor is inheritable; a shutdown would
        // end the shared socket for the process that takes over as well.
        if (handover is not null) UnixDescriptors.MarkShared(socket.SafeHandle);
        socket.Dispose();
        accept.Dispose();
    }

    private static bool TryPrepare(Socket accepted, out IPEndPoint? peer)
    {
        try
        {
            accepted.NoDelay = true;
            peer = (IPEndPoint?)accepted.RemoteEndPoint;
            return true;
        }
        catch (SocketException)
        {
            accepted.Dispose();
            peer = null;
            return false;
        }
    }
}
