using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Mainstay.Host.Rehearse;
using Mainstay.Schedule.Decide;
using Shouldly;
using Xunit;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Host.Rehearse;

/// <summary>What it costs to place instances anew: systems of several sizes with ten instances on each host, a tenth of the hosts lost at once. Counted is the processor time of the passes that place, and of everything that the reconciler of services does until all is ready and what is lost is forgotten.</summary>
public sealed class PlacementCostTrials(ITestOutputHelper output)
{
    const int PerHost = 10;

    [Fact(Explicit = true)]
    public async Task ATenthOfTheHostsIsLostAndAPlacementCostsLittle()
    {
        // The first is not counted: code is compiled on it.
        await RunAsync(100);
        output.WriteLine("| Hosts | Instances | Lost at once | Placed anew | A placement | With all that follows |\n|---:|---:|---:|---:|---:|---:|");
        foreach (var hosts in new[] { 125, 250, 500, 1000, 2000 })
        {
            var (placed, placing, all) = await RunAsync(hosts);
            placed.ShouldBeInRange(hosts / 10 * PerHost / 2, hosts / 10 * PerHost * 2);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {hosts} | {hosts * PerHost} | {hosts / 10} | {placed} | {placing.TotalMicroseconds / placed:0} µs | {all.TotalMicroseconds / placed:0} µs |"));
        }
    }

    static async Task<(int Placed, TimeSpan Placing, TimeSpan All)> RunAsync(int hosts)
    {
        var services = Math.Max(5, hosts / 10);
        var lines = Enumerable.Range(1, hosts).Select(h => $"host h{h} zone=z{h % 3}").Concat(Enumerable.Range(1, services).Select(s => $"service s{s} instances={hosts * PerHost / services} start=2s"));
        var state = RehearsalStage.Of(string.Join('\n', lines));
        var run = new VirtualRun(new VirtualClock(state.Now));
        await using var store = new MemoryStore(run.Clock, keepRevisions: 200_000);
        store.Write([.. state.Resources.Select(InstantStore.Put)]);
        var seen = RehearsalStage.Snapshot(store);
        using var stop = new CancellationTokenSource();
        await using var agents = new RehearsedAgents(run, store, new StartTimes(seen, 1), new TaskTimes(seen, 1));
        agents.Start(seen, stop.Token);
        var watched = new Watched(new ServiceReconciler());
        run.Start(() => new Loop(store, CoreKinds.All, watched, new Nothing(), run.Clock).RunAsync(stop.Token));
        run.Pass(TimeSpan.FromSeconds(5), () => { });
        var before = seen.All<Instance>().Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        (watched.Placing, watched.All) = (TimeSpan.Zero, TimeSpan.Zero);
        foreach (var host in Enumerable.Range(1, hosts / 10).Select(h => $"h{h * 10}"))
        {
            agents.PowerOff(host);
            store.Write(InstantStore.Put(seen.Get<HostRecord>(host)! with { State = HostState.Lost }));
        }

        run.Pass(TimeSpan.FromSeconds(20), () => { });
        var after = RehearsalStage.Snapshot(store).All<Instance>().ToArray();
        stop.Cancel();
        run.Thread.RunReady();
        return (after.Count(i => !before.Contains(i.Name)), watched.Placing, watched.All);
    }

    sealed class Nothing : IDriver
    {
        public ValueTask DoAsync(Act act, CancellationToken stop) => throw new InvalidOperationException("the server's reconcilers write, they do not act");
    }

    sealed class Watched(IReconciler inner) : IReconciler
    {
        public string Name => inner.Name;

        public IReadOnlyList<Type> Watches => inner.Watches;

        public TimeSpan Placing { get; set; }

        public TimeSpan All { get; set; }

        public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen) => Count(() => inner.Affected(before, after, seen).ToArray()).Result;

        public Plan? Next(string key, Snapshot seen, DateTimeOffset now)
        {
            var (plan, spent) = Count(() => inner.Next(key, seen, now));
            Placing += plan?.Puts.Any(w => w is Instance { Revision: 0 }) == true ? spent : TimeSpan.Zero;
            return plan;
        }

        (T Result, TimeSpan Spent) Count<T>(Func<T> what)
        {
            var began = Environment.CpuUsage.TotalTime;
            var result = what();
            var spent = Environment.CpuUsage.TotalTime - began;
            All += spent;
            return (result, spent);
        }
    }
}
