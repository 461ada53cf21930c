using System.Net;
using System.Net.Sockets;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic;

/// <summary>An endpoint that does exactly what a test says: one script for each connection it accepts.</summary>
public sealed class RawUpstream : IAsyncDisposable
{
    readonly Socket door = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly Func<RawPeer, int, Task> script;
    readonly Task accepting;
    readonly List<Task> running = [];
    readonly List<RawPeer> peers = [];
    int accepted;

    /// <param name="script">Gets the connection and its number, from 0.</param>
    public RawUpstream(Func<RawPeer, int, Task> script)
    {
        this.script = script;
        door.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        door.Listen(64);
        Port = ((IPEndPoint)door.LocalEndPoint!).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections accepted so far.</summary>
    public int Accepted => Volatile.Read(ref accepted);

    public EndpointModel Endpoint(string instance = "one") => new(instance, "127.0.0.1", Port);

    /// <summary>Answers each request with the same bytes for as long as the connection lasts.</summary>
    public static RawUpstream Always(string response) => new(async (peer, _) =>
    {
        try
        {
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync(response);
        }
        catch (TimeoutException)
        {
            // A connection that is kept for later may stay silent for longer than the test has patience.
        }
    });

    /// <summary>A port on which nobody listens.</summary>
    public static int DeadPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public async ValueTask DisposeAsync()
    {
        door.Dispose();
        await accepting;
        lock (peers) peers.ForEach(peer => peer.Dispose());
        await Task.WhenAll(running).WaitAsync(RawPeer.Patience, TimeProvider.System);
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var peer = new RawPeer(await door.AcceptAsync());
                lock (peers) peers.Add(peer);
                running.Add(RunAsync(peer, Interlocked.Increment(ref accepted) - 1));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    async Task RunAsync(RawPeer peer, int number)
    {
        try
        {
            await script(peer, number);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The gateway ended the connection; whether it should have is the test's question.
        }
        finally
        {
            peer.Dispose();
        }
    }
}
