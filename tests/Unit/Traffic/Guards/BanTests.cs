using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Banned clients at a real door: what they get, what people are told, and when it is over.</summary>
public sealed class BanTests : IAsyncDisposable
{
    readonly FakeTime time = new();
    readonly RawUpstream upstream;
    readonly GatewayUnderTest gateway;

    public BanTests()
    {
        upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is { } head)
            {
                var status = head.Contains("/gone", StringComparison.Ordinal) ? "404 Not Found" : head.Contains("/login", StringComparison.Ordinal) ? "401 Unauthorized" : "200 OK";
                await peer.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            }
        });
        gateway = new GatewayUnderTest([upstream.Endpoint()], time: time);
    }

    static BanSpec Spec { get; } = new() { Missing = 3, Failures = 3, Requests = 50, Errors = default, For = TimeSpan.FromSeconds(10), Longest = TimeSpan.FromSeconds(40) };

    [Fact]
    public async Task A_scan_is_answered_403_until_the_ban_is_over()
    {
        With(Spec);
        foreach (var path in new[] { "/gone/1", "/gone/2", "/gone/2?x", "/gone/2?y" }) (await StatusAsync(path)).ShouldBe("404");
        (await StatusAsync("/gone/3")).ShouldBe("404");
        var answer = await AskAsync("/");
        answer.ShouldStartWith("HTTP/1.1 403 ");
        answer.ShouldContain("X-Mainstay-Reason: banned\r\n");
        answer.ShouldContain("Retry-After: 10\r\n");
        var batch = gateway.Batch();
        batch.Notices.ShouldContain(n => n.Reason == "ClientBanned" && n.About == "gateway/gateway" && n.Message.Contains("3 paths that are not there within 1m"));
        var report = batch.Policies.Single(p => p.Kind == "bans");
        (report.State, report.Numbers["banned"], report.Numbers["refused"]).ShouldBe(("banning", 1, 1));
        report.Why.ShouldBe("127.0.0.1 for another 10s: 3 paths that are not there");

        time.Advance(TimeSpan.FromSeconds(11));
        (await StatusAsync("/")).ShouldBe("200");
        gateway.Batch().Notices.ShouldContain(n => n.Reason == "BanEnded" && n.Message == "127.0.0.1 may come again after 10s");
    }

    [Fact]
    public async Task Failed_logins_are_counted_whoever_tells_them()
    {
        With(Spec with { Answer = BanAnswer.TooMany });
        for (var attempt = 0; attempt < 3; attempt++) (await StatusAsync("/login")).ShouldBe("401");
        var answer = await AskAsync("/");
        answer.ShouldStartWith("HTTP/1.1 429 ");
        answer.ShouldContain("X-Mainstay-Reason: banned-too-many\r\n");
    }

    [Fact]
    public async Task A_flood_is_reset_without_an_answer_where_that_is_asked_for()
    {
        With(Spec with { Answer = BanAnswer.Reset, Requests = 5 });
        for (var request = 0; request < 6; request++) (await StatusAsync("/")).ShouldBe("200");
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await Should.ThrowAsync<System.Net.Sockets.SocketException>(client.ReadToEndAsync());
        (await gateway.RecordsAsync(7)).Sum(r => r.Reasons.GetValueOrDefault("banned-reset")).ShouldBe(1);
    }

    [Fact]
    public async Task A_dry_run_tells_and_lets_pass()
    {
        With(Spec with { DryRun = true });
        for (var attempt = 0; attempt < 9; attempt++) (await StatusAsync($"/gone/{attempt}")).ShouldBe("404");
        var batch = gateway.Batch();
        batch.Notices.Count(n => n.Reason == "ClientWouldBeBanned").ShouldBe(1);
        var report = batch.Policies.Single(p => p.Kind == "bans");
        (report.State, report.Numbers["wouldHaveRefused"], report.Numbers["refused"]).ShouldBe(("counting", 6, 0));
    }

    [Fact]
    public async Task Other_terms_forget_no_ban_and_never_ends_one_at_once()
    {
        With(Spec);
        for (var attempt = 0; attempt < 3; attempt++) await StatusAsync($"/gone/{attempt}");
        With(Spec with { Missing = 100 });
        (await StatusAsync("/")).ShouldBe("403");
        With(Spec with { Never = ["127.0.0.0/8"] });
        (await StatusAsync("/")).ShouldBe("200");
        With(Spec);
        time.Advance(TimeSpan.FromMilliseconds(200));
        (await StatusAsync("/")).ShouldBe("403");
        With(Spec with { Never = ["127.0.0.0/8"] });
        time.Advance(TimeSpan.FromMilliseconds(200));
        With(Spec);
        (await StatusAsync("/")).ShouldBe("200");
        With(null);
        for (var attempt = 0; attempt < 5; attempt++) (await StatusAsync($"/gone/{attempt}")).ShouldBe("404");
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_its_clients_are_banned_and_not_the_proxy()
    {
        gateway.Change(table => table with { Bans = Spec, TrustedProxies = ["127.0.0.1"] });
        for (var attempt = 0; attempt < 3; attempt++) await StatusAsync($"/gone/{attempt}", "X-Forwarded-For: 198.51.100.7\r\n");
        (await StatusAsync("/", "X-Forwarded-For: 198.51.100.7\r\n")).ShouldBe("403");
        (await StatusAsync("/", "X-Forwarded-For: 198.51.100.8\r\n")).ShouldBe("200");
        for (var attempt = 0; attempt < 5; attempt++) (await StatusAsync($"/gone/{attempt}")).ShouldBe("404");
    }

    [Fact]
    public async Task A_mesh_listener_bans_nobody()
    {
        With(Spec);
        for (var attempt = 0; attempt < 5; attempt++)
        {
            using var client = await RawPeer.ConnectAsync(gateway.Mesh);
            await client.SendAsync($"GET /gone/{attempt} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
            (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 404 ");
        }
    }

    [Theory]
    [InlineData("gateway/gateway", "127.0.0.1", "403")]
    [InlineData("gateway/gateway", "127.0.0.0/8", "403")]
    [InlineData("route/all", "127.0.0.1", "403")]
    [InlineData("service/s", "127.0.0.1", "403")]
    [InlineData("gateway/gateway", "10.0.0.0/8", "200")]
    [InlineData("route/other", "127.0.0.1", "200")]
    public async Task A_ban_by_hand_holds_until_its_end(string about, string who, string status)
    {
        var now = time.GetUtcNow();
        var ban = new Intervention { Name = "i1", About = about, Reason = "test", At = now, Until = now.AddSeconds(30), Ban = who };
        ban.Validate().ShouldBeEmpty();
        gateway.Intervene(ban);
        (await StatusAsync("/")).ShouldBe(status);
        var explained = gateway.Gateway.Answer("g", new Question("q", Method: "GET", Target: "/", Host: "h", Client: "127.0.0.1")).Explanation!;
        explained.Steps.Any(step => step.Verdict == "refuse" && step.Why.EndsWith("is banned by hand for another 30s", StringComparison.Ordinal)).ShouldBe(status == "403");
        time.Advance(TimeSpan.FromSeconds(31));
        (await StatusAsync("/")).ShouldBe("200");
    }

    [Fact]
    public void What_cannot_be_meant_is_refused()
    {
        new BanSpec().Validate().ShouldBeEmpty();
        new BanSpec { Window = TimeSpan.Zero, Missing = 1, Longest = TimeSpan.FromSeconds(2), Never = ["x"], Clients = 1 }.Validate().Select(p => p.Path)
            .ShouldBe(["window", "missing", "clients", "never", "longest"], ignoreOrder: true);
        new BanSpec { Errors = default, Missing = 0, Failures = 0 }.Validate().Single().What.ShouldBe("nothing is looked at");
        new Intervention { Name = "i", About = "gateway/gateway", Reason = "r", At = default, Until = default(DateTimeOffset).AddHours(1), Admit = 1 }.Validate().Single().Path.ShouldBe("about");
    }

    void With(BanSpec? spec) => gateway.Change(table => table with { Bans = spec });

    // Read to the connection's end: what a request did is noted before that.
    async Task<string> AskAsync(string target, string lines = "")
    {
        using var client = await gateway.ConnectAsync();
        await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: h\r\n{lines}Connection: close\r\n\r\n");
        return await client.ReadToEndAsync();
    }

    async Task<string> StatusAsync(string target, string lines = "") => (await AskAsync(target, lines)).Split(' ')[1];

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        await upstream.DisposeAsync();
    }
}
