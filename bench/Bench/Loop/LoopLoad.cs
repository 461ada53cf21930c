using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Mainstay.Schedule.Decide;

namespace Mainstay.Bench.Loop;

/// <summary>
/// What the control loop costs: <c>loop [--rounds 5 | --smoke]</c> brings 100 and then 1,000 services of ten instances each up, in turns, over the memory store and in
/// virtual time, and compares the CPU time per instance; then it leaves the larger system alone for an hour of its time.
/// </summary>
static class LoopLoad
{
    const int InstancesEach = 10;
    const int HostCount = 20;

    // As the stores on SQLite and etcd keep in memory: whoever falls behind by more lists anew, and pays for it.
    const int Recent = 4_096;

    // One instance of everything starts first, and the others once what calls it had a moment.
    static readonly TimeSpan ComesUp = TimeSpan.FromMinutes(1);

    public static int Run(string[] args)
    {
        var (rounds, warmUps) = args switch
        {
            ["--smoke"] => (1, 0),
            ["--rounds", var text] => (int.Parse(text, CultureInfo.InvariantCulture), 2),
            _ => (5, 2),
        };
        var (small, large) = (new List<double>(), new List<double>());
        // Compiles, and compiles again what is hot, before anything counts.
        for (var warmUp = 0; warmUp < warmUps; warmUp++)
        {
            Converge(100, out _);
            Converge(1000, out _);
        }

        for (var round = 0; round < rounds; round++)
        {
            // As many instances as the large one has, so that what they cost the garbage collector is in it, too.
            GC.Collect();
            small.Add(Enumerable.Range(0, 10).Average(_ => Converge(100, out double _)));
            GC.Collect();
            large.Add(Converge(1000, out var idle));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}: {small[^1]:0.0} us per instance at 1,000, {large[^1]:0.0} at 10,000; idle {idle:0.0} ms of CPU in an hour"));
        }

        var (a, b) = (small.Order().ElementAt(rounds / 2), large.Order().ElementAt(rounds / 2));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"median: {a:0.0} and {b:0.0} us per instance, ratio {b / a:0.00}"));
        return 0;
    }

    // Microseconds of CPU per instance until every service runs.
    static double Converge(int services, out double idleMs)
    {
        var thread = new OneThread();
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(thread);
        using var stop = new CancellationTokenSource();
        var store = new MemoryStore(keepRevisions: Recent);
        Declare(store, services);
        var clock = new VirtualClock();
        var before = Environment.CpuUsage.TotalTime;
        var loop = new Core.Reconcile.Loop(store, CoreKinds.All, new ServiceReconciler(), new NoDriver(), clock);
        var running = loop.RunAsync(stop.Token);
        var agents = AgentsAsync(store, clock, stop.Token);
        Pass(ComesUp);
        var spent = Environment.CpuUsage.TotalTime - before;
        Check(store, services);
        before = Environment.CpuUsage.TotalTime;
        Pass(TimeSpan.FromHours(1));
        idleMs = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
        stop.Cancel();
        thread.Run();
        SynchronizationContext.SetSynchronizationContext(outer);
        GC.KeepAlive((running, agents));
        return spent.TotalMicroseconds / (services * InstancesEach);

        void Pass(TimeSpan time)
        {
            var end = clock.Elapsed + time;
            thread.Run();
            while (clock.Next is { } next && next <= end)
            {
                clock.AdvanceToNext();
                thread.Run();
            }
        }
    }

    static void Declare(MemoryStore store, int services)
    {
        Write(store, new Architecture { Name = Architecture.TheName, Title = "load" });
        for (var i = 0; i < HostCount; i++)
        {
            Write(store, new Host { Name = $"h{i}" });
        }

        for (var i = 0; i < services; i++)
        {
            var spec = new ServiceSpec { Version = "1.0.0", Run = "./run", Instances = new() { Min = InstancesEach } };
            Write(store, new Service { Name = $"s{i}", Spec = spec, BaseFolder = "/src" });
        }
    }

    // Each instance is reported ready by itself, as by agents that report at once.
    static async Task AgentsAsync(MemoryStore store, VirtualClock clock, CancellationToken stop)
    {
        var kind = CoreKinds.All.Of<Instance>();
        while (!stop.IsCancellationRequested)
        {
            // As agents do that fell behind what the store keeps for watches: list, then watch on from there.
            var range = await store.RangeAsync(kind.Prefix, stop: stop);
            foreach (var instance in range.Entries.Select(kind.Decode).Where(i => i.Status.State == InstanceState.Pending))
            {
                Report(instance);
            }

            await foreach (var batch in store.WatchAsync(kind.Prefix, range.Revision + 1, stop))
            {
                if (batch.Compacted)
                {
                    break;
                }

                foreach (var change in batch.Changes.Where(c => c is { Current: not null, Previous: null }))
                {
                    Report(kind.Decode(change.Current!));
                }
            }
        }

        void Report(Instance instance) => Write(store, instance with { Status = new() { State = InstanceState.Ready, Endpoint = $"{instance.Host}:20000", StartedAt = clock.GetUtcNow(), ReadyAt = clock.GetUtcNow() } });
    }

    static void Check(MemoryStore store, int services)
    {
        var range = store.RangeAsync("service/").AsTask().Result;
        var serving = range.Entries.Count(e => ((Service)CoreKinds.All.Of<Service>().Decode(e)).Status is { State: Lifecycle.Run, Ready: InstancesEach });
        if (serving != services)
        {
            throw new InvalidOperationException($"{serving} of {services} services run");
        }
    }

    static void Write(MemoryStore store, Resource resource) =>
        store.CommitAsync(new([], [new(CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource))])).AsTask().Wait();

    sealed class NoDriver : IDriver
    {
        public ValueTask DoAsync(Act act, CancellationToken stop) => ValueTask.CompletedTask;
    }
}
