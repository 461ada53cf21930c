using System.Collections.Concurrent;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>What every journal of runs holds to: durable, idempotent by id, woken by time, and gone on with by whoever comes next.</summary>
public abstract class FlowJournalConformance : IDisposable
{
    readonly TempFolder folder = new();
    readonly FakeTime time = new();

    private protected string Folder => folder.Path;

    private protected FakeTime Time => time;

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The same runs for every engine, each of which is the next one to have them.</summary>
    private protected abstract FlowEngineOptions At(IFlowCaller caller);

    private protected static FlowDeclared Declared(string yaml)
    {
        var (flows, wrong) = FlowBench.Read(yaml, "a");
        wrong.ShouldBeEmpty();
        return FlowDeclared.Of(FlowDefinition.Of(flows!.Keys.First(), n => flows.GetValueOrDefault(n))!);
    }

    /// <summary>Two steps, remembered for a minute; <see cref="Kept"/> for longer than a test lets pass.</summary>
    private protected static FlowDeclared Two => Steps("1m");

    private protected static FlowDeclared Kept => Steps("365d");

    static FlowDeclared Steps(string keep) => Declared(
        $$"""
        two:
          keep: {{keep}}
          steps:
            - { name: one, call: { to: a, path: "/{input.x}" }, compensate: { to: a, path: /undo } }
            - { name: two, call: { to: a, path: "/two/{one.body}" } }
          output: "{two.body}"
        """);

    private protected FlowEngine Engine(IFlowCaller caller, Action<FlowRun>? ended = null) => new(At(caller) with { OnEnded = (run, _) => ended?.Invoke(run) });

    private protected static FreeValue Input(int x) => new(JsonSerializer.SerializeToElement(new { x }));

