using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>When a request is tried again, and above all when it is not.</summary>
public abstract class RetryTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    const string Post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Theory]
    [InlineData(Get)]
    [InlineData(Post)]
    public async Task A_dead_endpoint_costs_one_attempt_and_is_then_left_alone(string request)
    {
        await using var alive = RawUpstream.Always(Ok);
        var time = new FakeTime();
        await using var gateway = Gateway([new("dead", "127.0.0.1", RawUpstream.DeadPort()), alive.Endpoint("alive")], time: time);
        for (var count = 0; count < 10; count++) (await gateway.AskAsync(request)).ShouldEndWith("ok");
        (await gateway.RecordsAsync(10)).Sum(record => record.Retries).ShouldBe(1);

        time.Advance(TimeSpan.FromSeconds(2));
        for (var count = 0; count < 10; count++) (await gateway.AskAsync(request)).ShouldEndWith("ok");
        (await gateway.RecordsAsync(10)).Sum(record => record.Retries).ShouldBe(1);
        gateway.Batch().Ejected.ShouldBe(["dead"]);
    }

    [Fact]
    public async Task Many_dead_endpoints_are_passed_whatever_the_routes_attempts()
    {
        await using var alive = RawUpstream.Always(Ok);
        var dead = Enumerable.Range(1, 5).Select(number => new EndpointModel($"dead-{number}", "127.0.0.1", RawUpstream.DeadPort()));
        var route = Routes.All(s => s with { Retry = new() { Attempts = 1 } });
        await using var gateway = Gateway([.. dead, alive.Endpoint()], route: route);
        (await gateway.AskAsync(Get)).ShouldEndWith("ok");
    }

    [Fact]
    public async Task When_none_can_be_connected_to_the_gateway_says_so_and_still_tries_ejected_ones()
    {
        var port = RawUpstream.DeadPort();
        await using var gateway = Gateway([new("a", "127.0.0.1", port), new("b", "127.0.0.1", port)]);
        for (var count = 0; count < 2; count++) (await gateway.AskAsync(Get)).ShouldContain("X-Mainstay-Reason: connect-failed\r\n");
        (await gateway.RecordsAsync(2)).Sum(record => record.Retries).ShouldBe(2);
    }

    [Fact]
    public async Task A_safe_request_survives_an_endpoint_that_dies_before_it_answers()
    {
        await using var dying = new RawUpstream(async (peer, _) => await peer.ReadHeadAsync());
        await using var alive = RawUpstream.Always(Ok);
        await using var gateway = Gateway([dying.Endpoint("dying"), alive.Endpoint("alive")]);
        for (var count = 0; count < 6; count++) (await gateway.AskAsync(Get)).ShouldEndWith("ok");
        dying.Accepted.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_unsafe_request_that_was_sent_is_never_sent_again()
    {
        await using var dying = new RawUpstream(async (peer, _) => await peer.ReadUntilAsync("hi"));
        await using var gateway = Gateway([dying.Endpoint("one"), dying.Endpoint("two")]);
        (await gateway.AskAsync(Post)).ShouldContain("X-Mainstay-Reason: upstream-closed\r\n");
        dying.Accepted.ShouldBe(1);
    }

    [Theory]
    [InlineData(Get)]
    [InlineData(Post)]
    public async Task A_kept_connection_that_the_endpoint_closed_is_noticed_before_it_is_used(string request)
    {
        var closed = new SemaphoreSlim(0);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadUntilAsync(request[^4..]);
            await peer.SendAsync(Ok);
            peer.Dispose();
            closed.Release();
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        using var client = await gateway.ConnectAsync();
        for (var count = 0; count < 20; count++)
        {
            await client.SendAsync(request);
            (await client.ReadResponseAsync()).ShouldEndWith("ok");
            (await closed.WaitAsync(RawPeer.Patience)).ShouldBeTrue();
        }
        upstream.Accepted.ShouldBe(20);
    }

    [Fact]
    public async Task All_kept_connections_of_a_restarted_endpoint_may_be_stale()
    {
        // Many idle connections that die at once are as many chances to hit a stale one; none may reach the client.
        var together = new Barrier(8);
        var dead = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, number) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                if (number < 8 && !dead.Task.IsCompleted) await Task.Run(() => together.SignalAndWait(RawPeer.Patience));
                await peer.SendAsync(Ok);
                if (number < 8) return;
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()]);
        var first = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => gateway.AskAsync(Get)));
        dead.SetResult();
        var second = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => gateway.AskAsync(Get)));
        first.Concat(second).ShouldAllBe(response => response.EndsWith("ok"));
    }

    [Fact]
    public async Task A_status_that_the_route_names_is_tried_elsewhere_for_safe_methods_only()
    {
        await using var busy = RawUpstream.Always("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        await using var alive = RawUpstream.Always(Ok);
        var route = Routes.All(s => s with { Retry = new() { On = ["connect", "503"] } });
        await using var gateway = Gateway([busy.Endpoint("busy"), alive.Endpoint("alive")], route: route);
        for (var count = 0; count < 4; count++) (await gateway.AskAsync(Get)).ShouldEndWith("ok");
        var posts = new List<string>();
        for (var count = 0; count < 4; count++) posts.Add((await gateway.AskAsync(Post))[9..12]);
        posts.ShouldContain("503");
    }

    [Fact]
    public async Task An_endpoint_that_leaves_the_table_finishes_what_it_has_and_gets_nothing_new()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        await using var leaving = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await answer.Task;
            await peer.SendAsync(Ok);
            (await peer.ReadHeadAsync()).ShouldBeNull();
        });
        await using var staying = RawUpstream.Always(Ok);
        await using var gateway = Gateway([leaving.Endpoint("leaving")]);
        var first = gateway.AskAsync(Get);
        await asked.Task;
        gateway.Apply([staying.Endpoint("staying")]);
        for (var count = 0; count < 5; count++) (await gateway.AskAsync(Get)).ShouldEndWith("ok");
        answer.SetResult();
        (await first).ShouldEndWith("ok");
        leaving.Accepted.ShouldBe(1);
    }
}

public sealed class RetryOnSockets() : RetryTests(TransportKind.Sockets);

public sealed class RetryOnLoops() : RetryTests(TransportKind.Epoll);
