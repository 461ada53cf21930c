using System.Text.RegularExpressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Retries within budget and time, deadlines, and picks by key, through the whole path.</summary>
public sealed class ResilienceTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const string Busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

    [Fact]
    public async Task A_retry_storm_stays_within_the_budget()
    {
        var asked = 0;
        await using var broken = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                Interlocked.Increment(ref asked);
                await peer.SendAsync(Busy);
            }
        });
        var route = Routes.All(s => s with { Retry = new() { Attempts = 5, On = ["503"], Backoff = TimeSpan.Zero } });
        await using var gateway = new GatewayUnderTest([broken.Endpoint("a"), broken.Endpoint("b")], route: route);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 500; count++)
        {
            await client.SendAsync(Get);
            await client.ReadResponseAsync();
        }
        asked.ShouldBeLessThanOrEqualTo(500 + 100 + 10);
        asked.ShouldBeGreaterThan(580);
    }

    [Fact]
    public async Task A_dead_service_is_not_knocked_at_more_often_than_the_budget_allows()
    {
        var port = RawUpstream.DeadPort();
        await using var gateway = new GatewayUnderTest([new("a", "127.0.0.1", port), new("b", "127.0.0.1", port), new("c", "127.0.0.1", port)]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 500; count++)
        {
            await client.SendAsync(Get);
            await client.ReadResponseAsync();
        }
        var retries = (await gateway.RecordsAsync(500)).Sum(record => record.Retries);
        // The first requests find out about each endpoint; the rest is budget and reserve.
        retries.ShouldBeLessThanOrEqualTo(100 + 10 + 6);
    }

    [Fact]
    public async Task What_retry_after_asks_for_is_waited_for()
    {
        var asked = 0;
        await using var busy = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                await peer.SendAsync(Interlocked.Increment(ref asked) == 1 ? "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n" : Ok);
            }
        });
        var time = new FakeTime();
        var route = Routes.All(s => s with { Retry = new() { On = ["503"] } });
        await using var gateway = new GatewayUnderTest([busy.Endpoint()], time: time, route: route);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        var response = client.ReadResponseAsync();
        while (gateway.Gateway.Naps.Count == 0) await Task.Run(() => { });
        time.Advance(TimeSpan.FromMilliseconds(990));
        gateway.Gateway.Naps.Count.ShouldBe(1);
        time.Advance(TimeSpan.FromMilliseconds(20));
        (await response).ShouldEndWith("ok");
    }

    [Fact]
    public async Task A_longer_retry_after_goes_to_the_client()
    {
        await using var busy = RawUpstream.Always("HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
        var route = Routes.All(s => s with { Retry = new() { On = ["503"] } });
        await using var gateway = new GatewayUnderTest([busy.Endpoint()], route: route);
        (await gateway.AskAsync(Get)).ShouldContain("Retry-After: 60\r\n");
        (await gateway.RecordsAsync(1)).Sum(record => record.Retries).ShouldBe(0);
    }

    [Theory]
    [InlineData(true, "Idempotency-Key: 4711\r\n", "200")]
    [InlineData(false, "Idempotency-Key: 4711\r\n", "503")]
    [InlineData(true, "", "503")]
    public async Task An_unsafe_request_is_repeated_only_with_a_key_that_the_service_honours(bool honours, string header, string status)
    {
        var asked = 0;
        await using var busy = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                await peer.ReadAsync(2);
                await peer.SendAsync(Interlocked.Increment(ref asked) == 1 ? Busy : Ok);
            }
        });
        var route = Routes.All(s => s with { Retry = new() { On = ["503"], Backoff = TimeSpan.Zero } });
        await using var gateway = new GatewayUnderTest([busy.Endpoint()], route: route);
        gateway.Apply([busy.Endpoint()], new TrafficSpec { IdempotencyKeys = honours });
        (await gateway.AskAsync($"POST / HTTP/1.1\r\nHost: h\r\n{header}Content-Length: 2\r\n\r\nhi"))[9..12].ShouldBe(status);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_made_elsewhere()
    {
        var asked = new TaskCompletionSource();
        await using var silent = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.TrySetResult();
            await peer.ReadToEndAsync();
        });
        await using var alive = RawUpstream.Always(Ok);
        var time = new FakeTime();
        var route = Routes.All(s => s with { Retry = new() { On = ["timeout"], AttemptTimeout = TimeSpan.FromMilliseconds(300), Backoff = TimeSpan.Zero } });
        await using var gateway = new GatewayUnderTest([silent.Endpoint("silent"), alive.Endpoint("alive")], time: time, route: route);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await asked.Task;
        time.Advance(TimeSpan.FromMilliseconds(600));
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
    }

    [Fact]
    public async Task A_deadline_shrinks_on_its_way_and_ends_the_work()
    {
        string? head = null;
        var asked = new TaskCompletionSource();
        await using var silent = new RawUpstream(async (peer, _) =>
        {
            head = await peer.ReadHeadAsync();
            asked.SetResult();
            await peer.ReadToEndAsync();
        });
        var time = new FakeTime();
        await using var gateway = new GatewayUnderTest([silent.Endpoint()], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\nX-Mainstay-Deadline: 700\r\n\r\n");
        await asked.Task;
        head.ShouldNotBeNull().ShouldContain("X-Mainstay-Deadline: 700\r\n");
        Regex.Count(head, "X-Mainstay-Deadline").ShouldBe(1);
        time.Advance(TimeSpan.FromMilliseconds(1000));
        (await client.ReadResponseAsync()).ShouldContain("X-Mainstay-Reason: deadline-exceeded\r\n");
    }

    [Fact]
    public async Task Work_that_nobody_waits_for_is_not_begun()
    {
        await using var alive = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([alive.Endpoint()]);
        var response = await gateway.AskAsync("GET / HTTP/1.1\r\nHost: h\r\nX-Mainstay-Deadline: 0\r\n\r\n");
        response.ShouldStartWith("HTTP/1.1 504 ");
        response.ShouldContain("X-Mainstay-Reason: deadline-exceeded\r\n");
        alive.Accepted.ShouldBe(0);
    }

    [Theory]
    [InlineData("X-Cart: {0}\r\n")]
    [InlineData("Cookie: a=b; cart={0}\r\n")]
    public async Task The_same_key_goes_to_the_same_instance(string header)
    {
        var upstreams = Enumerable.Range(0, 4).Select(number => RawUpstream.Always($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{number}")).ToArray();
        await using var gateway = new GatewayUnderTest([]);
        var hash = header.StartsWith('C') ? new HashSpec { Cookie = "cart" } : new HashSpec { Header = "x-cart" };
        gateway.Apply([.. upstreams.Select((one, number) => one.Endpoint($"i{number}"))], new TrafficSpec { Balance = Balance.Hash, Hash = hash });
        var all = new HashSet<char>();
        for (var key = 0; key < 20; key++)
        {
            var answers = new HashSet<char>();
            for (var time = 0; time < 5; time++) answers.Add((await gateway.AskAsync($"GET / HTTP/1.1\r\nHost: h\r\n{string.Format(header, key)}\r\n"))[^1]);
            answers.Count.ShouldBe(1);
            all.UnionWith(answers);
        }
        all.Count.ShouldBeGreaterThan(1);
        foreach (var one in upstreams) await one.DisposeAsync();
    }

    [Fact]
    public async Task An_instance_that_answers_badly_is_ejected_and_returns()
    {
        var isBroken = true;
        await using var broken = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null) await peer.SendAsync(isBroken ? "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno" : Ok);
        });
        await using var alive = RawUpstream.Always(Ok);
        var time = new FakeTime();
        await using var gateway = new GatewayUnderTest([], time: time);
        gateway.Apply(
            [broken.Endpoint("broken"), alive.Endpoint("a"), alive.Endpoint("b"), alive.Endpoint("c")],
            new TrafficSpec { Balance = Balance.RoundRobin, Outliers = new() { Ejection = TimeSpan.FromSeconds(5) } });
        using var client = await gateway.ConnectAsync();
        var bad = await AskAsync(40);
        bad.ShouldBe(5);
        time.Advance(TimeSpan.FromMilliseconds(200));
        var batch = gateway.Batch();
        batch.Ejected.ShouldBe(["broken"]);
        batch.Notices.ShouldHaveSingleItem().Reason.ShouldBe("EndpointEjected");
        batch.Policies.ShouldHaveSingleItem().Numbers["ejected"].ShouldBe(1);

        isBroken = false;
        time.Advance(TimeSpan.FromSeconds(6));
        gateway.Batch().Notices.ShouldHaveSingleItem().Reason.ShouldBe("EndpointReturned");
        (await AskAsync(40)).ShouldBe(0);
        gateway.Batch().Records.ShouldContain(record => record.Instance == "broken");

        async Task<int> AskAsync(int times)
        {
            var no = 0;
            for (var count = 0; count < times; count++)
            {
                await client.SendAsync(Get);
                if ((await client.ReadResponseAsync()).EndsWith("no", StringComparison.Ordinal)) no++;
            }
            return no;
        }
    }

    [Fact]
    public void Wrong_terms_are_all_told()
    {
        new TrafficSpec
        {
            Weights = new Dictionary<string, int> { ["a"] = -1, ["b"] = 1001 },
            Hash = new HashSpec { Header = "a b", Client = true },
            SlowStart = TimeSpan.Zero,
            Outliers = new OutlierSpec { Consecutive = 0, Most = Share.Percent(31), Above = default, Minimum = 0, Interval = default, Ejection = default },
        }.Validate().Select(problem => problem.Path).ShouldBe(
            ["weights.a", "weights.b", "hash", "hash", "hash.header", "slowStart", "outliers.above", "outliers.most", "outliers.consecutive", "outliers.interval", "outliers.minimum", "outliers.ejection"]);
        new RetrySpec { Attempts = 0, On = ["600", "connect", "503", "never"], Backoff = TimeSpan.FromSeconds(2), AttemptTimeout = TimeSpan.Zero }
            .Validate().Select(problem => problem.Path).ShouldBe(["attempts", "backoff", "attemptTimeout", "on", "on"]);
    }
}
