using System.Net;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Every limit in time, on a clock that the test moves.</summary>
public abstract class TimeTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    readonly FakeTime time = new();

    [Fact]
    public async Task An_endpoint_that_does_not_answer_is_a_gateway_timeout()
    {
        var asked = new TaskCompletionSource();
        await using var silent = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            await peer.ReadToEndAsync();
        });
        var route = Routes.All(s => s with { Timeout = TimeSpan.FromSeconds(2) });
        await using var gateway = Gateway([silent.Endpoint()], time: time, route: route);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(1.9));
        var response = client.ReadResponseAsync();
        response.IsCompleted.ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(0.4));
        (await response).ShouldContain("X-Mainstay-Reason: upstream-timeout\r\n");
        (await gateway.RecordsAsync(1)).ShouldHaveSingleItem().Reasons["upstream-timeout"].ShouldBe(1);
    }

    [Fact]
    public async Task A_head_that_does_not_arrive_is_a_request_timeout()
    {
        await using var gateway = Gateway([], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHo");
        var response = client.ReadResponseAsync();
        await PassUntilAsync(response);
        (await response).ShouldContain("X-Mainstay-Reason: request-timeout\r\n");
    }

    [Fact]
    public async Task A_body_that_does_not_arrive_is_a_request_timeout()
    {
        var half = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadUntilAsync("half");
            half.SetResult();
            await peer.ReadToEndAsync();
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time, route: Routes.All(s => s with { Timeout = TimeSpan.FromHours(1000) }));
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
        await half.Task;
        var response = client.ReadResponseAsync();
        await PassUntilAsync(response);
        (await response).ShouldContain("X-Mainstay-Reason: body-stalled\r\n");
    }

    [Fact]
    public async Task A_body_that_trickles_is_a_request_timeout_though_it_never_stands_still()
    {
        var arrived = new SemaphoreSlim(0);
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            while ((await peer.ReadAsync(4)).Length == 4) arrived.Release();
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time, route: Routes.All(s => s with { Timeout = TimeSpan.FromHours(1000) }));
        using var client = await gateway.ConnectAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\nhalf");
        var response = client.ReadResponseAsync();
        // Each piece arrives before time goes on, so that only the rate is too low.
        while (await Task.WhenAny(arrived.WaitAsync(), response) != response)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            try
            {
                await client.SendAsync("more");
            }
            catch (System.Net.Sockets.SocketException)
            {
                // The gateway has answered and closed.
                break;
            }
        }
        (await response).ShouldContain("X-Mainstay-Reason: body-stalled\r\n");
        time.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(4.9));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut()
    {
        var cut = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            try
            {
                await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n" + new string('x', 33554432));
            }
            finally
            {
                cut.SetResult();
            }
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadHeadAsync();
        await PassUntilAsync(cut.Task);
        await cut.Task;
        // The clock runs ahead of the sockets, so the endpoint's side may seem to stand still as well, and then the client's is still to be given up.
        (await gateway.RecordsAsync(1, () => time.Advance(TimeSpan.FromMilliseconds(500)))).ShouldHaveSingleItem().Reasons.Keys.ShouldHaveSingleItem().ShouldBeOneOf("client-aborted", "upstream-timeout");
    }

    [Fact]
    public async Task A_connection_without_requests_is_closed_without_a_word()
    {
        await using var gateway = Gateway([], time: time);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadResponseAsync();
        await gateway.RecordsAsync(1);
        var ended = client.IsEndedAsync();
        await PassUntilAsync(ended);
        (await ended).ShouldBeTrue();
        time.Elapsed.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_connect_that_hangs_is_given_up_and_tried_elsewhere()
    {
        await using var alive = RawUpstream.Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        var transport = new HangingTransport(Of(Kind), hangs: 9);
        await using var gateway = new Gateway(transport, time: time);
        gateway.Apply(new TableModel(
            1,
            [new ListenerModel("gateway", "127.0.0.1", 0, ListenerKind.Gateway)],
            [Routes.All()],
            [new ClusterModel("s", [new("hangs", "127.0.0.1", 9), alive.Endpoint()], Routes.RoundRobin)]));
        using var client = await RawPeer.ConnectAsync(gateway.AddressOf("gateway")!);
        await client.SendAsync(Get);
        await transport.Hanging.Task;
        time.Advance(TimeSpan.FromSeconds(1.2));
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
    }

    [Fact]
    public async Task A_client_that_left_ends_the_exchange_it_waited_for()
    {
        var asked = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var silent = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            asked.SetResult();
            (await peer.IsEndedAsync()).ShouldBeTrue();
            ended.SetResult();
        });
        await using var gateway = Gateway([silent.Endpoint()], time: time, route: Routes.All(s => s with { Timeout = TimeSpan.FromHours(1000) }));
        using (var client = await gateway.ConnectAsync())
        {
            await client.SendAsync(Get);
            await asked.Task;
        }
        await PassUntilAsync(ended.Task);
        await ended.Task;
    }

    [Fact]
    public async Task An_idle_upstream_connection_is_closed_after_its_time()
    {
        var ended = new TaskCompletionSource();
        await using var upstream = new RawUpstream(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            (await peer.IsEndedAsync()).ShouldBeTrue();
            ended.SetResult();
        });
        await using var gateway = Gateway([upstream.Endpoint()], time: time);
        await gateway.AskAsync(Get);
        await gateway.RecordsAsync(1);
        await PassUntilAsync(ended.Task);
        time.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(29));
    }

    /// <summary>Lets time pass until something happened. The clock runs ahead of the sockets, so only the order is exact.</summary>
    Task PassUntilAsync(Task happened) => Until.HoldsAsync(() => happened.IsCompleted, () => time.Advance(TimeSpan.FromMilliseconds(500)));

    sealed class HangingTransport(ITransport sockets, int hangs) : ITransport
    {
        // Not in place: the test would go on on a thread of the gateway.
        public TaskCompletionSource Hanging { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Lanes => sockets.Lanes;

        public Opened Listen(IPEndPoint at, bool isComing = false) => sockets.Listen(at, isComing);

        public async ValueTask<Wire?> ConnectAsync(IPEndPoint to, ConnectAttempt attempt)
        {
            if (to.Port != hangs) return await sockets.ConnectAsync(to, attempt);
            var givenUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            attempt.OnGiveUp(() => givenUp.TrySetResult());
            Hanging.SetResult();
            await givenUp.Task;
            return null;
        }
    }
}

public sealed class TimeOnSockets() : TimeTests(TransportKind.Sockets);

public sealed class TimeOnLoops() : TimeTests(TransportKind.Epoll);
