using System.Net;
using System.Net.Sockets;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic;

/// <summary>Requests that wait for their service's recovery, through the whole path.</summary>
public sealed class ParkTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const string Post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    const string Keyed = "POST / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\nhi";
    readonly FakeTime time = new();

    static BreakerSpec Terms { get; } = new() { Consecutive = 2, Open = TimeSpan.FromSeconds(1), Trickle = TimeSpan.FromSeconds(1), Park = new ParkSpec { Wait = TimeSpan.FromMinutes(5) } };

    [Fact]
    public async Task What_may_be_repeated_waits_for_the_service_and_is_answered_by_it()
    {
        var port = RawUpstream.DeadPort();
        await using var gateway = Start(port, Terms);
        var clients = new List<RawPeer>();
        foreach (var request in new[] { Get, Keyed, Get, Get })
        {
            clients.Add(await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!));
            await clients[^1].SendAsync(request);
            var count = clients.Count;
            await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == count);
        }

        // What must not be repeated is told at once.
        using var other = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await other.SendAsync(Post);
        (await other.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: breaker-open\r\n");
        Advance(2000);
        Park(gateway).Numbers["waiting"].ShouldBe(4);

        await using var alive = new Listening(port);
        var answers = clients.Select(client => client.ReadResponseAsync()).ToList();
        // A request and its answer between two beats: pings have as much time as that takes.
        await Until.HoldsAsync(async () =>
        {
            Advance(100);
            await other.SendAsync(Post);
            await other.ReadResponseAsync();
            return Park(gateway).Numbers["waiting"] == 0;
        });
        await Task.WhenAll(answers);
        foreach (var answer in answers)
        {
            (await answer).ShouldStartWith("HTTP/1.1 200 ");
            (await answer).ShouldContain("X-Mainstay-Parked: ");
        }

        Park(gateway).Numbers["sent"].ShouldBeGreaterThanOrEqualTo(4);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_wait_that_is_over_ends_with_what_it_was_for()
    {
        await using var gateway = Start(RawUpstream.DeadPort(), Terms with { Park = new ParkSpec { Wait = TimeSpan.FromSeconds(30) } });
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        Advance(25_000);
        Park(gateway).Numbers["waiting"].ShouldBe(1);
        Advance(10_000);
        (await client.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
        Park(gateway).Numbers["gaveUp"].ShouldBe(1);
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_request_along()
    {
        await using var gateway = Start(RawUpstream.DeadPort(), Terms);
        var gone = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await gone.SendAsync(Get);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        gone.Dispose();
        await Until.HoldsAsync(() => Park(gateway).Numbers["gaveUp"] == 1, () => Advance(100));
        Park(gateway).Numbers["waiting"].ShouldBe(0);
    }

    [Fact]
    public async Task The_callers_deadline_and_the_bounds_hold()
    {
        await using var gateway = Start(RawUpstream.DeadPort(), Terms with { Park = new ParkSpec { Wait = TimeSpan.FromSeconds(30), Requests = 1 } });
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get.Replace("\r\n\r\n", "\r\nX-Mainstay-Deadline: 3000\r\n\r\n", StringComparison.Ordinal));
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        using var second = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await second.SendAsync(Get);
        (await second.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
        Park(gateway).Numbers["refused"].ShouldBe(1);
        var answer = client.ReadResponseAsync();
        Advance(3500);
        (await answer).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
    }

    [Fact]
    public async Task Who_waits_goes_where_a_later_table_says()
    {
        await using var gateway = Start(RawUpstream.DeadPort(), Terms);
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        gateway.Apply(Table(alive.Port, Terms with { Park = new ParkSpec { Requests = 1 } })).Problems.ShouldBeEmpty();
        // The same room on the new table's terms, with who waits in it.
        Park(gateway).Numbers["waiting"].ShouldBe(1);
        Park(gateway).Why.ShouldContain("at most 1 requests");
        var answer = client.ReadResponseAsync();
        using var other = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        // A request and its answer between two beats: pings have as much time as that takes.
        await Until.HoldsAsync(async () =>
        {
            Advance(100);
            await other.SendAsync(Get);
            (await other.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
            return answer.IsCompleted;
        });
        (await answer).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Nobody_waits_where_waiting_is_over()
    {
        await using var gateway = Start(RawUpstream.DeadPort(), Terms);
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        gateway.Apply(Table(RawUpstream.DeadPort(), Terms with { Park = null })).Problems.ShouldBeEmpty();
        (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 50");
    }

    [Fact]
    public async Task Where_nobody_runs_any_request_waits_for_the_start_and_elsewhere_none_does()
    {
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time);
        TableModel With(params EndpointModel[] endpoints) => new(
            1, [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)], [Routes.All(s => s)], [new ClusterModel("s", endpoints) { OnDemand = true }]);
        gateway.Apply(With()).Problems.ShouldBeEmpty();
        using var first = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await first.SendAsync(Post);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);

        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        gateway.Apply(With(new EndpointModel("one", "127.0.0.1", alive.Port))).Problems.ShouldBeEmpty();
        var answer = first.ReadResponseAsync();
        using var other = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        // A request and its answer between two beats: pings have as much time as that takes.
        await Until.HoldsAsync(async () =>
        {
            Advance(100);
            await other.SendAsync(Get);
            (await other.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
            return answer.IsCompleted;
        });
        (await answer).ShouldStartWith("HTTP/1.1 200 ");

        // Who runs and cannot be reached is told of at once, as everywhere.
        gateway.Apply(With(new EndpointModel("two", "127.0.0.1", RawUpstream.DeadPort()))).Problems.ShouldBeEmpty();
        using var later = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await later.SendAsync(Get);
        (await later.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
    }

    [Fact]
    public async Task While_what_runs_is_replaced_any_request_waits_and_at_other_times_none_does()
    {
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time);
        TableModel With(bool? awaited, params EndpointModel[] endpoints) => new(
            1, [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)], [Routes.All(s => s)], [new ClusterModel("s", endpoints) { Awaited = awaited }]);
        gateway.Apply(With(false)).Problems.ShouldBeEmpty();
        using var before = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await before.SendAsync(Post);
        (await before.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: no-endpoint\r\n");

        gateway.Apply(With(true)).Problems.ShouldBeEmpty();
        using var first = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await first.SendAsync(Post);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);

        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        gateway.Apply(With(false, new EndpointModel("one", "127.0.0.1", alive.Port))).Problems.ShouldBeEmpty();
        var answer = first.ReadResponseAsync();
        using var other = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        // A request and its answer between two beats: pings have as much time as that takes.
        await Until.HoldsAsync(async () =>
        {
            Advance(100);
            await other.SendAsync(Get);
            (await other.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200 ");
            return answer.IsCompleted;
        });
        (await answer).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Fact]
    public async Task Requests_wait_for_the_table_where_the_only_instance_of_what_is_replaced_has_just_ended()
    {
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time);
        TableModel With(bool? awaited, params EndpointModel[] endpoints) => new(
            1, [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)], [Routes.All(s => s)], [new ClusterModel("s", endpoints) { Awaited = awaited }]);
        gateway.Apply(With(null, new EndpointModel("one", "127.0.0.1", RawUpstream.DeadPort()))).Problems.ShouldBeEmpty();
        using var before = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await before.SendAsync(Post);
        (await before.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");

        gateway.Apply(With(false, new EndpointModel("one", "127.0.0.1", RawUpstream.DeadPort()))).Problems.ShouldBeEmpty();
        using var first = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await first.SendAsync(Post);
        await Until.HoldsAsync(() => Park(gateway).Numbers["waiting"] == 1);
        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        gateway.Apply(With(false, new EndpointModel("two", "127.0.0.1", alive.Port))).Problems.ShouldBeEmpty();
        var answer = first.ReadResponseAsync();
        await Until.HoldsAsync(() =>
        {
            // Time passes only while it waits: a connect has as much of it as it takes.
            if (Park(gateway).Numbers["waiting"] == 1) Advance(100);
            return answer.IsCompleted;
        });
        (await answer).ShouldStartWith("HTTP/1.1 200 ");

        // Nobody comes: the answer comes when the table would have known.
        gateway.Apply(With(false, new EndpointModel("three", "127.0.0.1", RawUpstream.DeadPort()))).Problems.ShouldBeEmpty();
        using var last = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await last.SendAsync(Post);
        answer = last.ReadResponseAsync();
        await Until.HoldsAsync(() =>
        {
            if (Park(gateway).Numbers["waiting"] == 1) Advance(100);
            return answer.IsCompleted;
        });
        (await answer).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
    }

    Gateway Start(int port, BreakerSpec terms)
    {
        var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default), time: time);
        gateway.Apply(Table(port, terms)).Problems.ShouldBeEmpty();
        return gateway;
    }

    static TableModel Table(int port, BreakerSpec terms) => new(
        1,
        [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
        [Routes.All(s => s with { Breaker = terms })],
        [new ClusterModel("s", [new EndpointModel("one", "127.0.0.1", port)], new TrafficSpec { IdempotencyKeys = true })]);

    void Advance(int ms)
    {
        for (var passed = 0; passed < ms; passed += 100) time.Advance(TimeSpan.FromMilliseconds(100));
    }

    static PolicyReport Park(Gateway gateway) => gateway.TakeRecords("test", 1, 0).Policies.Single(policy => policy.Policy == "park");

    /// <summary>A service that comes up on a given port.</summary>
    sealed class Listening : IAsyncDisposable
    {
        readonly Socket door = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        readonly Task accepting;

        public Listening(int port)
        {
            door.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            door.Bind(new IPEndPoint(IPAddress.Loopback, port));
            door.Listen(64);
            accepting = AcceptAsync();
        }

        public async ValueTask DisposeAsync()
        {
            door.Dispose();
            await accepting;
        }

        async Task AcceptAsync()
        {
            try
            {
                while (true) _ = ServeAsync(new RawPeer(await door.AcceptAsync()));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        static async Task ServeAsync(RawPeer peer)
        {
            try
            {
                while (await peer.ReadHeadAsync() is { } head)
                {
                    if (head.StartsWith("POST", StringComparison.Ordinal)) await peer.ReadAsync(2);
                    await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or TimeoutException)
            {
                // The gateway keeps its connections for as long as it lives.
            }
            finally
            {
                peer.Dispose();
            }
        }
    }
}
