using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

public sealed class ExplainTests
{
    [Fact]
    public async Task A_request_that_might_come_is_led_past_the_stations()
    {
        await using var upstream = new RawUpstream((peer, _) => peer.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"));
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], route: Routes.Of("one", "/one/{id}", "s"));
        var explained = gateway.Gateway.Answer("g", new Question("1", Target: "/one/7?x=1", Headers: ["Accept: */*"])).Explanation!;
        (explained.About, explained.Service, explained.Status, explained.Reason).ShouldBe(("route/one", "s", 0, "none"));
        explained.Instance.ShouldBe(upstream.Endpoint().Instance);
        explained.Steps.Select(s => $"{s.Station} {s.Verdict}").ShouldBe(["parse pass", "match pass", "pick pass"]);

        // Nobody was asked for anything.
        gateway.Batch().Records.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/two", "h", "match", 404, "no-route")]
    [InlineData("/one/../x", "h", "match", 400, "bad-request")]
    [InlineData("/one/1", "h\r\nX: y", "parse", 400, "bad-request")]
    [InlineData("/one/1 HTTP/1.1", "h", "parse", 505, "unsupported-version")]
    public async Task What_would_be_refused_is_told_with_its_station(string target, string host, string station, int status, string reason)
    {
        await using var gateway = new GatewayUnderTest([], route: Routes.Of("one", "/one/{id}", "s"));
        var explained = gateway.Gateway.Answer("g", new Question("1", Target: target, Host: host)).Explanation!;
        (explained.Steps[^1].Station, explained.Steps[^1].Verdict, explained.Status, explained.Reason).ShouldBe((station, "refuse", status, reason));
    }

    static readonly Dictionary<string, (Func<RouteSpec, RouteSpec> Spec, string[] Headers, Func<Intervention, Intervention>? Act)> Ways = new()
    {
        ["address"] = (s => s with { Guard = new GuardSpec { Allow = ["10.0.0.0/8"] } }, [], null),
        ["redirect"] = (s => s with { To = null, Redirect = new RedirectSpec { To = "/new", Status = 301 } }, [], null),
        ["respond"] = (s => s with { To = null, Respond = new RespondSpec { Status = 418 } }, [], null),
        ["origin"] = (s => s with { Cors = new CorsSpec { Origins = ["https://a.test"] } }, ["Origin: https://b.test", "Access-Control-Request-Method: GET"], null),
        ["preflight"] = (s => s with { Cors = new CorsSpec { Origins = ["https://a.test"] } }, ["Origin: https://a.test", "Access-Control-Request-Method: GET"], null),
        ["body"] = (s => s with { MaxBody = new ByteSize(1) }, ["Content-Length: 2"], null),
        ["nobody"] = (s => s, [], null),
        ["nobody, with a fallback"] = (s => s with { Fallback = new FallbackSpec { Status = 202, Body = "{}" } }, [], null),
        ["breaker"] = (s => s, [], i => i with { Breaker = BreakerForce.Open }),
        ["breaker, with a fallback"] = (s => s with { Fallback = new FallbackSpec { Body = "{}" } }, [], i => i with { Breaker = BreakerForce.Open }),
        ["off"] = (s => s with { Degrade = new DegradeSpec { Off = new OffSpec { Status = 410, Body = "gone" } } }, [], i => i with { Degrade = "off" }),
        ["fallback thrown"] = (s => s with { Fallback = new FallbackSpec { Body = "{}" }, Degrade = new DegradeSpec { Fallback = true } }, [], i => i with { Degrade = "fallback" }),
        ["level"] = (s => s, [], i => i with { Admit = 700 }),
    };

