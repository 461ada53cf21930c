using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Tests.Traffic.Http2;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Tests.Traffic.Caching;

/// <summary>The cache behind other doors: HTTP/2, the mesh, several parts of a split, and routes that only change what others keep.</summary>
public sealed class CacheFrontTests
{
    [Fact]
    public async Task Http2_gets_what_http1_kept()
    {
        var body = new string('x', 100_000);
        await using var upstream = RawUpstream.Always($"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nETag: \"1\"\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], route: Routes.All(r => r with { Cache = new() }));
        (await gateway.AskAsync("GET / HTTP/1.1\r\nHost: " + gateway.At + "\r\n\r\n")).ShouldEndWith(body);
        using var client = Http2Clients.New();
        using var whole = await client.GetAsync(gateway.Url);
        (await whole.Content.ReadAsStringAsync()).ShouldBe(body);
        whole.Headers.GetValues("Cache-Status").Single().ShouldStartWith("mainstay; hit");
        using var condition = new HttpRequestMessage(HttpMethod.Get, gateway.Url) { Headers = { { "If-None-Match", "\"1\"" } }, Version = HttpVersion.Version20 };
        using var same = await client.SendAsync(condition);
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await same.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, gateway.Url) { Version = HttpVersion.Version20 });
        head.Content.Headers.ContentLength.ShouldBe(body.Length);
        upstream.Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task A_change_through_another_route_takes_away_what_is_kept_of_the_same_service()
    {
        var asked = 0;
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                await peer.SendAsync($"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{Interlocked.Increment(ref asked):D2}");
            }
        });
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default));
        RouteModel Of(string name, string method, CacheSpec? cache) => new(name, new RouteSpec { Match = new RouteMatch { Path = "/{**rest}", Methods = [method] }, To = "s", Cache = cache });
        gateway.Apply(new TableModel(
            1, [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)], [Of("read", "GET", new()), Of("write", "POST", null)], [new ClusterModel("s", [upstream.Endpoint()])]));
        (await AskAsync(gateway, "gateway", "GET /a")).ShouldEndWith("01");
        (await AskAsync(gateway, "gateway", "GET /a")).ShouldEndWith("01");
        (await AskAsync(gateway, "gateway", "POST /a")).ShouldEndWith("02");
        (await AskAsync(gateway, "gateway", "GET /a")).ShouldEndWith("03");
    }

    [Fact]
    public async Task Each_part_of_a_split_has_its_own()
    {
        await using var one = RawUpstream.Always("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\n\r\none");
        await using var two = RawUpstream.Always("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\n\r\ntwo");
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default));
        var split = new SplitSpec
        {
            Parts = [new SplitPart { Version = ">=2.0", When = new SplitWhen { Headers = new Dictionary<string, string> { ["X-Beta"] = "1" } } }, new SplitPart { Version = "<2.0", Weight = 1 }],
        };
        gateway.Apply(new TableModel(
            1,
            [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
            [new RouteModel("all", new RouteSpec { Match = new RouteMatch { Path = "/{**rest}" }, To = "s", Cache = new(), Split = split })],
            [new ClusterModel("s", [one.Endpoint("a") with { Version = "1.0.0" }, two.Endpoint("b") with { Version = "2.0.0" }])])).Problems.ShouldBeEmpty();
        for (var turn = 0; turn < 3; turn++)
        {
            (await AskAsync(gateway, "gateway", "GET /a")).ShouldEndWith("one");
            (await AskAsync(gateway, "gateway", "GET /a", "X-Beta: 1\r\n")).ShouldEndWith("two");
        }

        (one.Accepted, two.Accepted).ShouldBe((1, 1));
        (await AskAsync(gateway, "gateway", "DELETE /a")).ShouldEndWith("one");
        (await AskAsync(gateway, "gateway", "GET /a", "X-Beta: 1\r\n")).ShouldContain("fwd=uri-miss");
    }

    [Fact]
    public async Task An_optional_need_is_left_out_when_that_is_thrown()
    {
        await using var upstream = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        await using var gateway = new Gateway(OnBothTransports.Of(TransportKind.Default));
        var need = new NeedSpec { Optional = true, Fallback = new() { Body = "[]" }, Degrade = new() { DropOptional = true } };
        need.Validate().ShouldBeEmpty();
        var now = TimeProvider.System.GetUtcNow();
        var thrown = new Intervention { Name = "i", About = "criticality/low", Reason = "x", At = now, Until = now.AddHours(1), Degrade = DegradeSpec.DropOptionalName };
        TableModel Table(long revision, params Intervention[] acts) => new(
            revision, [new ListenerModel("web.s", "127.0.0.1", 0, ListenerKind.Mesh, "web", "s", need)], [],
            [new ClusterModel("s", [upstream.Endpoint()], Criticality: Criticality.High), new ClusterModel("web", [], Criticality: Criticality.Low)])
        {
            Interventions = acts,
        };
        gateway.Apply(Table(1));
        (await AskAsync(gateway, "web.s", "GET /a")).ShouldEndWith("ok");
        gateway.Apply(Table(2, thrown));
        (await AskAsync(gateway, "web.s", "GET /a")).ShouldEndWith("\r\n\r\n[]");
        gateway.Apply(Table(3));
        (await AskAsync(gateway, "web.s", "GET /a")).ShouldEndWith("ok");
        new NeedSpec { Degrade = new() { DropOptional = true, Minimal = "/{x}" } }.Validate().Select(p => p.Path).ShouldBe(["degrade.minimal", "degrade.dropOptional"]);
    }

    static async Task<string> AskAsync(Gateway gateway, string listener, string what, string headers = "")
    {
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf(listener)!);
        await client.SendAsync($"{what} HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        return await client.ReadResponseAsync();
    }
}
