using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>Limits as clients and people see them: status, headers, reason, switch, dry run, notices and figures.</summary>
public sealed class LimitGateTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public async Task A_rate_tells_what_is_left_and_then_answers_429_with_the_time_to_come_again()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Under(upstream, new FakeTime(), Bucket("1/10s", burst: 2));
        var first = await gateway.AskAsync(Get);
        first.ShouldStartWith("HTTP/1.1 200");
        first.ShouldContain("RateLimit: \"limit-1\";r=1;t=10\r\n");
        first.ShouldContain("RateLimit-Policy: \"limit-1\";q=2;w=20\r\n");
        await gateway.AskAsync(Get);
        var refused = await gateway.AskAsync(Get);
        refused.ShouldStartWith("HTTP/1.1 429");
        refused.ShouldContain("X-Mainstay-Reason: rate-limited\r\n");
        refused.ShouldContain("Retry-After: 10\r\n");
        refused.ShouldContain("RateLimit: \"limit-1\";r=0;t=20\r\n");
        refused.ShouldContain("\"reason\":\"rate-limited\"");
        var records = await gateway.RecordsAsync(3);
        records.Sum(r => r.Reasons.GetValueOrDefault("rate-limited")).ShouldBe(1);
    }

    [Fact]
    public async Task A_header_keeps_clients_apart_and_privileged_requests_have_their_part()
    {
        await using var upstream = RawUpstream.Always(Ok);
        var limit = Bucket("1/h", burst: 4) with
        {
            Per = "header:X-Tenant",
            Privileged = new PrivilegedSpec { Share = Share.Percent(50), Headers = new Dictionary<string, string> { ["X-Plan"] = "gold" } },
        };
        await using var gateway = Under(upstream, new FakeTime(), limit);
        string[] asked = [Of("X-Tenant: a"), Of("X-Tenant: a"), Of("X-Tenant: a"), Of("X-Tenant: b"), Of("X-Tenant: a\r\nX-Plan: gold"), Of("X-Tenant: a\r\nX-Plan: silver")];
        var statuses = new List<string>();
        foreach (var request in asked) statuses.Add((await gateway.AskAsync(request))[9..12]);
        statuses.ShouldBe(["200", "200", "429", "200", "200", "429"]);
    }

    [Fact]
    public async Task A_dry_run_counts_and_an_intervention_switches_until_its_time_is_over()
    {
        var time = new FakeTime();
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Under(upstream, time, Bucket("1/h", burst: 1) with { DryRun = true });
        await gateway.AskAsync(Get);
        (await gateway.AskAsync(Get)).ShouldStartWith("HTTP/1.1 200");
        gateway.Batch().Policies.Single(p => p.Policy == "limit-1").Numbers["wouldHaveRefused"].ShouldBe(1);

        gateway.Intervene(Switch(time, LimitSwitch.On));
        (await gateway.AskAsync(Get)).ShouldStartWith("HTTP/1.1 429");
        time.Advance(TimeSpan.FromMinutes(11));
        (await gateway.AskAsync(Get)).ShouldStartWith("HTTP/1.1 200");

        gateway.Intervene(Switch(time, LimitSwitch.Off));
        (await gateway.AskAsync(Get)).ShouldNotContain("RateLimit");
    }

    [Fact]
    public async Task People_hear_when_limiting_begins_and_ends()
    {
        var time = new FakeTime();
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Under(upstream, time, Bucket("1/h", burst: 1));
        for (var request = 0; request < 4; request++) await gateway.AskAsync(Get);
        time.Advance(TimeSpan.FromMilliseconds(100));
        var began = gateway.Batch();
        began.Notices.Single().ShouldSatisfyAllConditions(n => n.About.ShouldBe("route/all"), n => n.Reason.ShouldBe("LimitingBegan"), n => n.Message.ShouldBe("limit-1 (tokenBucket) turns requests away: more than 1/h"));
        began.Policies.Single().ShouldSatisfyAllConditions(p => p.State.ShouldBe("limiting"), p => p.Numbers["refused"].ShouldBe(3), p => p.Numbers["admitted"].ShouldBe(1));
        time.Advance(TimeSpan.FromSeconds(6));
        gateway.Batch().Notices.Single().Message.ShouldBe("limit-1 (tokenBucket) turned 3 requests away, and none for 5 s");
    }

    [Fact]
    public async Task A_limit_of_a_service_is_shared_by_every_way_to_it()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: new FakeTime());
        gateway.Apply([upstream.Endpoint()], new TrafficSpec { Limits = [Bucket("1/h", burst: 2)] });
        (await gateway.AskAsync(Get)).ShouldContain("RateLimit: \"service-limit-1\";r=1");
        using var caller = await RawPeer.ConnectAsync(gateway.Mesh);
        await caller.SendAsync(Get + Get);
        (await caller.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        (await caller.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 429");
        gateway.Batch().Policies.Single().About.ShouldBe("service/s");
    }

    [Fact]
    public async Task A_new_table_does_not_begin_a_limit_anew()
    {
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = Under(upstream, new FakeTime(), Bucket("1/h", burst: 1));
        await gateway.AskAsync(Get);
        gateway.Apply([upstream.Endpoint(), upstream.Endpoint("two")]);
        (await gateway.AskAsync(Get)).ShouldStartWith("HTTP/1.1 429");
    }

    [Fact]
    public async Task Each_client_has_its_own_requests_under_way()
    {
        var finish = new TaskCompletionSource();
        await using var upstream = Held(finish);
        await using var gateway = Under(upstream, null, new LimitSpec { Algorithm = LimitAlgorithm.Concurrency, Limit = 1, Per = "header:X-Tenant" });
        using var first = await gateway.ConnectAsync();
        await first.SendAsync(Of("X-Tenant: a"));
        await Until.HoldsAsync(() => upstream.Accepted == 1);
        var refused = await gateway.AskAsync(Of("X-Tenant: a"));
        refused.ShouldStartWith("HTTP/1.1 503");
        refused.ShouldContain("X-Mainstay-Reason: concurrency-limited\r\n");
        refused.ShouldContain("Retry-After: 1\r\n");
        using var other = await gateway.ConnectAsync();
        await other.SendAsync(Of("X-Tenant: b"));
        await Until.HoldsAsync(() => upstream.Accepted == 2);
        finish.SetResult();
        (await first.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        (await other.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
    }

    /// <summary>Answers only when told.</summary>
    internal static RawUpstream Held(TaskCompletionSource finish) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is not null)
        {
            await finish.Task;
            await peer.SendAsync(Ok);
        }
    });

    internal static GatewayUnderTest Under(RawUpstream upstream, TimeProvider? time, params LimitSpec[] limits) =>
        new([upstream.Endpoint()], time: time, route: Routes.All(r => r with { Limits = limits }));

    internal static string Of(string headers) => $"GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n";

    static LimitSpec Bucket(string rate, int burst)
    {
        Rate.TryParse(rate, out var value).ShouldBeTrue();
        return new LimitSpec { Algorithm = LimitAlgorithm.TokenBucket, Rate = value, Burst = burst };
    }

    static Intervention Switch(FakeTime time, LimitSwitch to) => new()
    {
        Name = "i1",
        About = "route/all",
        Reason = "test",
        At = time.GetUtcNow(),
        Until = time.GetUtcNow() + TimeSpan.FromMinutes(10),
        Limits = to,
    };
}
