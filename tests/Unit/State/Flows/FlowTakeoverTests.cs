using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Flows;
using Mainstay.Tests.State.Etcd;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Flows;

/// <summary>Servers that take the runs over from each other at any moment, while those that led before know nothing of it and go on.</summary>
[Collection(EtcdTests.Name)]
public sealed class FlowTakeoverTests(EtcdFixture etcd) : IAsyncDisposable
{
    const int Servers = 12;
    const int RunsEach = 8;

    static readonly FlowDeclared Order = Declared(
        """
        order:
          steps:
            - { name: reserve, call: { to: a, path: "/{run.id}/reserve" }, compensate: { to: a, path: "/{run.id}/unreserve" } }
            - { name: charge, call: { to: a, path: "/{run.id}/charge" }, compensate: { to: a, path: "/{run.id}/refund" } }
            - { name: ship, call: { to: a, path: "/{run.id}/ship" }, compensate: { to: a, path: "/{run.id}/unship" } }
        """);

    readonly TempFolder folder = new();
    readonly FakeTime time = new();
    readonly List<FlowEngine> engines = [];
    readonly ConcurrentDictionary<string, FlowAnswer> answered = new();
    readonly ConcurrentDictionary<string, ConcurrentQueue<FlowState>> ends = new();
    int calls;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Each_run_ends_once_although_its_leader_is_replaced_at_any_moment(int seed)
    {
        var stop = TestContext.Current.CancellationToken;
        var random = new Random(seed);
        var store = etcd.Options() with { Time = time };
        var started = new List<string>();
        for (var server = 1; server <= Servers; server++)
        {
            var engine = new FlowEngine(new()
            {
                Path = Path.Combine(folder.Path, $"{server}", "flows.copy.db"), Time = time, Caller = new World(this, random.Next()),
                Shared = new() { Store = store, Epoch = server },
                OnEnded = (run, _) => ends.GetOrAdd(run.Id, _ => new()).Enqueue(run.State),
            });
            engines.Add(engine);
            engine.Resume();
            for (var i = 0; i < RunsEach; i++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"o-{server}-{i}");
                (await engine.StartAsync(id, Order, null, "test", stop)).Kind.ShouldBe(FlowReplyKind.Done);
                started.Add(id);
            }

            // Somebody changes his mind: what the one before still does must not count.
            await engine.TellAsync(started[random.Next(started.Count)], new FlowCancelled("test"), stop);
            var until = Volatile.Read(ref calls) + random.Next(3 * RunsEach);
            for (var look = 0; look < 2_000 && Volatile.Read(ref calls) < until; look++)
            {
                time.Advance(TimeSpan.FromMilliseconds(20));
                await Task.Yield();
            }
        }

        await Until.HoldsAsync(async () => (await engines[^1].CountsAsync(stop)).All(c => c.State is FlowState.Succeeded or FlowState.Compensated), () => time.Advance(TimeSpan.FromMilliseconds(500)));
        foreach (var id in started)
        {
            var run = (await engines[^1].FindAsync(id, stop))!.Run;
            Effects(id).ShouldBe(run.State == FlowState.Succeeded ? ["charge", "reserve", "ship"] : [], $"{id} {run.State} {run.Why}");
            (ends.GetValueOrDefault(id)?.Count ?? 0).ShouldBeLessThanOrEqualTo(1, id);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in engines)
            await engine.DisposeAsync();
        folder.Dispose();
    }

    // What is left of a run in the world.
    List<string> Effects(string id)
    {
        bool Did(string what, string path) => answered.TryGetValue($"\"{id}/{path}/0\"", out var answer) && answer.Status == 200 && answer.Body!.ToString() == $"\"{what}\"";
        return [.. new[] { ("charge", "refund"), ("reserve", "unreserve"), ("ship", "unship") }.Where(p => Did(p.Item1, p.Item1) && !Did(p.Item2, p.Item1 + "!undo")).Select(p => p.Item1)];
    }

    static FlowDeclared Declared(string yaml) => FlowDeclared.Of(FlowDefinition.Of("order", n => FlowBench.Read(yaml, "a").Flows!.GetValueOrDefault(n))!);

    /// <summary>Does what is asked by one key once, refuses some, and answers some late.</summary>
    sealed class World(FlowTakeoverTests test, int seed) : IFlowCaller
    {
        readonly Random random = new(seed);

        public async Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
        {
            var turns = 0;
            lock (random)
                turns = random.Next(4) == 0 ? random.Next(200) : 0;
            for (var i = 0; i < turns && !stop.IsCancellationRequested; i++)
                await Task.Yield();
            var key = act.Headers.First(h => h.Key == "Idempotency-Key").Value;
            var what = act.Target[(act.Target.LastIndexOf('/') + 1)..];
            var answer = test.answered.GetOrAdd(key, _ => new()
            {
                Status = what is "charge" or "ship" && run.Id[^1] == (what == "ship" ? '2' : '5') ? 402 : 200, Body = new(JsonSerializer.SerializeToElement(what)),
            });
            Interlocked.Increment(ref test.calls);
            return answer;
        }
    }
}
