using Mainstay.Core.Store;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;
using Mainstay.State.Flows;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>Runs in etcd, where each engine is another server with the next epoch.</summary>
[Collection(EtcdTests.Name)]
public sealed class EtcdFlowTests(EtcdFixture etcd) : FlowJournalConformance
{
    readonly EtcdStoreOptions store = etcd.Options();
    int servers;

    [Fact]
    public async Task Who_led_before_changes_nothing_any_more_and_is_told()
    {
        var over = 0;
        await using var old = new FlowEngine(Server(new FlowCallee { Most = 0 }, () => Interlocked.Increment(ref over)));
        await old.StartAsync("r1", Two, Input(1), "ann", Stop);
        var ended = new TaskCompletionSource<FlowRun>();
        var callee = new FlowCallee();
        await using var next = Engine(callee, run => ended.TrySetResult(run));
        next.Resume();
        (await Until.DoneAsync(ended.Task, () => Time.Advance(TimeSpan.FromSeconds(1)))).State.ShouldBe(FlowState.Succeeded);

        (await old.StartAsync("r2", Two, Input(2), "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Unavailable);
        await Until.HoldsAsync(() => Volatile.Read(ref over) == 1);
        // It does not say either what it knows no longer.
        await Should.ThrowAsync<StoreUnavailableException>(() => old.FindAsync("r1", Stop));
        (await next.FindAsync("r2", Stop)).ShouldBeNull();
        callee.Calls.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Who_led_before_does_not_take_the_runs_back()
    {
        var over = new TaskCompletionSource();
        var old = Server(new FlowCallee(), over.SetResult);
        await using var next = Engine(new FlowCallee());
        (await next.StartAsync("r1", Two, Input(1), "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Done);
        await using var late = new FlowEngine(old);
        late.Resume();
        await over.Task.WaitAsync(Stop);
        (await late.StartAsync("r2", Two, Input(2), "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Unavailable);
        (await next.StartAsync("r2", Two, Input(2), "ann", Stop)).Existed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_call_that_was_written_down_before_a_pause_is_not_made_when_another_leads()
    {
        var over = new TaskCompletionSource();
        // One call at a time: the second waits while the first is under way.
        var paused = new GatedCallee();
        await using var old = new FlowEngine(Server(paused, over.SetResult) with { MostCalls = 1 });
        await old.StartAsync("r1", Two, Input(1), "ann", Stop);
        await old.StartAsync("r2", Two, Input(2), "ann", Stop);
        await Until.HoldsAsync(() => paused.Calls == 1);
        await using var next = Engine(new FlowCallee { Most = 0 });
        await next.FindAsync("r1", Stop);
        Time.Advance(TimeSpan.FromSeconds(3));
        paused.Go.SetResult();
        await over.Task.WaitAsync(Stop);
        await old.DisposeAsync();
        paused.Calls.ShouldBe(1);
    }

    [Fact]
    public async Task Lost_answers_leave_each_run_there_once()
    {
        await using var relay = new Relay(store.Endpoints[0]);
        var at = Server(new FlowCallee());
        var ended = 0;
        await using (var engine = new FlowEngine(at with { Shared = at.Shared! with { Store = store with { Endpoints = [relay.Url] } }, OnEnded = (_, _) => Interlocked.Increment(ref ended) }))
        {
            for (var i = 0; i < 10; i++)
            {
                relay.CutNextAnswer();
                (await engine.StartAsync($"r{i}", Kept, Input(i), "ann", Stop)).Kind.ShouldBe(FlowReplyKind.Done);
            }

            await Until.HoldsAsync(() => Volatile.Read(ref ended) == 10, () => Time.Advance(TimeSpan.FromMilliseconds(100)));
        }

        relay.Cuts.ShouldBeGreaterThan(0);
        await using var next = Engine(new FlowCallee());
        (await next.CountsAsync(Stop)).ShouldBe([("two", FlowState.Succeeded, 10L)]);
    }

    [Fact]
    public async Task Nothing_is_left_of_what_was_forgotten_or_never_came_to_its_end()
    {
        var ended = new TaskCompletionSource();
        await using (var engine = Engine(new FlowCallee(), _ => ended.TrySetResult()))
        {
            await engine.StartAsync("r1", Two, Filled(1, 70_000), "ann", Stop);
            await ended.Task.WaitAsync(Stop);
            (await KeysAsync()).Count(k => k.StartsWith("part/r1/", StringComparison.Ordinal)).ShouldBe(1);
            Time.Advance(TimeSpan.FromMinutes(2));
            await Until.HoldsAsync(async () => await engine.FindAsync("r1", Stop) is null, () => Time.Advance(TimeSpan.FromSeconds(1)));
        }

        using var client = new EtcdClient(store);
        await client.PutAsync($"{store.Prefix}/flow/part/r9/0000000000000001/0000", EtcdClient.Key("broken off"), Stop);
        await using var next = Engine(new FlowCallee());
        (await next.FindAsync("r1", Stop)).ShouldBeNull();
        (await KeysAsync()).ShouldBe(["head"]);
    }

    [Fact]
    public async Task Runs_of_a_server_that_was_alone_move_in_and_out()
    {
        var file = Path.Combine(Folder, "flows.db");
        await using (var alone = new FlowEngine(new() { Path = file, Time = Time, Caller = new FlowCallee { Most = 0 } }))
        {
            await alone.StartAsync("r1", Kept, Input(1), "ann", Stop);
            await alone.StartAsync("r2", Kept, Filled(2, 70_000), "ann", Stop);
        }

        var ended = 0;
        var at = Server(new FlowCallee());
        await using (var engine = new FlowEngine(at with { Shared = at.Shared! with { MovesIn = file }, OnEnded = (_, _) => Interlocked.Increment(ref ended) }))
        {
            engine.Resume();
            await Until.HoldsAsync(() => Volatile.Read(ref ended) == 2, () => Time.Advance(TimeSpan.FromSeconds(1)));
        }

        File.Exists(file).ShouldBeFalse();
        (await SharedFlows.ExportAsync(store, file, Stop)).ShouldBeTrue();
        await using var again = new FlowEngine(new() { Path = file, Time = Time, Caller = new FlowCallee() });
        (await again.CountsAsync(Stop)).ShouldBe([("two", FlowState.Succeeded, 2L)]);
        (await again.FindAsync("r2", Stop))!.Run.Input!.ToString().Length.ShouldBeGreaterThan(70_000);
        (await SharedFlows.ExportAsync(store with { Prefix = store.Prefix + "/none" }, file, Stop)).ShouldBeFalse();
    }

    [Fact]
    public async Task What_nothing_can_be_decided_about_is_refused_at_once_and_what_is_known_is_read()
    {
        string? outage = null;
        var at = Server(new FlowCallee());
        await using var engine = new FlowEngine(at with { Shared = at.Shared! with { Store = store with { Outage = () => outage } } });
        await engine.StartAsync("r1", Two, Input(1), "ann", Stop);
        await Until.HoldsAsync(async () => (await engine.FindAsync("r1", Stop))!.Run.HasEnded);
        outage = "two of three are away";
        (await engine.StartAsync("r2", Two, Input(1), "ann", Stop)).Problem!.What.ShouldBe("nothing can be written: two of three are away");
        (await engine.FindAsync("r1", Stop))!.Run.State.ShouldBe(FlowState.Succeeded);
        outage = null;
        (await engine.StartAsync("r2", Two, Input(1), "ann", Stop)).Existed.ShouldBeFalse();
    }

    private protected override FlowEngineOptions At(IFlowCaller caller) => Server(caller);

    FlowEngineOptions Server(IFlowCaller caller, Action? over = null)
    {
        var epoch = ++servers;
        return new()
        {
            Path = Path.Combine(Folder, $"server-{epoch}", "flows.copy.db"), Time = Time, Caller = caller,
            Shared = new() { Store = store with { Time = Time }, Epoch = epoch, Over = over ?? (static () => { }) },
        };
    }

    async Task<List<string>> KeysAsync()
    {
        using var client = new EtcdClient(store);
        var all = $"{store.Prefix}/flow/";
        var found = await client.RangeAsync(new RangeRequest { Key = EtcdClient.Key(all), RangeEnd = EtcdClient.EndOf(all), KeysOnly = true }, Stop);
        return [.. found.Kvs.Select(k => k.Key.ToStringUtf8()[all.Length..])];
    }

    sealed class GatedCallee : IFlowCaller
    {
        int calls;

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Calls => Volatile.Read(ref calls);

        public async Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
        {
            Interlocked.Increment(ref calls);
            await Go.Task.WaitAsync(stop);
            return new() { Status = 200 };
        }
    }
}
