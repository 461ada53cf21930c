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
