using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>When a slow read is asked for a second time, whose answer is taken, and above all when it is not.</summary>
public abstract class HedgeTests(TransportKind kind) : OnBothTransports(kind)
{
    const string Get = "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n";
    const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const string Bad = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad";
    readonly FakeTime time = new();
    readonly List<string> heads = [];
    readonly TaskCompletionSource firstEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource secondAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int asked;

    static HedgeSpec After50 { get; } = new() { After = new(TimeSpan.FromMilliseconds(50), 0) };

    [Fact]
    public async Task The_second_answer_is_taken_when_the_first_is_late_and_the_first_request_is_given_up()
    {
        await using var one = Upstream(_ => null);
        await using var two = Upstream(_ => null);
        await using var gateway = Hedged(After50, one, two);
        var response = gateway.AskAsync(Get);
        await LetFlyAsync();
        (await response).ShouldEndWith("ok");
        await firstEnded.Task;
        (one.Accepted, two.Accepted).ShouldBe((1, 1));

        // The same request, but for the time that has passed.
        heads[1].Split("\r\n").Except(heads[0].Split("\r\n")).ShouldAllBe(line => line.StartsWith("X-Mainstay-Deadline: "));
        Deadline(heads[1]).ShouldBeLessThanOrEqualTo(Deadline(heads[0]) - 50);

        Numbers(gateway).ShouldBe("sent=1 won=1 noBudget=0 held=0");
        (await gateway.RecordsAsync(1)).Single().Retries.ShouldBe(1);
        var past = gateway.Gateway.Answer("g", new Question("1", RequestId: "r1")).Past!;
        (past.Attempts, past.Hedged).ShouldBe((2, true));

        // Nothing is left in flight, and the connection serves on.
        await Until.HoldsAsync(() => gateway.Batch().InFlight.Count == 0);
    }

    [Fact]
    public async Task Nothing_is_sent_twice_when_the_first_answer_is_in_time()
    {
        await using var one = Upstream(_ => Ok);
        await using var two = Upstream(_ => Ok);
        await using var gateway = Hedged(After50, one, two);
        for (var count = 0; count < 4; count++)
        {
            (await gateway.AskAsync(Get)).ShouldEndWith("ok");
            time.Advance(TimeSpan.FromSeconds(1));
        }
        heads.Count.ShouldBe(4);
        Numbers(gateway).ShouldBe("sent=0 won=0 noBudget=0 held=0");
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 20, "sent=0 won=0 noBudget=0 held=0")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", 20, "sent=0 won=0 noBudget=0 held=0")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 20, "sent=0 won=0 noBudget=0 held=0")]
    [InlineData(Get, 0, "sent=0 won=0 noBudget=0 held=0")]
    public async Task What_is_no_read_and_what_has_no_budget_is_never_sent_twice(string request, int percent, string numbers)
    {
        var answer = new TaskCompletionSource();
        await using var one = Upstream(_ => null, answer.Task);
        await using var two = Upstream(_ => null, answer.Task);
        await using var gateway = Hedged(After50, one, two, s => s with { Retry = new() { Budget = Share.Percent(percent) } });
        var response = gateway.AskAsync(request);
        await AskedAsync(1);
        time.Advance(TimeSpan.FromMilliseconds(200));
        answer.SetResult();
        (await response).ShouldContain("\r\n\r\nok");
        heads.Count.ShouldBe(1);
        Numbers(gateway).ShouldBe(numbers);
    }

