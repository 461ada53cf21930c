using System.Collections.Concurrent;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>Runs on a file: durable, idempotent by id, woken by time, and gone on with by whoever opens the file next.</summary>
public sealed class FlowEngineTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    public void Dispose() => folder.Dispose();

    static FlowDeclared Declared(string yaml)
    {
        var (flows, wrong) = FlowBench.Read(yaml, "a");
        wrong.ShouldBeEmpty();
        return FlowDeclared.Of(FlowDefinition.Of(flows!.Keys.First(), n => flows.GetValueOrDefault(n))!);
    }

    static FlowDeclared Two => Declared(
        """
        two:
          keep: 1m
          steps:
            - { name: one, call: { to: a, path: "/{input.x}" }, compensate: { to: a, path: /undo } }
            - { name: two, call: { to: a, path: "/two/{one.body}" } }
          output: "{two.body}"
        """);

    FlowEngine Engine(IFlowCaller caller, Action<FlowRun>? ended = null) =>
        new(new() { Path = Path.Combine(folder.Path, "flows.db"), Time = time, Caller = caller, OnEnded = (run, _) => ended?.Invoke(run) });

    static FreeValue Input(int x) => new(JsonSerializer.SerializeToElement(new { x }));

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_does_its_steps_in_order_and_is_remembered_with_its_id()
    {
        var caller = new Callee();
        var ended = new TaskCompletionSource();
        await using var engine = Engine(caller, _ => ended.TrySetResult());
        var reply = await engine.StartAsync("r1", Two, Input(7), "ann", Stop);
        reply.Kind.ShouldBe(FlowReplyKind.Done);
        reply.Existed.ShouldBeFalse();
        await ended.Task.WaitAsync(Stop);

        var detail = (await engine.FindAsync("r1", Stop))!;
        detail.Run.State.ShouldBe(FlowState.Succeeded);
        detail.Run.Output!.ToString().ShouldBe("\"POST /two/POST%20%2F7\"");
        caller.Targets.ShouldBe(["/7", "/two/POST%20%2F7"]);

        (await engine.StartAsync("r1", Two, Input(7), "ann", Stop)).Existed.ShouldBeTrue();
        (await engine.StartAsync("r1", Two, Input(8), "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Refused);
        (await engine.TellAsync("r1", new FlowCancelled("ann"), Stop)).Kind.ShouldBe(FlowReplyKind.Refused);
        (await engine.TellAsync("none", new FlowCancelled("ann"), Stop)).Kind.ShouldBe(FlowReplyKind.Missing);
        (await engine.ListAsync(new("two", FlowState.Succeeded, "r1", null, 10), Stop)).Count.ShouldBe(1);
        (await engine.ListAsync(new(null, FlowState.Parked, null, null, 10), Stop)).ShouldBeEmpty();
        (await engine.CountsAsync(Stop)).ShouldBe([("two", FlowState.Succeeded, 1L)]);

        time.Advance(TimeSpan.FromMinutes(2));
        await Until.HoldsAsync(async () => await engine.FindAsync("r1", Stop) is null);
    }

    [Fact]
    public async Task What_was_under_way_when_the_server_ended_is_called_again_with_the_same_key()
    {
        var silent = new Silent();
        await using (var engine = Engine(silent))
        {
            await engine.StartAsync("r1", Two, Input(1), "ann", Stop);
            await Until.HoldsAsync(() => silent.Keys.Count == 1);
        }

        var caller = new Callee();
        var ended = new TaskCompletionSource<FlowRun>();
        await using var next = Engine(caller, run => ended.TrySetResult(run));
        next.Resume();
        var run = await Until.DoneAsync(ended.Task, () => time.Advance(TimeSpan.FromSeconds(1)));
        caller.Keys[0].ShouldBe(silent.Keys.Single());
        run.State.ShouldBe(FlowState.Succeeded);
    }

    [Fact]
    public async Task Runs_that_wait_are_woken_by_time_and_signals_and_keep_their_declaration()
    {
        var waits = Declared(
            """
            waits:
              steps:
                - { name: rest, wait: { for: 1h } }
                - { name: go, wait: { signal: go } }
              output: "{go}"
            """);
        var ended = new ConcurrentQueue<FlowRun>();
        await using (var engine = Engine(new Callee()))
        {
            for (var i = 0; i < 50; i++)
            {
                await engine.StartAsync($"r{i}", waits, null, "ann", Stop);
            }
        }

        await using var next = Engine(new Callee(), ended.Enqueue);
        next.Resume();
        (await next.TellAsync("r3", new FlowSignalled("go", Input(3)), Stop)).Kind.ShouldBe(FlowReplyKind.Done);
        time.Advance(TimeSpan.FromHours(2));
        await Until.HoldsAsync(() => ended.Count == 1);
        ended.Single().Output!.ToString().ShouldBe("""{"x":3}""");
        (await next.ListAsync(new(null, FlowState.Waiting, null, null, 500), Stop)).Count.ShouldBe(49);
        var page = await next.ListAsync(new(null, null, null, null, 10), Stop);
        (await next.ListAsync(new(null, null, null, (page[^1].At, page[^1].Id), 100), Stop)).Select(r => r.Id).ShouldNotContain(page[^1].Id);
    }

    [Fact]
    public async Task Nothing_lies_on_the_disk_before_the_first_run()
    {
        await using var engine = Engine(new Callee());
        engine.Resume();
        (await engine.FindAsync("r1", Stop)).ShouldBeNull();
        Directory.EnumerateFiles(folder.Path).ShouldBeEmpty();
    }

    sealed class Callee : IFlowCaller
    {
        readonly List<(string Target, string Key)> calls = [];

        public List<string> Targets => [.. Calls.Select(c => c.Target)];

        public List<string> Keys => [.. Calls.Select(c => c.Key)];

        List<(string Target, string Key)> Calls
        {
            get
            {
                lock (calls)
                {
                    return [.. calls];
                }
            }
        }

        public Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
        {
            lock (calls)
            {
                calls.Add((act.Target, act.Headers.First(h => h.Key == "Idempotency-Key").Value));
            }

            return Task.FromResult(new FlowAnswer { Status = 200, Body = new(JsonSerializer.SerializeToElement($"{act.Method} {act.Target}")) });
        }
    }

    sealed class Silent : IFlowCaller
    {
        public ConcurrentQueue<string> Keys { get; } = new();

        public async Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
        {
            Keys.Enqueue(act.Headers.First(h => h.Key == "Idempotency-Key").Value);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
            return new();
        }
    }
}
