using System.Net.Sockets;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>One listening socket on its loop.</summary>
/// <remarks>Closed from any thread and at once: the lock keeps its descriptor from being accepted on after that.</remarks>
internal sealed unsafe class ListeningEnd : IReady
{
    private readonly Loop loop;
    private readonly Action woken;
    private int descriptor;
    private int slot = -1;
    private bool isStarved;

    /// <summary>On the loop's thread. The descriptor is registered and blocks nobody from now on.</summary>
    /// <param name="loop">Whose it is.</param>
    /// <param name="socket">The socket; the caller closes it after <see cref="Leave"/>.</param>
    /// <param name="woken">Called when there may be something to accept.</param>
    public ListeningEnd(Loop loop, Socket socket, Action woken)
    {
        this.loop = loop;
        this.woken = woken;
        descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    }

    /// <summary>There may be something to accept.</summary>
    public bool HasMore { get; private set; } = true;

    /// <summary>Begins. On the loop's thread.</summary>
    public void Enter()
    {
        lock (this)
        {
            if (descriptor < 0) return;
            Native.SetNonBlocking(descriptor);
            Native.SetNoDelay(descriptor);
            slot = loop.Add(this, descriptor);
        }
    }

    /// <summary>Ends, from any thread.</summary>
    public void Leave()
    {
        lock (this)
        {
            if (descriptor < 0) return;
            // Another process may hold the same socket: closing ours would not end the reports.
            loop.Silence(descriptor);
            descriptor = -1;
        }
    }

    /// <summary>After <see cref="Leave"/>, on the loop's thread.</summary>
    public void Forget()
    {
        if (slot >= 0) loop.Remove(slot);
        slot = -1;
    }

    /// <summary>The next connection, or null when there is none now.</summary>
    public EpollWire? TryAccept()
    {
        if (isStarved) return null;
        if (!loop.MayGoOn())
        {
            loop.Later(this);
            return null;
        }
        var address = stackalloc byte[Native.AddressBytes];
        while (true)
        {
            int accepted;
            lock (this) accepted = descriptor < 0 ? -1 : Native.Accept(descriptor, address);
            if (accepted >= 0) return new EpollWire(loop, accepted, PeerAddress.Read(address));
            switch (descriptor < 0 ? Native.Again : Native.LastError)
            {
                case Native.TooManyOpen or Native.TooManyInSystem or Native.NoBuffers or Native.NoMemory:
                    isStarved = true;
                    loop.LaterStarved(this);
                    return null;
                // The client left while it waited, or was not let in.
                case Native.Interrupted or Native.Aborted or Native.Protocol or Native.NotPermitted:
                    continue;
                default:
                    HasMore = false;
                    return null;
            }
        }
    }

    void IReady.Ready(uint events)
    {
        HasMore = true;
        woken();
    }

    void IReady.GoOn()
    {
        isStarved = false;
        woken();
    }

    void IReady.End() => Leave();
}