    [Fact]
    public async Task Repetitions_and_second_requests_come_out_of_one_budget()
    {
        // Every first request hangs until it is given up; ten are in reserve, and each request adds a tenth.
        RawUpstream Make() => new(async (peer, _) =>
        {
            while (await peer.ReadHeadAsync() is not null)
            {
                if (Interlocked.Increment(ref asked) % 2 == 0) await peer.SendAsync(Ok);
                else await peer.IsEndedAsync();
            }
        });
        await using var one = Make();
        await using var two = Make();
        await using var gateway = Hedged(After50, one, two, s => s with { Retry = new() { Budget = Share.Percent(10) }, Timeout = TimeSpan.FromSeconds(1) });
        for (var number = 0; number < 11; number++)
        {
            var response = gateway.AskAsync(Get);
            await LetFlyAsync(2 * number + 1);
            (await response).ShouldEndWith("ok");
        }
        for (var number = 11; number < 14; number++)
        {
            var response = gateway.AskAsync(Get);
            await AskedAsync(2 * number + 1);
            await Until.HoldsAsync(() => response.IsCompleted, () => time.Advance(TimeSpan.FromMilliseconds(100)));
            (await response).ShouldContain("X-Mainstay-Reason: upstream-timeout\r\n");
            Interlocked.Increment(ref asked);
        }
        Number(gateway, "sent").ShouldBe(11);
    }

