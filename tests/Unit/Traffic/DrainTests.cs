using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>A gateway that goes, and a listener that goes, without losing a request.</summary>
public abstract class DrainTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static readonly TimeSpan Long = TimeSpan.FromHours(10);
    readonly FakeTime time = new();

    [Fact]
    public async Task What_is_under_way_is_answered_and_then_closed()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await answer.Task;
            await peer.SendAsync(Ok);
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await asked.Task;
        var drain = gateway.Gateway.DrainAsync(Long);
        drain.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await client.ReadResponseAsync()).ShouldContain("Connection: close\r\n");
        (await drain).ShouldBeTrue();
    }

    [Fact]
    public async Task An_idle_connection_gets_one_more_answer()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Gateway([upstream.Endpoint()], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldNotContain("Connection: close");
        var drain = gateway.Gateway.DrainAsync(Long);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldContain("Connection: close\r\n");
        (await drain).ShouldBeTrue();
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task An_idle_connection_that_stays_idle_is_closed()
    {
        await using var gateway = Gateway([], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadResponseAsync();
        var drain = gateway.Gateway.DrainAsync(Long);
        time.Advance(TimeSpan.FromSeconds(0.9));
        gateway.Gateway.Connections.ShouldBe(1);
        // The connection may begin to be idle a moment after its response was read, so time goes on until it is seen: in steps so small that the
        // bound is never reached before the connection had its turn.
        (await Until.DoneAsync(drain, () => time.Advance(TimeSpan.FromMilliseconds(10)))).ShouldBeTrue();
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task What_does_not_end_is_cut_at_the_bound()
    {
        var asked = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await peer.ReadToEndAsync();
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await asked.Task;
        var drain = gateway.Gateway.DrainAsync(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(5));
        (await drain).ShouldBeFalse();
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_listener_that_leaves_the_table_is_closed_and_its_connections_go_on()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Gateway([upstream.Endpoint()]);
        var at = gateway.Mesh;
        using var client = await RawPeer.ConnectAsync(at);
        await client.SendAsync(Get);
        await client.ReadResponseAsync();
        gateway.Gateway.Apply(new TableModel(9, [], [], [new ClusterModel("s", [upstream.Endpoint()])])).BoundListeners.ShouldBeEmpty();
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(() => RawPeer.ConnectAsync(at));
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
    }

    [Fact]
    public async Task A_port_in_use_is_reported_and_taken_once_it_is_free()
    {
        await using var first = Gateway([]);
        await using var second = Gateway([]);
        var table = new TableModel(9, [new ListenerModel("late", "127.0.0.1", first.At.Port, ListenerKind.Gateway)], [], []);
        var failure = second.Gateway.Apply(table).FailedListeners.ShouldHaveSingleItem();
        (failure.Name, failure.Port).ShouldBe(("late", first.At.Port));
        second.Gateway.Retry().ShouldBeFalse();
        await first.Gateway.DrainAsync(TimeSpan.Zero);
        second.Gateway.Retry().ShouldBeTrue();
        second.Batch().BoundListeners.ShouldBe(["late"]);
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_told_so()
    {
        await using var gateway = Gateway([], new PathLimits { ConnectionsPerListener = 1 });
        using var first = await gateway.ConnectAsync();
        await first.SendAsync(Get);
        await first.ReadResponseAsync();
        using var second = await gateway.ConnectAsync();
        (await second.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: too-many-connections\r\n");
        (await second.IsEndedAsync()).ShouldBeTrue();
    }
}

public sealed class DrainOnSockets() : DrainTests(TransportKind.Sockets);

public sealed class DrainOnLoops() : DrainTests(TransportKind.Epoll);
