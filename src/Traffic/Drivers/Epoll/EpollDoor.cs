using System.Net;
using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>The listening sockets of one address, spread over the loops: what a loop accepts stays on it.</summary>
internal sealed class EpollDoor : IDoor
{
    private readonly IReadOnlyList<Socket> sockets;
    private readonly SocketHandover? handover;
    private readonly DoorLane[] lanes;
    private int closed;

    public EpollDoor(IReadOnlyList<Loop> loops, IReadOnlyList<Socket> sockets, SocketHandover? handover)
    {
        this.sockets = sockets;
        this.handover = handover;
        At = ListeningSockets.AddressOf(sockets[0]);
        lanes = [.. loops.Select(loop => new DoorLane(loop, [.. sockets.Where((_, index) => index % loops.Count == loop.Lane)]))];
    }

    public IPEndPoint At { get; }

    public int Lanes => lanes.Length;

    public ValueTask<Wire?> AcceptAsync(int lane = 0) => lanes[lane].AcceptAsync();

    public void Close(bool forget)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0) return;
        foreach (var lane in lanes) lane.Leave();
        ListeningSockets.Close(sockets, At, handover, forget);
    }
}