    [Fact]
    public async Task A_second_answer_that_is_no_good_leaves_the_first_one_its_time()
    {
        var answer = new TaskCompletionSource();
        await using var one = Upstream(number => number == 0 ? null : Bad, answer.Task);
        await using var two = Upstream(number => number == 0 ? null : Bad, answer.Task);
        await using var gateway = Hedged(After50, one, two);
        var response = gateway.AskAsync(Get);
        await LetFlyAsync();
        await secondAsked.Task;
        await Until.HoldsAsync(() => gateway.Batch().InFlight.Values.Sum() == 1);
        response.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await response).ShouldEndWith("ok");
        Numbers(gateway).ShouldBe("sent=1 won=0 noBudget=0 held=0");
    }

    [Theory]
    [InlineData(Ok, "200 OK")]
    [InlineData(Bad, "500 Late")]
    public async Task Where_the_first_fails_the_second_is_waited_for(string second, string status)
    {
        var first = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        RawUpstream Make() => new(async (peer, _) =>
        {
            var head = await peer.ReadHeadAsync();
            if (Interlocked.Increment(ref asked) == 1)
            {
                await first.Task;
                await peer.SendAsync("HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n");
                firstEnded.TrySetResult();
            }
            else
            {
                secondAsked.TrySetResult();
                await answer.Task;
                await peer.SendAsync(second);
            }
            await peer.ReadToEndAsync();
        });
        await using var one = Make();
        await using var two = Make();
        await using var gateway = Hedged(After50, one, two);
        var response = gateway.AskAsync(Get);
        await LetFlyAsync();
        await secondAsked.Task;
        first.SetResult();
        await firstEnded.Task;
        response.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await response).ShouldStartWith($"HTTP/1.1 {status}\r\n");
    }

    [Fact]
    public async Task A_limit_that_is_full_gets_no_second_request()
    {
        var answer = new TaskCompletionSource();
        await using var one = Upstream(_ => null, answer.Task);
        await using var two = Upstream(_ => null, answer.Task);
        await using var gateway = Hedged(After50, one, two, s => s with { Limits = [new LimitSpec { Algorithm = LimitAlgorithm.Concurrency, Limit = 1 }] });
        var response = gateway.AskAsync(Get);
        await LetFlyAsync();
        await Until.HoldsAsync(() => Number(gateway, "held") == 1);
        answer.SetResult();
        (await response).ShouldEndWith("ok");
        Numbers(gateway).ShouldBe("sent=0 won=0 noBudget=0 held=1");
    }

    [Fact]
    public async Task A_client_that_leaves_ends_both()
    {
        var ended = 0;
        RawUpstream Make() => new(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            if (Interlocked.Increment(ref asked) == 2) secondAsked.TrySetResult();
            await peer.IsEndedAsync();
            Interlocked.Increment(ref ended);
        });
        await using var one = Make();
        await using var two = Make();
        await using var gateway = Hedged(After50, one, two);
        using (var client = await gateway.ConnectAsync())
        {
            await client.SendAsync(Get);
            await LetFlyAsync();
            await secondAsked.Task;
        }
        await Until.HoldsAsync(() => Volatile.Read(ref ended) == 2, () => time.Advance(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task What_began_to_answer_is_left_to_finish()
    {
        var interim = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        RawUpstream Make() => new(async (peer, _) =>
        {
            await peer.ReadHeadAsync();
            Interlocked.Increment(ref asked);
            await peer.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
            interim.TrySetResult();
            await answer.Task;
            await peer.SendAsync(Ok);
        });
        await using var one = Make();
        await using var two = Make();
        await using var gateway = Hedged(After50, one, two);
        using var client = await gateway.ConnectAsync();
        await client.SendAsync(Get);
        (await client.ReadHeadAsync()).ShouldStartWith("HTTP/1.1 103 ");
        time.Advance(TimeSpan.FromMilliseconds(200));
        answer.SetResult();
        (await client.ReadResponseAsync()).ShouldEndWith("ok");
        asked.ShouldBe(1);
        Numbers(gateway).ShouldBe("sent=0 won=0 noBudget=0 held=0");
    }

    [Fact]
    public async Task Explain_tells_the_delay()
    {
        await using var gateway = new GatewayUnderTest(
            [new("a", "127.0.0.1", 1), new("b", "127.0.0.1", 2)], time: time, route: Routes.All(s => s with { Hedge = new() }), kind: Kind);
        var steps = gateway.Gateway.Answer("g", new Question("1", Target: "/")).Explanation!.Steps;
        steps[^1].ShouldBe(new ExplainedStep("hedge", "pass", "too few requests yet to know p95"));
    }

    /// <summary>Answers each request as said; where nothing is said, the first hangs (or waits for <paramref name="answer"/>) and later ones are good.</summary>
    RawUpstream Upstream(Func<int, string?> answers, Task? answer = null) => new(async (peer, _) =>
    {
        while (await peer.ReadHeadAsync() is { } head)
        {
            lock (heads) heads.Add(head);
            var number = Interlocked.Increment(ref asked) - 1;
            if (number == 1) secondAsked.TrySetResult();
            if (answers(number) is { } said)
            {
                await peer.SendAsync(said);
            }
            else if (number == 0 && answer is not null)
            {
                await answer;
                await peer.SendAsync(Ok);
            }
            else if (number == 0 || answers(1) is not null)
            {
                await peer.IsEndedAsync();
                firstEnded.TrySetResult();
                return;
            }
            else
            {
                await peer.SendAsync(Ok);
            }
        }
    });

    GatewayUnderTest Hedged(HedgeSpec hedge, RawUpstream one, RawUpstream two, Func<RouteSpec, RouteSpec>? change = null) => new(
        [one.Endpoint("one"), two.Endpoint("two")],
        time: time,
        route: Routes.All(s =>
        {
            var spec = s with { Hedge = hedge, Timeout = TimeSpan.FromHours(1) };
            return change is null ? spec : change(spec);
        }),
        kind: Kind);

    static string Numbers(GatewayUnderTest gateway) => string.Join(' ', Report(gateway).Where(n => n.Key != "delayMs").Select(n => $"{n.Key}={n.Value}"));

    static double Number(GatewayUnderTest gateway, string name) => Report(gateway)[name];

    static IReadOnlyDictionary<string, double> Report(GatewayUnderTest gateway) => gateway.Policies().Single(p => p.Kind == "hedge").Numbers;

    static int Deadline(string head)
    {
        var from = head.IndexOf("X-Mainstay-Deadline: ", StringComparison.Ordinal) + 21;
        return int.Parse(head[from..head.IndexOf('\r', from)]);
    }

    /// <summary>Until the first request has come and its delay has begun, and then until that is over.</summary>
    /// <param name="times">How many requests have come by then: what is sent second must not be read first.</param>
    async Task LetFlyAsync(int times = 1)
    {
        // The heartbeat's timer, and the one of the delay.
        await Until.HoldsAsync(() => time.Pending == 2 && Volatile.Read(ref asked) >= times);
        time.Advance(TimeSpan.FromMilliseconds(50));
    }

    async Task AskedAsync(int times) => await Until.HoldsAsync(() => Volatile.Read(ref asked) == times);
}

public sealed class HedgeOnSockets() : HedgeTests(TransportKind.Sockets);

public sealed class HedgeOnLoops() : HedgeTests(TransportKind.Epoll);
