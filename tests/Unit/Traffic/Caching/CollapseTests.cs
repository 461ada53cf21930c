using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Traffic.Limiting;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>Equal requests at the same time: one goes to the service, and the others get what it brings, or go on when it brings nothing for them.</summary>
public sealed class CollapseTests
{
    const string Get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    const int Clients = 20;

    static RawUpstream Service(Func<int, string> answer, Task go, List<string> asked) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            int number;
            lock (asked)
            {
                asked.Add(head);
                number = asked.Count;
            }

            if (number == 1)
            {
                await go;
            }

            await peer.SendAsync(answer(number));
        }
    });

    static GatewayUnderTest Before(RawUpstream service, CacheSpec? cache = null, TimeProvider? time = null) =>
        new([service.Endpoint()], time: time, route: Routes.All(r => r with { Timeout = TimeSpan.FromMinutes(10), Cache = cache ?? new CacheSpec() }));

    static double Number(GatewayUnderTest gateway, string name) => gateway.Policies().Single(p => p.Kind == "cache").Numbers[name];

    static async Task<Task<string>[]> AskTogetherAsync(GatewayUnderTest gateway, List<string> asked)
    {
        var first = gateway.AskAsync(Get);
        await Until.HoldsAsync(() => Count(asked) == 1);
        return [first, .. Enumerable.Range(1, Clients - 1).Select(_ => gateway.AskAsync(Get))];
    }

    static int Count(List<string> asked)
    {
        lock (asked)
        {
            return asked.Count;
        }
    }

    [Fact]
    public async Task One_asks_for_all()
    {
        var (go, asked) = (new TaskCompletionSource(), new List<string>());
        await using var service = Service(_ => "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok", go.Task, asked);
        await using var gateway = Before(service, time: new FakeTime());
        var all = await AskTogetherAsync(gateway, asked);
        await Until.HoldsAsync(() => Number(gateway, "collapsed") == Clients - 1);
        go.SetResult();
        foreach (var one in await Task.WhenAll(all))
        {
            one.ShouldEndWith("ok");
        }

        Count(asked).ShouldBe(1);
        await Until.HoldsAsync(() => Number(gateway, "hits") == Clients - 1);
    }

    [Fact]
    public async Task What_is_not_kept_keeps_nobody_waiting_now_or_later()
    {
        var (go, asked) = (new TaskCompletionSource(), new List<string>());
        await using var service = Service(number => $"HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\n{number:D2}", go.Task, asked);
        await using var gateway = Before(service);
        var all = await AskTogetherAsync(gateway, asked);
        await Until.HoldsAsync(() => gateway.Gateway.Connections == Clients);
        go.SetResult();
        var bodies = (await Task.WhenAll(all)).Select(one => one[^2..]).ToArray();
        bodies.Distinct().Count().ShouldBe(Clients);
        Count(asked).ShouldBe(Clients);
        var waited = Number(gateway, "collapsed");

        // It is remembered that there is nothing to wait for.
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => gateway.AskAsync(Get)));
        Number(gateway, "collapsed").ShouldBe(waited);
    }

    [Fact]
    public async Task Whoever_has_waited_long_enough_asks_too()
    {
        var (go, asked, time) = (new TaskCompletionSource(), new List<string>(), new FakeTime());
        await using var service = Service(_ => "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok", go.Task, asked);
        await using var gateway = Before(service, new CacheSpec { Collapse = TimeSpan.FromSeconds(2) }, time);
        var first = gateway.AskAsync(Get);
        await Until.HoldsAsync(() => Count(asked) == 1);
        var second = gateway.AskAsync(Get);
        await Until.HoldsAsync(() => Number(gateway, "collapsed") == 1);
        var beats = 0;
        await Until.HoldsAsync(() =>
        {
            // Not much further than the wait: what it asks then comes by the real clock, and connecting has a time limit too.
            if (beats++ < 24) time.Advance(TimeSpan.FromMilliseconds(100));
            return second.IsCompleted;
        });
        (await second).ShouldEndWith("ok");
        Count(asked).ShouldBe(2);
        go.SetResult();
        (await first).ShouldEndWith("ok");
    }

    [Fact]
    public async Task When_the_one_that_asks_leaves_another_asks()
    {
        var (go, asked) = (new TaskCompletionSource(), new List<string>());
        await using var service = Service(number => number == 1
            ? "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\ncut"
            : "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok", go.Task, asked);
        await using var gateway = Before(service);
        var first = await gateway.ConnectAsync();
        await first.SendAsync(Get);
        await Until.HoldsAsync(() => Count(asked) == 1);
        var others = Enumerable.Range(1, Clients - 1).Select(_ => gateway.AskAsync(Get)).ToArray();
        await Until.HoldsAsync(() => gateway.Gateway.Connections == Clients);
        go.SetResult();
        await first.ReadHeadAsync();
        first.Dispose();
        await Until.HoldsAsync(() =>
        {
            gateway.Gateway.Tick();
            return others.All(one => one.IsCompleted);
        });
        foreach (var one in await Task.WhenAll(others))
        {
            one.ShouldEndWith("ok");
        }

        Count(asked).ShouldBe(2);
    }

    [Fact]
    public async Task A_change_while_it_is_fetched_is_not_covered_by_what_comes()
    {
        var (go, asked) = (new TaskCompletionSource(), new List<string>());
        await using var service = Service(number => $"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{number:D2}", go.Task, asked);
        await using var gateway = Before(service);
        var first = gateway.AskAsync(Get);
        await Until.HoldsAsync(() => Count(asked) == 1);
        (await gateway.AskAsync("DELETE /a HTTP/1.1\r\nHost: h\r\n\r\n")).ShouldEndWith("02");
        go.SetResult();
        (await first).ShouldEndWith("01");
        (await gateway.AskAsync(Get)).ShouldEndWith("03");
        (await gateway.AskAsync(Get)).ShouldEndWith("03");
    }

    [Fact]
    public async Task Large_bodies_come_out_as_they_went_in_whole_and_in_parts()
    {
        var body = string.Concat(Enumerable.Range(0, 50_000).Select(n => $"{n:D6}"));
        var chunked = string.Concat(body.Chunk(7001).Select(part => $"{part.Length:x}\r\n{new string(part)}\r\n")) + "0\r\nX-Trailer: 1\r\n\r\n";
        var asked = new List<string>();
        await using var service = Service(number => number == 1
            ? $"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: {body.Length}\r\n\r\n{body}"
            : $"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", Task.CompletedTask, asked);
        await using var gateway = Before(service);
        (await gateway.AskAsync(Get)).ShouldEndWith(body);
        (await gateway.AskAsync(Get)).ShouldEndWith("\r\n\r\n" + body);
        // A client of HTTP/1.0 takes the framing away before it is kept.
        using (var old = await gateway.ConnectAsync())
        {
            await old.SendAsync("GET /b HTTP/1.0\r\nHost: h\r\n\r\n");
            (await old.ReadToEndAsync()).ShouldEndWith("\r\n\r\n" + body);
        }

        (await gateway.AskAsync(Get.Replace("/a", "/b", StringComparison.Ordinal))).ShouldEndWith("\r\n\r\n" + body);
        (await gateway.AskAsync("GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")).ShouldContain("Cache-Status: mainstay; fwd=uri-miss; fwd-status=200; stored");
        foreach (var (from, to) in new[] { (0, 0), (65_535, 65_536), (65_536, 200_000), (131_072, 131_072), (299_999, 299_999) })
        {
            (await gateway.AskAsync($"GET /b HTTP/1.1\r\nHost: h\r\nRange: bytes={from}-{to}\r\n\r\n")).ShouldEndWith("\r\n\r\n" + body[from..(to + 1)]);
        }

        Count(asked).ShouldBe(3);
    }
}
