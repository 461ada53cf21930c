using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers;

/// <summary>Listening TCP sockets of one address, each a lane of its own.</summary>
internal sealed class SocketDoor : IDoor
{
    private static readonly TimeSpan Starved = TimeSpan.FromMilliseconds(50);
    private readonly IReadOnlyList<Socket> sockets;
    private readonly SocketHandover? handover;
    private readonly SocketOperation[] accepts;

    public SocketDoor(IReadOnlyList<Socket> sockets, SocketHandover? handover)
    {
        this.sockets = sockets;
        this.handover = handover;
        accepts = [.. sockets.Select(_ => new SocketOperation())];
        At = ListeningSockets.AddressOf(sockets[0]);
    }

    public IPEndPoint At { get; }

    public int Lanes => sockets.Count;

    public async ValueTask<Wire?> AcceptAsync(int lane = 0)
    {
        var accept = accepts[lane];
        while (true)
        {
            var outcome = await accept.Accept(sockets[lane]);
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
                    await Task.Delay(Starved, TimeProvider.System, CancellationToken.None);
                    continue;
                default:
                    return null;
            }
        }
    }

    public void Close(bool forget)
    {
        ListeningSockets.Close(sockets, At, handover, forget);
        foreach (var accept in accepts) accept.Dispose();
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
