using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic.Limiting;

/// <summary>Requests that wait for a place: who goes on, who is turned away, and who has left.</summary>
public sealed class QueueTests
{
    const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Fact]
    public async Task Who_waits_goes_on_when_another_leaves_and_a_full_line_turns_away()
    {
        var finish = new TaskCompletionSource();
        await using var upstream = LimitGateTests.Held(finish);
        await using var gateway = LimitGateTests.Under(upstream, null, One(length: 1, TimeSpan.FromMinutes(1)));
        using var first = await gateway.ConnectAsync();
        await first.SendAsync(Get);
        await Until.HoldsAsync(() => upstream.Accepted == 1);
        using var second = await gateway.ConnectAsync();
        await second.SendAsync(Get);
        await Until.HoldsAsync(() => Queued(gateway) == 1);
        var refused = await gateway.AskAsync(Get);
        refused.ShouldStartWith("HTTP/1.1 503");
        refused.ShouldContain("X-Mainstay-Reason: queue-full\r\n");
        finish.SetResult();
        (await first.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        (await second.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        await Until.HoldsAsync(() => Figure(gateway, "inFlight") == 0);
    }

    [Fact]
    public async Task A_wait_ends_with_its_time()
    {
        var time = new FakeTime();
        var finish = new TaskCompletionSource();
        await using var upstream = LimitGateTests.Held(finish);
        await using var gateway = LimitGateTests.Under(upstream, time, One(length: 5, TimeSpan.FromSeconds(2)));
        using var first = await gateway.ConnectAsync();
        await first.SendAsync(Get);
        await Until.HoldsAsync(() => upstream.Accepted == 1);
        using var second = await gateway.ConnectAsync();
        await second.SendAsync(Get + Get);
        await Until.HoldsAsync(() => Queued(gateway) == 1);
        time.Advance(TimeSpan.FromSeconds(2.2));
        var refused = await second.ReadResponseAsync();
        refused.ShouldContain("X-Mainstay-Reason: queue-timeout\r\n");
        // The connection serves on, and so may wait again.
        await Until.HoldsAsync(() => Queued(gateway) == 1);
        finish.SetResult();
        (await first.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        (await second.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task Who_leaves_leaves_the_line()
    {
        var time = new FakeTime();
        var finish = new TaskCompletionSource();
        await using var upstream = LimitGateTests.Held(finish);
        // Long enough for a clock that runs ahead of the sockets.
        await using var gateway = new GatewayUnderTest([upstream.Endpoint()], time: time, route: Routes.All(r => r with { Timeout = TimeSpan.FromHours(1), Limits = [One(length: 5, TimeSpan.FromMinutes(5))] }));
        using var first = await gateway.ConnectAsync();
        await first.SendAsync(Get);
        await Until.HoldsAsync(() => upstream.Accepted == 1);
        var second = await gateway.ConnectAsync();
        await second.SendAsync(Get);
        await Until.HoldsAsync(() => Queued(gateway) == 1);
        second.Dispose();
        var beats = 0;
        await Until.HoldsAsync(() =>
        {
            // The client is asked after once a second; the wait itself would last five minutes.
            if (beats++ < 2000) time.Advance(TimeSpan.FromMilliseconds(100));
            return Queued(gateway) == 0;
        });
        time.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(5));
        finish.SetResult();
        (await first.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        var records = await gateway.RecordsAsync(2);
        records.Sum(r => r.Reasons.GetValueOrDefault("client-aborted")).ShouldBe(1);
    }

    [Fact]
    public async Task Many_that_wait_are_all_served_and_never_more_than_the_limit_at_a_time()
    {
        var (now, most) = (0, 0);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                var seen = Interlocked.Increment(ref now);
                if (seen > most) most = seen;
                await Task.Yield();
                Interlocked.Decrement(ref now);
                await peer.SendAsync(Ok);
            }
        });
        var limit = new LimitSpec { Algorithm = LimitAlgorithm.Concurrency, Limit = 3, Queue = new QueueSpec { Length = 200, Wait = TimeSpan.FromMinutes(1) } };
        await using var gateway = LimitGateTests.Under(upstream, null, limit);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using var client = await gateway.ConnectAsync();
            for (var request = 0; request < 25; request++)
            {
                await client.SendAsync(Get);
                (await client.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
            }
        }));
        most.ShouldBeLessThanOrEqualTo(3);
        await Until.HoldsAsync(() => Figure(gateway, "inFlight") == 0 && Queued(gateway) == 0);
        Figure(gateway, "admitted").ShouldBe(1000);
    }

    [Fact]
    public async Task A_leaky_queue_lets_one_leave_after_the_other()
    {
        var time = new FakeTime();
        await using var upstream = RawUpstream.Always(Ok);
        await using var gateway = LimitGateTests.Under(upstream, time, new LimitSpec
        {
            Algorithm = LimitAlgorithm.LeakyQueue,
            Rate = new(1, TimeSpan.FromSeconds(1)),
            Queue = new QueueSpec { Length = 2, Wait = TimeSpan.FromSeconds(5) },
        });
        (await gateway.AskAsync(Get)).ShouldStartWith("HTTP/1.1 200");
        using var second = await gateway.ConnectAsync();
        await second.SendAsync(Get);
        await Until.HoldsAsync(() => Queued(gateway) == 1);
        using var third = await gateway.ConnectAsync();
        await third.SendAsync(Get);
        await Until.HoldsAsync(() => Queued(gateway) == 2);
        (await gateway.AskAsync(Get)).ShouldContain("X-Mainstay-Reason: queue-full\r\n");
        time.Advance(TimeSpan.FromSeconds(1));
        (await second.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
        Queued(gateway).ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(1));
        (await third.ReadResponseAsync()).ShouldStartWith("HTTP/1.1 200");
    }

    static LimitSpec One(int length, TimeSpan wait) =>
        new() { Algorithm = LimitAlgorithm.Concurrency, Limit = 1, Queue = new QueueSpec { Length = length, Wait = wait } };

    static double Queued(GatewayUnderTest gateway) => Figure(gateway, "queued");

    static double Figure(GatewayUnderTest gateway, string name)
    {
        PolicyReport report = gateway.Policies().Single();
        return report.Numbers[name];
    }
}
