using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>What one loop accepts from: usually one listening socket; more where a predecessor had more loops, none where the system gave too few.</summary>
internal sealed class DoorLane
{
    private readonly Loop loop;
    private readonly ListeningEnd[] ends;
    private readonly Waiter waiting = new();
    private bool isWaiting;
    private bool hasEntered;
    private volatile bool closed;

    public DoorLane(Loop loop, IReadOnlyList<Socket> sockets)
    {
        this.loop = loop;
        ends = [.. sockets.Select(socket => new ListeningEnd(loop, socket, Wake))];
    }

    /// <summary>The next connection, on the loop's thread; null when closed.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<Wire?> AcceptAsync()
    {
        await loop.Enter();
        if (!hasEntered)
        {
            hasEntered = true;
            foreach (var end in ends) end.Enter();
        }
        while (!closed && loop.IsCurrent)
        {
            foreach (var end in ends)
            {
                if (end.HasMore && end.TryAccept() is { } wire) return wire;
            }
            isWaiting = true;
            await waiting.Begin();
        }
        return null;
    }

    /// <summary>Accepts no more, from now on; from any thread.</summary>
    public void Leave()
    {
        closed = true;
        foreach (var end in ends) end.Leave();
        loop.Post(() =>
        {
            foreach (var end in ends) end.Forget();
            Wake();
        });
    }

    private void Wake()
    {
        if (!isWaiting) return;
        isWaiting = false;
        waiting.Complete(0);
    }
}