    private protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_does_its_steps_in_order_and_is_remembered_with_its_id()
    {
        var caller = new FlowCallee();
        var ended = new TaskCompletionSource();
        await using var engine = Engine(caller, _ => ended.TrySetResult());
        var reply = await engine.StartAsync("r1", Two, Input(7), "ann", Stop);
        reply.Kind.ShouldBe(FlowReplyKind.Done);
        reply.Existed.ShouldBeFalse();
        await ended.Task.WaitAsync(Stop);

        var detail = (await engine.FindAsync("r1", Stop))!;
        detail.Run.State.ShouldBe(FlowState.Succeeded);
        detail.Run.Output!.ToString().ShouldBe("\"POST /two/POST%20%2F7\"");
        caller.Calls.Select(c => c.Target).ShouldBe(["/7", "/two/POST%20%2F7"]);

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
        var silent = new FlowCallee { Most = 0 };
        await using (var engine = Engine(silent))
        {
            await engine.StartAsync("r1", Two, Input(1), "ann", Stop);
            await Until.HoldsAsync(() => silent.Calls.Count == 1);
        }

        var caller = new FlowCallee();
        var ended = new TaskCompletionSource<FlowRun>();
        await using var next = Engine(caller, run => ended.TrySetResult(run));
        next.Resume();
        var run = await Until.DoneAsync(ended.Task, () => time.Advance(TimeSpan.FromSeconds(1)));
        caller.Calls[0].Key.ShouldBe(silent.Calls.Single().Key);
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
        await using (var engine = Engine(new FlowCallee()))
        {
            for (var i = 0; i < 50; i++)
            {
                await engine.StartAsync($"r{i}", waits, null, "ann", Stop);
            }
        }

        await using var next = Engine(new FlowCallee(), ended.Enqueue);
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
    public async Task A_large_run_and_all_that_it_was_given_goes_on_elsewhere_and_is_forgotten_whole()
    {
        var each = Declared(
            """
            each:
              keep: 365d
              steps:
                - name: all
                  forEach: { in: input.items, as: item, atOnce: 50, steps: [{ name: one, call: { to: a, path: "/{item}" }, compensate: { to: a, path: /undo } }] }
                - { name: go, wait: { signal: go } }
                - { name: last, call: { to: a, path: /last } }
              output: "{length(all)}"
            """);
        const int Items = 150;
        var input = new FreeValue(JsonSerializer.SerializeToElement(new { items = Enumerable.Range(0, Items) }));
        var first = new FlowCallee { Answer = 20_000, Most = 60 };
        await using (var engine = Engine(first))
        {
            (await engine.StartAsync("large", each, input, "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Done);
            for (var i = 0; i < 30; i++)
                (await engine.TellAsync("large", new FlowSignalled("other", Text(60_000)), Stop)).Kind.ShouldBe(FlowReplyKind.Done);
            await Until.HoldsAsync(() => first.Calls.Count >= first.Most);
        }

        var second = new FlowCallee { Answer = 20_000 };
        var ended = new TaskCompletionSource<FlowRun>();
        await using (var engine = Engine(second, run => ended.TrySetResult(run)))
        {
            engine.Resume();
            await Until.HoldsAsync(async () => (await engine.FindAsync("large", Stop))!.Rows.Any(r => r.Path == "go"), () => time.Advance(TimeSpan.FromSeconds(1)));
            (await engine.FindAsync("large", Stop))!.Run.Signals.Count.ShouldBe(30);
            (await engine.TellAsync("large", new FlowSignalled("go", null), Stop)).Kind.ShouldBe(FlowReplyKind.Done);
            var run = await Until.DoneAsync(ended.Task, () => time.Advance(TimeSpan.FromSeconds(1)));
            run.State.ShouldBe(FlowState.Succeeded, run.Why);
        }

        // Whoever reads it anew sees the same; each item was asked for by one key.
        first.Calls.Concat(second.Calls).Select(c => c.Key).Distinct().Count().ShouldBe(Items + 1);
        await using var third = Engine(new FlowCallee());
        var detail = (await third.FindAsync("large", Stop))!;
        detail.Run.Output!.ToString().ShouldBe($"{Items}");
        detail.Rows.Sum(r => r.Result?.ToString().Length ?? 0).ShouldBeGreaterThan(Items * 20_000);
        third.Resume();
        time.Advance(TimeSpan.FromDays(366));
        await Until.HoldsAsync(async () => await third.FindAsync("large", Stop) is null, () => time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task What_is_taken_is_kept_beside_what_is_refused_at_the_same_moment()
    {
        const int Signals = 60;
        var waits = Declared("waits: { steps: [{ name: go, wait: { signal: go } }] }");
        await using (var engine = Engine(new FlowCallee()))
        {
            await engine.StartAsync("r1", waits, null, "ann", Stop);
            var replies = await Task.WhenAll(Enumerable.Range(0, Signals).SelectMany(i => (Task<FlowReply>[])
            [
                engine.TellAsync("r1", new FlowSignalled($"other-{i}", null), Stop),
                i % 2 == 0 ? engine.StartAsync("r1", waits, null, "ann", Stop) : engine.TellAsync("r1", new FlowApproved("go", true, "ann", null), Stop),
            ]));
            replies.Count(r => r.Kind == FlowReplyKind.Refused).ShouldBe(Signals / 2);
            replies.Count(r => r.Existed).ShouldBe(Signals / 2);
        }

        await using var next = Engine(new FlowCallee());
        (await next.FindAsync("r1", Stop))!.Run.Signals.Select(s => s.Name).ShouldBe(Enumerable.Range(0, Signals).Select(i => $"other-{i}"));
    }

    [Fact]
    public async Task Many_runs_are_all_there_for_whoever_comes_next()
    {
        const int Many = 700;
        var ended = 0;
        await using (var engine = Engine(new FlowCallee(), _ => Interlocked.Increment(ref ended)))
        {
            var replies = await Task.WhenAll(Enumerable.Range(0, Many).Select(i => engine.StartAsync($"r{i}", Two, Input(i), "ann", Stop)));
            replies.ShouldAllBe(r => r.Kind == FlowReplyKind.Done);
            await Until.HoldsAsync(() => Volatile.Read(ref ended) == Many);
        }

        await using var next = Engine(new FlowCallee());
        (await next.CountsAsync(Stop)).ShouldBe([("two", FlowState.Succeeded, (long)Many)]);
        (await next.ListAsync(new(null, null, null, null, Many + 1), Stop)).Select(r => r.Id).Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, Many).Select(i => $"r{i}").Order(StringComparer.Ordinal));
        (await next.StartAsync("r5", Two, Input(5), "ann", Stop)).Existed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_copy_has_all_runs_as_a_server_alone_keeps_them()
    {
        var ended = new TaskCompletionSource();
        await using (var engine = Engine(new FlowCallee(), _ => ended.TrySetResult()))
        {
            await engine.StartAsync("r1", Two, Input(7), "ann", Stop);
            await ended.Task.WaitAsync(Stop);
            (await engine.CopyAsync(Path.Combine(Folder, "copy.db"), Stop)).ShouldBeTrue();
        }

        await using var alone = new FlowEngine(new() { Path = Path.Combine(Folder, "copy.db"), Time = time, Caller = new FlowCallee() });
        (await alone.FindAsync("r1", Stop))!.Run.Output!.ToString().ShouldBe("\"POST /two/POST%20%2F7\"");
    }

    private protected static FreeValue Filled(int x, int length) => new(JsonSerializer.SerializeToElement(new { x, fill = new string('x', length) }));

    static FreeValue Text(int length) => new(JsonSerializer.SerializeToElement(new string('x', length)));
}
