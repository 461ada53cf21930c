using System.Net;
using System.Net.Sockets;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Listening sockets that outlive a gateway, over a real Unix domain socket.</summary>
public abstract class SocketHandoverTests(TransportKind kind) : IDisposable
{
    readonly List<ITransport> transports = [];

    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    [Fact]
    public async Task A_successor_answers_what_arrived_while_no_gateway_ran()
    {
        using var folder = new TempFolder();
        using var store = new FdStore();
        using var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource();
        var running = store.RunAsync(folder["fds"], stop.Token, listening.SetResult);
        await listening.Task;

        // A gateway that was killed right after it had deposited its socket.
        int port;
        using (var killed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            killed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            killed.Listen();
            port = ((IPEndPoint)killed.LocalEndPoint!).Port;
            using var handover = new SocketHandover(folder["fds"]);
            handover.Deposit(SocketHandover.NameOf(new IPEndPoint(IPAddress.Loopback, port)), killed);
            store.Names.ShouldBe([$"tcp:127.0.0.1:{port}"]);
            UnixDescriptors.MarkShared(killed.SafeHandle);
        }
        using var waiting = await RawPeer.ConnectAsync(new(IPAddress.Loopback, port));
        await waiting.SendAsync(Get);

        await using (var second = Gateway(folder, port))
        {
            (await waiting.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 404 ");

            // The old and the new one share the socket while the old one drains.
            await using var third = Gateway(folder, port);
            await second.DrainAsync(TimeSpan.Zero);
            using var late = await RawPeer.ConnectAsync(new(IPAddress.Loopback, port));
            await late.SendAsync(Get);
            (await late.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 404 ");
        }
        store.Release($"tcp:127.0.0.1:{port}").ShouldBeTrue();
        await Should.ThrowAsync<SocketException>(() => RawPeer.ConnectAsync(new(IPAddress.Loopback, port)));
        await stop.CancelAsync();
        await running;
        File.Exists(folder["fds"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_listener_that_leaves_the_table_leaves_the_store()
    {
        using var folder = new TempFolder();
        using var store = new FdStore();
        using var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource();
        var running = store.RunAsync(folder["fds"], stop.Token, listening.SetResult);
        await listening.Task;
        await using (var gateway = Gateway(folder, 0))
        {
            store.Names.Count.ShouldBe(kind == TransportKind.Epoll ? 2 : 1);
            gateway.Apply(TableModel.Empty with { Revision = 2 });
            store.Names.ShouldBeEmpty();
        }
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Without_a_store_the_gateway_works_alone()
    {
        using var folder = new TempFolder();
        await using var gateway = Gateway(folder, 0);
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 404 ");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 4)]
    public async Task A_successor_of_another_size_takes_every_socket_and_what_waits_in_it(int loops, int kept)
    {
        using var folder = new TempFolder();
        using var store = new FdStore();
        using var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource();
        var running = store.RunAsync(folder["fds"], stop.Token, listening.SetResult);
        await listening.Task;
        int port;
        await using (var first = Gateway(folder, 0, loops: 3))
        {
            port = first.AddressOf("gateway")!.Port;
        }
        var clients = new List<RawPeer>();
        for (var count = 0; count < 60; count++)
        {
            clients.Add(await RawPeer.ConnectAsync(new(IPAddress.Loopback, port)));
            await clients[^1].SendAsync(Get);
        }
        await using (var second = Gateway(folder, port, loops))
        {
            store.Names.Count.ShouldBe(kind == TransportKind.Epoll ? Math.Max(3, kept) : 1);
            foreach (var client in clients) (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 404 ");
            foreach (var client in clients) client.Dispose();
        }
        await stop.CancelAsync();
        await running;
    }

    public void Dispose()
    {
        foreach (var transport in transports) (transport as IDisposable)?.Dispose();
        GC.SuppressFinalize(this);
    }

    Gateway Gateway(TempFolder folder, int port, int loops = 2)
    {
        transports.Add(Transports.Open(kind, new SocketHandover(folder["fds"]), loops));
        var gateway = new Gateway(transports[^1]);
        gateway.Apply(new TableModel(1, [new ListenerModel("gateway", "127.0.0.1", port, ListenerKind.Gateway)], [], []))
            .FailedListeners.ShouldBeEmpty();
        return gateway;
    }
}

public sealed class SocketHandoverOnSockets() : SocketHandoverTests(TransportKind.Sockets);

public sealed class SocketHandoverOnLoops() : SocketHandoverTests(TransportKind.Epoll);
