using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;
using Outcome = Mainstay.Traffic.Policies.Outcome;

namespace Mainstay.Tests.Traffic;

/// <summary>Breakers, fallbacks, faults and degradations through the whole path.</summary>
public sealed class BreakerTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    readonly FakeTime time = new();

    [Fact]
    public async Task A_dead_service_is_left_alone_and_no_request_finds_out_that_it_is_back()
    {
        var port = RawUpstream.DeadPort();
        await using var gateway = Start(out var apply, Routes.All(s => s with { Breaker = new BreakerSpec { Minimum = 5, Open = TimeSpan.FromSeconds(1), Probe = "/health", Trickle = TimeSpan.FromSeconds(2) } }));
        apply([new EndpointModel("one", "127.0.0.1", port)], []);
        using var client = await ConnectAsync(gateway);
        var reasons = await AskAsync(client, 20);
        reasons.Count(reason => reason == "connect-failed").ShouldBe(5);
        reasons.Count(reason => reason == "breaker-open").ShouldBe(15);
        gateway.TakeRecords("test", 1, 0).Notices.ShouldContain(notice => notice.Reason == "BreakerOpened");

        // It comes back while nobody asks: pings let it in, and from then on every request is answered.
        var pings = 0;
        await using var alive = new ListeningUpstream(port, head =>
        {
            if (head.StartsWith("GET /health ", StringComparison.Ordinal)) Interlocked.Increment(ref pings);
            return Ok;
        });
        var after = new List<string>();
        await Until.HoldsAsync(async () =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            after.AddRange(await AskAsync(client, 3));
            return after.Contains("200");
        });
        for (var step = 0; step < 30; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            after.AddRange(await AskAsync(client, 3));
        }
        after.ShouldAllBe(answer => answer == "200" || answer == "breaker-open");
        after.TakeLast(6).ShouldAllBe(answer => answer == "200");
        pings.ShouldBeGreaterThanOrEqualTo(Breaker.Pings);
        gateway.TakeRecords("test", 2, 0).Notices.Select(notice => notice.Reason).ShouldBe(["BreakerTrickles", "BreakerClosed"]);
    }

    [Fact]
    public async Task One_tenant_that_fails_closes_the_way_for_itself_alone()
    {
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                await peer.SendAsync(head.Contains("X-Tenant: bad", StringComparison.Ordinal) ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" : Ok);
            }
        });
        await using var gateway = Start(out var apply, Routes.All(s => s with { Breaker = new BreakerSpec { Consecutive = 3, PerHeader = "X-Tenant" } }));
        apply([upstream.Endpoint()], []);
        using var client = await ConnectAsync(gateway);
        (await AskAsync(client, 5, "X-Tenant: bad\r\n")).ShouldBe(["500", "500", "500", "breaker-open", "breaker-open"]);
        (await AskAsync(client, 5, "X-Tenant: good\r\n")).ShouldAllBe(answer => answer == "200");
        (await AskAsync(client, 5)).ShouldAllBe(answer => answer == "200");
    }

    [Fact]
    public async Task One_instance_that_fails_is_left_alone_until_pings_reach_it_and_the_others_serve_on()
    {
        var (fails, pings) = (true, 0);
        await using var bad = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET /health ", StringComparison.Ordinal)) Interlocked.Increment(ref pings);
                await peer.SendAsync(Volatile.Read(ref fails) ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" : Ok);
            }
        });
        await using var good = RawUpstream.Always(Ok);
        var terms = new BreakerSpec { Consecutive = 3, PerInstance = true, Open = TimeSpan.FromSeconds(1), Probe = "/health", Trickle = TimeSpan.FromSeconds(2) };
        await using var gateway = Start(out var apply, Routes.All(s => s with { Breaker = terms }));
        apply([bad.Endpoint("bad"), good.Endpoint("good")], []);
        using var client = await ConnectAsync(gateway);
        (await AskAsync(client, 100)).Count(answer => answer == "500").ShouldBe(3);
        var batch = gateway.TakeRecords("test", 1, 0);
        batch.Notices.ShouldContain(notice => notice.Reason == "BreakerOpened" && notice.Message == "bad: 3 errors in a row");
        var report = batch.Policies.Single(policy => policy.Policy == "breaker");
        (report.State, report.Why, report.Numbers["openParts"], report.Numbers["parts"]).ShouldBe(("open", "bad open: 3 errors in a row", 1, 2));

        // What it has counted outlives a table, and an intervention passes it by.
        apply([bad.Endpoint("bad"), good.Endpoint("good")], []);
        (await AskAsync(client, 20)).ShouldAllBe(answer => answer == "200");
        apply([bad.Endpoint("bad"), good.Endpoint("good")], [Act(one => one with { Breaker = BreakerForce.Closed })]);
        (await AskAsync(client, 50)).ShouldContain("500");
        apply([bad.Endpoint("bad"), good.Endpoint("good")], []);

        Volatile.Write(ref fails, false);
        var after = new List<string>();
        await Until.HoldsAsync(async () =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            after.AddRange(await AskAsync(client, 1));
            return gateway.TakeRecords("test", 2, 0).Notices.Any(notice => notice.Reason == "BreakerClosed");
        });
        after.ShouldAllBe(answer => answer == "200");
        pings.ShouldBeGreaterThanOrEqualTo(Breaker.Pings);
    }

    [Fact]
    public async Task Where_all_instances_fail_the_way_is_closed_and_the_fallback_answers()
    {
        var terms = new BreakerSpec { Consecutive = 2, PerInstance = true };
        await using var gateway = Start(out var apply, Routes.All(s => s with { Breaker = terms }));
        apply([new EndpointModel("one", "127.0.0.1", RawUpstream.DeadPort()), new EndpointModel("two", "127.0.0.1", RawUpstream.DeadPort())], []);
        using var client = await ConnectAsync(gateway);
        var reasons = await AskAsync(client, 10);
        reasons.Take(2).ShouldAllBe(reason => reason == "connect-failed");
        reasons.TakeLast(5).ShouldAllBe(reason => reason == "breaker-open");
    }

    [Fact]
    public async Task A_ping_for_a_tenant_carries_its_name()
    {
        var heads = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                heads.Enqueue(head);
                await peer.SendAsync("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
            }
        });
        await using var gateway = Start(out var apply, Routes.All(s => s with { Breaker = new BreakerSpec { Consecutive = 1, PerHeader = "X-Shard", Open = TimeSpan.FromSeconds(1), Probe = "/health" } }));
        apply([upstream.Endpoint()], []);
        using var client = await ConnectAsync(gateway);
        await AskAsync(client, 1, "X-Shard: eu-1\r\n");
        // The answer is on its way before its outcome is counted.
        var why = "";
        await Until.HoldsAsync(() => (why = gateway.TakeRecords("test", 1, 0).Policies.Single(policy => policy.Policy == "breaker").Why).Length > 0);
        why.ShouldBe("X-Shard eu-1 open: 1 errors in a row");
        await Until.HoldsAsync(() => heads.Any(head => head.StartsWith("GET /health ", StringComparison.Ordinal) && head.Contains("X-Shard: eu-1\r\n", StringComparison.Ordinal)),
            () => time.Advance(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task It_is_held_open_and_closed_for_as_long_as_somebody_says()
    {
        await using var alive = RawUpstream.Always(Ok);
        await using var gateway = Start(out var apply, Routes.All());
        using var client = await ConnectAsync(gateway);
        apply([alive.Endpoint()], [Act(one => one with { Breaker = BreakerForce.Open })]);
        (await AskAsync(client, 3)).ShouldAllBe(answer => answer == "breaker-open");
        time.Advance(TimeSpan.FromSeconds(61));
        using var later = await ConnectAsync(gateway);
        (await AskAsync(later, 3)).ShouldAllBe(answer => answer == "200");

        var dead = new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort());
        await using var other = Start(out var applyOther, Routes.All(s => s with { Breaker = new BreakerSpec { Consecutive = 1 } }));
        using var second = await ConnectAsync(other);
        applyOther([dead], [Act(one => one with { About = "service/s", Breaker = BreakerForce.Closed })]);
        (await AskAsync(second, 5)).ShouldAllBe(answer => answer == "connect-failed");
    }

    [Fact]
    public async Task A_fallback_answers_where_the_service_does_not_and_nowhere_else()
    {
        await using var gateway = Start(out var apply, Routes.All(s => s with { Fallback = new FallbackSpec { Body = "[]" } }));
        apply([new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort())], []);
        using var client = await ConnectAsync(gateway);
        await client.SendAsync(Get);
        var response = await client.ReadResponseAsync();
        response.ShouldStartWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
        response.ShouldContain("X-Mainstay-Fallback: connect-failed\r\n");
        response.ShouldEndWith("\r\n\r\n[]");

        await using var failing = RawUpstream.Always("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno");
        apply([failing.Endpoint()], []);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldEndWith("no");
    }

    [Fact]
    public async Task Another_service_answers_where_it_is_the_fallback()
    {
        await using var other = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
        await using var gateway = Start(out var apply, Routes.All(s => s with { Fallback = new FallbackSpec { Service = "t" } }), other.Endpoint("t1"));
        apply([new EndpointModel("dead", "127.0.0.1", RawUpstream.DeadPort())], []);
        using var client = await ConnectAsync(gateway);
        for (var count = 0; count < 3; count++)
        {
            await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
            (await client.ReadResponseAsync()).ShouldEndWith("other");
        }
        gateway.TakeRecords("test", 1, 0).Records.ShouldContain(record => record.Service == "t" && record.Instance == "t1");
    }

    [Fact]
    public async Task Faults_abort_reset_delay_and_slow_down()
    {
        await using var alive = RawUpstream.Always(Ok);
        await using var gateway = Start(out var apply, Routes.All());
        using var client = await ConnectAsync(gateway);
        apply([alive.Endpoint()], [Act(one => one with { Fault = new FaultSpec { Abort = 507 } })]);
        (await AskAsync(client, 2)).ShouldAllBe(answer => answer == "fault-injected");

        apply([alive.Endpoint()], [Act(one => one with { Fault = new FaultSpec { Percent = Share.Percent(30), Abort = 500 } })]);
        (await AskAsync(client, 200)).Count(answer => answer == "fault-injected").ShouldBeInRange(35, 85);

        apply([alive.Endpoint()], [Act(one => one with { Fault = new FaultSpec { Delay = TimeSpan.FromMilliseconds(700) } })]);
        await client.SendAsync(Get);
        var delayed = client.ReadResponseAsync();
        while (gateway.Naps.Count == 0) await Task.Run(() => { });
        time.Advance(TimeSpan.FromMilliseconds(690));
        gateway.Naps.Count.ShouldBe(1);
        time.Advance(TimeSpan.FromMilliseconds(20));
        (await delayed).ShouldEndWith("ok");

        apply([alive.Endpoint()], [Act(one => one with { Fault = new FaultSpec { Bandwidth = new ByteSize(10) } })]);
        await client.SendAsync(Get);
        var slow = client.ReadResponseAsync();
        var began = time.Elapsed;
        (await Until.DoneAsync(slow, () => time.Advance(TimeSpan.FromMilliseconds(gateway.Naps.Count > 0 ? 100 : 0)))).ShouldEndWith("ok");
        (time.Elapsed - began).ShouldBeGreaterThan(TimeSpan.FromSeconds(5));

        apply([alive.Endpoint()], [Act(one => one with { Fault = new FaultSpec { Reset = true } })]);
        await client.SendAsync(Get);
        (await client.IsEndedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_degradation_is_thrown_and_taken_back()
    {
        await using var alive = RawUpstream.Always(Ok);
        var route = Routes.All(s => s with
        {
            Fallback = new FallbackSpec { Body = "[]" },
            Degrade = new DegradeSpec { Fallback = true, Off = new OffSpec { Status = 503, Body = "Back at noon." } },
        });
        await using var gateway = Start(out var apply, route);
        using var client = await ConnectAsync(gateway);
        apply([alive.Endpoint()], [Act(one => one with { Degrade = "off" })]);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldEndWith("Back at noon.");
        apply([alive.Endpoint()], [Act(one => one with { Degrade = "fallback" })]);
        await client.SendAsync(Get);
        (await client.ReadResponseAsync()).ShouldEndWith("[]");
        apply([alive.Endpoint()], [Act(one => one with { Degrade = "stale" })]);
        (await AskAsync(client, 1)).ShouldBe(["200"]);
        apply([alive.Endpoint()], []);
        (await AskAsync(client, 1)).ShouldBe(["200"]);
    }

    [Fact]
    public void An_open_breaker_lets_nothing_through_and_is_left_by_pings_alone() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            var dice = new Dice(seed);
            var breaker = new Breaker(new BreakerSpec { Minimum = 1 + dice.Below(10), Open = TimeSpan.FromSeconds(1), Trickle = TimeSpan.FromSeconds(1) });
            var (now, pings) = (0L, 0);
            for (var step = 0; step < 1000; step++)
            {
                now += dice.Below(100);
                var before = breaker.State;
                switch (dice.Below(4))
                {
                    case 0 when breaker.WantsPing(now):
                        var good = dice.Below(2) == 0;
                        pings = good ? pings + 1 : 0;
                        breaker.Pinged(good, now);
                        if (breaker.State == BreakerState.Trickle && pings < Breaker.Pings) return false;
                        break;
                    case 1:
                        breaker.Beat(now);
                        break;
                    default:
                        if (breaker.Admits(now, ref dice)) breaker.Ended((Outcome)dice.Below(4), 0, now);
                        else if (before == BreakerState.Closed) return false;
                        if (before == BreakerState.Open && breaker.State != BreakerState.Open) return false;
                        break;
                }
                if (breaker.State != BreakerState.Open) pings = 0;
            }
            return true;
        }));

    [Fact]
    public void Many_threads_lose_no_counts_within_a_bucket_and_open_it_once()
    {
        var breaker = new Breaker(new BreakerSpec { Minimum = 100_000 });
        breaker.Ended(Outcome.Good, 0, 5);
        var opened = 0;
        Parallel.For(0, 99_999, index =>
        {
            if (breaker.Ended(Outcome.Error, 0, 5)) Interlocked.Increment(ref opened);
        });
        breaker.Counted(5).ShouldBe(new Counts(100_000, 99_999, 0));
        opened.ShouldBe(1);
    }

    [Fact]
    public void Wrong_terms_are_all_told()
    {
        new BreakerSpec
        {
            Errors = default, Slow = default, SlowerThan = TimeSpan.Zero, Consecutive = 0, Minimum = 0, Window = default, Open = default, Trickle = TimeSpan.FromHours(1), Probe = "health", PerHeader = "a:b", PerInstance = true, Park = new ParkSpec { Wait = default, Requests = 0, Memory = default },
        }.Validate().Select(problem => problem.Path).ShouldBe(["errors", "slow", "probe", "perHeader", "perInstance", "park", "park.wait", "park.requests", "park.memory", "slowerThan", "consecutive", "minimum", "window", "open", "trickle"]);
        new FallbackSpec { Status = 100, ContentType = "a\r\nb" }.Validate().Select(problem => problem.Path).ShouldBe(["", "contentType", "status"]);
        new DegradeSpec().Validate().Select(problem => problem.Path).ShouldBe([""]);
    }

    Gateway Start(out Action<EndpointModel[], Intervention[]> apply, RouteModel route, EndpointModel? other = null)
    {
        var gateway = new Gateway(OnBothTransports.Of(Mainstay.Traffic.Drivers.TransportKind.Default), time: time);
        var revision = 0;
        apply = (endpoints, interventions) => gateway.Apply(new TableModel(
            ++revision,
            [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
            [route],
            [new ClusterModel("s", endpoints, Routes.RoundRobin), .. other is null ? Array.Empty<ClusterModel>() : [new ClusterModel("t", [other])]])
        {
            Interventions = interventions,
        });
        apply([], []);
        return gateway;
    }

    Intervention Act(Func<Intervention, Intervention> act) => act(new Intervention
    {
        Name = "i", About = "route/all", Reason = "a test", At = time.GetUtcNow(), Until = time.GetUtcNow() + TimeSpan.FromMinutes(1),
    });

    static Task<RawPeer> ConnectAsync(Gateway gateway) => RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);

    /// <summary>The reason or the status of each answer.</summary>
    static async Task<List<string>> AskAsync(RawPeer client, int times, string header = "")
    {
        var answers = new List<string>();
        for (var count = 0; count < times; count++)
        {
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: h\r\n{header}\r\n");
            var response = await client.ReadResponseAsync();
            var at = response.IndexOf("X-Mainstay-Reason: ", StringComparison.Ordinal);
            answers.Add(at < 0 ? response[9..12] : response[(at + 19)..response.IndexOf('\r', at)]);
        }
        return answers;
    }

    /// <summary>An upstream on a given port.</summary>
    sealed class ListeningUpstream : IAsyncDisposable
    {
        readonly Socket door = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        readonly Task accepting;

        public ListeningUpstream(int port, Func<string, string> answer)
        {
            door.Bind(new IPEndPoint(IPAddress.Loopback, port));
            door.Listen(64);
            accepting = AcceptAsync(answer);
        }

        public async ValueTask DisposeAsync()
        {
            door.Dispose();
            await accepting;
        }

        async Task AcceptAsync(Func<string, string> answer)
        {
            var running = new List<Task>();
            try
            {
                while (true) running.Add(ServeAsync(new RawPeer(await door.AcceptAsync()), answer));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }

        static async Task ServeAsync(RawPeer peer, Func<string, string> answer)
        {
            try
            {
                while (await peer.ReadHeadAsync() is { } head) await peer.SendAsync(answer(head));
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
