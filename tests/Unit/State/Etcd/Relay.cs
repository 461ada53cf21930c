using System.Net;
using System.Net.Sockets;

namespace Mainstay.Tests.State.Etcd;

/// <summary>Carries bytes to a server and back, until it is told to lose them.</summary>
sealed class Relay : IAsyncDisposable
{
    readonly Lock gate = new();
    readonly HashSet<Socket> open = [];
    readonly Uri target;
    readonly int port;
    Socket? listener;
    int cutNext;
    int cuts;

    public Relay(Uri target)
    {
        this.target = target;
        port = FreePorts.One();
        Resume();
    }

    public Uri Url => new($"http://127.0.0.1:{port}");

    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>The connection is cut when the next large enough request has gone through and its answer comes.</summary>
    public void CutNextAnswer() => Volatile.Write(ref cutNext, 1);

    public void Resume()
    {
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        _ = AcceptAsync(listener);
    }

    public void Stop()
    {
        listener!.Dispose();
        CloseAll();
    }

    public ValueTask DisposeAsync()
    {
        Stop();
        return ValueTask.CompletedTask;
    }

    async Task AcceptAsync(Socket from)
    {
        try
        {
            while (true)
            {
                var here = await from.AcceptAsync();
                var there = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await there.ConnectAsync(target.Host, target.Port);
                lock (gate)
                    (_, _) = (open.Add(here), open.Add(there));
                var armed = new StrongBox();
                _ = CarryAsync(here, there, armed, request: true);
                _ = CarryAsync(there, here, armed, request: false);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // It was stopped.
        }
    }

    async Task CarryAsync(Socket from, Socket to, StrongBox armed, bool request)
    {
        var buffer = new byte[65_536];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var got)
            {
                // A request with data: frames of acknowledgements are shorter.
                if (request && got > 100 && Interlocked.Exchange(ref cutNext, 0) == 1)
                    armed.Set = true;
                else if (!request && armed.Set)
                {
                    Interlocked.Increment(ref cuts);
                    break;
                }

                await to.SendAsync(buffer.AsMemory(0, got));
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The other side went first.
        }

        from.Dispose();
        to.Dispose();
    }

    void CloseAll()
    {
        lock (gate)
        {
            foreach (var socket in open)
                socket.Dispose();
            open.Clear();
        }
    }

    sealed class StrongBox
    {
        public volatile bool Set;
    }
}
