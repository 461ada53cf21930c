using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Agent;
using Mainstay.Schedule.Decide;

namespace Mainstay.Tests.Sim;

/// <summary>What the server wants of a host: a message of the work stream.</summary>
public sealed record SimWork(bool Full, IReadOnlyList<Instance> Instances, IReadOnlyList<Build> Builds, IReadOnlyList<string> Gone);

/// <summary>One stream of work from one life of the server.</summary>
public sealed class SimStream(object server)
{
    public object Server => server;
}

/// <summary>What an agent saw; the number orders the reports of one agent.</summary>
public sealed record SimReport(string Host, int AgentPid, long Number, IReadOnlyDictionary<string, InstanceStatus> Instances, IReadOnlyDictionary<string, BuildStatus> Builds);

/// <summary>An agent: the real loop and reconcilers over its own store, with a driver of simulated processes and messages instead of HTTP.</summary>
public sealed class SimAgent : IDriver, IDisposable
{
    static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    readonly SimContext sim;
    readonly SimMachine machine;
    readonly SimServer server;
    readonly MemoryStore store;
    readonly CancellationTokenSource stop = new();
    readonly Loop[] loops;
    readonly LeaseKeeper lease;
    readonly Dictionary<string, InstanceStatus> told = new(StringComparer.Ordinal);
    readonly Dictionary<string, BuildStatus> toldBuilds = new(StringComparer.Ordinal);
    long number;
    int streams;

    public SimAgent(SimContext sim, SimMachine machine, SimServer server, int pid)
    {
        (this.sim, this.machine, this.server, Pid) = (sim, machine, server, pid);
        store = new MemoryStore(machine.Clock);
        lease = new(store, machine.Clock, SinceBoot, LeaseTerm.Begin(machine.Lease, machine.Boot, SinceBoot())) { Renew = Renew, Keep = KeepLease };
        machine.Agent = this;
        foreach (var record in machine.Records.Values.ToArray())
        {
            // What ran on is adopted; its health is checked anew.
            Put(record with { WatchedAt = machine.Clock.GetUtcNow() });
        }

        foreach (var resource in machine.Wanted.Values.Concat<Resource>(machine.Builds.Values).ToArray())
        {
            Put(resource);
        }

        sim.Log($"{machine.Name}: the agent starts with {string.Join(' ', machine.Wanted.Keys)} and finds {string.Join(' ', machine.Processes.Keys)}");
        loops = [.. new IReconciler[] { new InstanceReconciler(), new BuildReconciler() }.Select(r => new Loop(store, AgentKinds.All, r, this, machine.Clock) { OnFault = (what, fault) => sim.Log($"{machine.Name} {what}: {fault.Message}") })];
        foreach (var loop in loops)
        {
            sim.Start(() => loop.RunAsync(stop.Token));
        }

        sim.Start(KeepAsync);
        sim.Start(ReportAsync);
        sim.Start(FollowAsync);
        sim.Start(() => lease.RunAsync(stop.Token));
    }

    public int Pid { get; }

    public long Passes => loops.Sum(l => l.Counters.Passes);

    /// <summary>The stream that is open; null where none is.</summary>
    public SimStream? Stream { get; set; }

    public void Kill()
    {
        stop.Cancel();
        machine.Agent = null;
    }

    public void Dispose() => stop.Dispose();

    public void See(Proc proc) => Put(proc);

    public async ValueTask DoAsync(Act act, CancellationToken stop)
    {
        switch (act)
        {
            case StartProcess start:
                machine.Launch(start.Instance, start.Epoch);
                break;
            case StopProcess end:
                machine.Stop(end.Id, end.Epoch);
                break;
            case ForgetProcess:
                machine.Forget(act.Id);
                break;
            case RunBuild { Build: var build }:
                sim.Start(() => BuildAsync(build));
                break;
        }

        await ValueTask.CompletedTask;
    }

    /// <summary>Takes in what the server wants; our own statuses stand.</summary>
    public void Take(SimWork work)
    {
        if (stop.IsCancellationRequested)
        {
            return;
        }

        if (work.Full)
        {
            sim.Log($"{machine.Name} is to have {string.Join(' ', work.Instances.Select(i => i.Name))}");
        }

        var said = work.Instances.Select(i => i.Name).Concat(work.Builds.Select(b => b.Name)).ToHashSet();
        foreach (var gone in work.Full ? [.. machine.Wanted.Keys.Concat(machine.Builds.Keys).Where(n => !said.Contains(n))] : work.Gone.ToArray())
        {
            Drop(AgentKinds.All.Of<Instance>().KeyOf(gone), AgentKinds.All.Of<Build>().KeyOf(gone));
        }

        foreach (var instance in work.Instances)
        {
            Put(machine.Wanted.TryGetValue(instance.Name, out var ours) ? instance with { Status = ours.Status } : instance);
        }

        foreach (var build in work.Builds)
        {
            Put(machine.Builds.TryGetValue(build.Name, out var ours) && ours.Attempt == build.Attempt ? build with { Status = ours.Status } : build);
        }

        if (work.Full)
        {
            lease.Told(streams);
        }
    }