    public static TheoryData<string> WaysByName() => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(WaysByName))]
    public async Task What_is_told_beforehand_is_what_then_happens(string way)
    {
        var (spec, headers, act) = Ways[way];
        await using var gateway = new GatewayUnderTest([], route: Routes.All(spec));
        if (act is not null)
        {
            gateway.Intervene(act(new Intervention { Name = "i", About = "route/all", Reason = "a test", At = DateTimeOffset.UnixEpoch, Until = DateTimeOffset.MaxValue }));
        }

        var method = way is "origin" or "preflight" ? "OPTIONS" : "GET";
        var told = gateway.Gateway.Answer("g", new Question("1", Method: method, Host: "h", Headers: headers)).Explanation!;
        var came = await gateway.AskAsync($"{method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{string.Concat(headers.Select(line => line + "\r\n"))}\r\n{(way == "body" ? "ab" : "")}");
        came.ShouldStartWith($"HTTP/1.1 {told.Status} ");
        var reason = came.Split("\r\n").FirstOrDefault(line => line.StartsWith("X-Mainstay-Reason: ", StringComparison.Ordinal) || line.StartsWith("X-Mainstay-Fallback: ", StringComparison.Ordinal));
        told.Reason.ShouldBe(reason?.Split(": ")[1] ?? "none");
    }

    [Fact]
    public async Task A_fallback_of_another_service_is_told_with_its_instance()
    {
        await using var upstream = new RawUpstream((peer, _) => peer.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"));
        await using var gateway = new GatewayUnderTest([], route: Routes.All(s => s with { Fallback = new FallbackSpec { Service = "other" } }));
        gateway.Change(table => table with { Clusters = [.. table.Clusters, new ClusterModel("other", [upstream.Endpoint()], Routes.RoundRobin)] });
        var told = gateway.Gateway.Answer("g", new Question("1")).Explanation!;
        (told.Service, told.Instance, told.Status).ShouldBe(("other", upstream.Endpoint().Instance, 0));
        told.Steps.Select(s => $"{s.Station} {s.Verdict}").ShouldBe(["parse pass", "match pass", "pick refuse", "fallback pass", "pick pass"]);
    }

    [Fact]
    public async Task A_way_without_a_cache_says_so()
    {
        await using var gateway = new GatewayUnderTest([], route: Routes.All());
        gateway.Change(table => table with { Routes = [.. table.Routes, Routes.Of("kept", "/kept", "s", s => s with { Cache = new CacheSpec() })] });
        gateway.Gateway.Answer("g", new Question("1")).Explanation!.Steps.Single(s => s.Station == "cache").Why.ShouldBe("nothing is kept on this way");
    }

    [Fact]
    public async Task A_service_without_endpoints_is_told_at_the_pick()
    {
        await using var gateway = new GatewayUnderTest([]);
        var explained = gateway.Gateway.Answer("g", new Question("1", Need: "mesh")).Explanation!;
        (explained.Steps[^1].Station, explained.Status, explained.About).ShouldBe(("pick", 503, "need/mesh"));
        gateway.Gateway.Answer("g", new Question("1", Need: "nobody.nothing")).Explanation!.Steps.Single().Why.ShouldBe("no listener 'nobody.nothing' is open");
    }

    [Fact]
    public async Task What_happened_to_a_request_is_told_by_its_id()
    {
        await using var upstream = new RawUpstream((peer, _) => peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], route: Routes.Of("one", "/one", "s"));
        await gateway.AskAsync("GET /one HTTP/1.1\r\nHost: h\r\nX-Request-Id: good\r\nConnection: close\r\n\r\n");
        await gateway.AskAsync("GET /none HTTP/1.1\r\nHost: h\r\nX-Request-Id: lost\r\nConnection: close\r\n\r\n");
        await gateway.RecordsAsync(2);
        var good = gateway.Gateway.Answer("g", new Question("1", "good")).Past!;
        (good.Start, good.About, good.Instance, good.Status, good.Reason, good.Attempts).ShouldBe(
            ("GET /one HTTP/1.1", "route/one", upstream.Endpoint().Instance, 200, "none", 1));
        var lost = gateway.Gateway.Answer("g", new Question("1", "lost")).Past!;
        (lost.About, lost.Status, lost.Reason, lost.Detail).ShouldBe(("", 404, "no-route", "No route matches this host and path."));
        gateway.Gateway.Answer("g", new Question("1", "never")).Past.ShouldBeNull();
    }

    [Fact]
    public async Task A_request_that_is_older_than_what_a_thread_keeps_is_forgotten()
    {
        await using var upstream = new RawUpstream((peer, _) => peer.SendAsync("HTTP/1.1 204 No Content\r\n\r\n"));
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count <= Journal.Kept; count++)
        {
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: r{count}\r\n\r\n");
            await client.ReadUntilAsync("\r\n\r\n");
        }
        await gateway.RecordsAsync(Journal.Kept + 1);
        gateway.Gateway.Answer("g", new Question("1", $"r{Journal.Kept}")).Past.ShouldNotBeNull();
    }
}