    // What stands in the store is on disk too.
    async Task KeepAsync()
    {
        await foreach (var batch in store.WatchAsync("", 1, stop.Token))
        {
            foreach (var change in batch.Changes)
            {
                Keep(AgentKinds.All.OfKey(change.Key)!, change);
            }
        }
    }

    void Keep(Kind kind, Change change)
    {
        var name = change.Key[kind.Prefix.Length..];
        switch (change.Current is { } entry ? kind.Decode(entry) : null)
        {
            case Instance instance:
                machine.Wanted[name] = instance;
                break;
            case Build build:
                machine.Builds[name] = build;
                break;
            case null when kind.Type == typeof(Instance):
                machine.Wanted.Remove(name);
                told.Remove(name);
                break;
            case null when kind.Type == typeof(Build):
                machine.Builds.Remove(name);
                toldBuilds.Remove(name);
                break;
        }
    }

    // Each change at once, and a sign of life; after a failure or a new stream everything.
    async Task ReportAsync()
    {
        var quiet = TimeSpan.Zero;
        while (true)
        {
            var instances = machine.Wanted.Where(i => !told.TryGetValue(i.Key, out var t) || t != i.Value.Status).ToDictionary(i => i.Key, i => i.Value.Status);
            var builds = machine.Builds.Where(b => !toldBuilds.TryGetValue(b.Key, out var t) || t != b.Value.Status).ToDictionary(b => b.Key, b => b.Value.Status);
            if (instances.Count + builds.Count > 0 || quiet >= Heartbeat)
            {
                quiet = TimeSpan.Zero;
                foreach (var (name, status) in instances)
                {
                    told[name] = status;
                }

                foreach (var (name, status) in builds)
                {
                    toldBuilds[name] = status;
                }

                var report = new SimReport(machine.Name, Pid, ++number, instances, builds);
                if (!await SendAsync(report))
                {
                    told.Clear();
                    toldBuilds.Clear();
                    await sim.Delay(Retry, stop.Token);
                }
            }

            await sim.Delay(Coalesce * 5, stop.Token);
            quiet += Coalesce * 5;
        }
    }

    async Task<bool> SendAsync(SimReport report)
    {
        var sentAt = SinceBoot();
        await sim.Delay(sim.Between(1, 60), stop.Token);
        if (sim.Chance(0.03))
        {
            // The request hangs somewhere and arrives again much later.
            sim.After(sim.Between(200, 4000), () => sim.Start(() => server.TakeAsync(report)));
        }

        if (!machine.IsConnected || !await server.TakeAsync(report) || !machine.IsConnected)
        {
            return false;
        }

        lease.Answered(sentAt);
        return true;
    }

    async Task FollowAsync()
    {
        while (true)
        {
            if (machine.IsConnected && server.Serves(machine, this) is { } stream)
            {
                told.Clear();
                toldBuilds.Clear();
                streams++;
                Stream = stream;
            }

            while (machine.IsConnected && Stream is { } open && open.Server == server.Life)
            {
                await sim.Delay(TimeSpan.FromSeconds(1), stop.Token);
            }

            Stream = null;
            await sim.Delay(sim.Between(50, 1000), stop.Token);
        }
    }

    // A process that is gone writes nothing.
    void KeepLease(LeaseTerm term) => machine.Lease = stop.IsCancellationRequested ? machine.Lease : term;

    TimeSpan SinceBoot() => machine.Clock.GetElapsedTime(0);

    // The stream that is open is left: what the next one says first is said after this.
    int Renew()
    {
        Stream = null;
        return streams + 1;
    }

    async Task BuildAsync(Build build)
    {
        await sim.Delay(sim.Between(300, 2500), stop.Token);
        var failed = build.Digest[0] == 'f';
        Put(new BuildRun
        {
            Name = build.Name,
            Attempt = build.Attempt,
            State = failed ? BuildState.Failed : BuildState.Succeeded,
            ExitCode = failed ? 1 : 0,
            FinishedAt = machine.Clock.GetUtcNow(),
        });
    }

    void Put(Resource resource) => sim.Start(() => store.CommitAsync(new([], [new(AgentKinds.All.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource))])).AsTask());

    void Drop(params string[] keys) => sim.Start(() => store.CommitAsync(new([], [.. keys.Select(k => new Operation(k, null))])).AsTask());
}
