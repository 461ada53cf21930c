using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Traffic.Decide;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Sim;

/// <summary>The control plane: the real loops and reconcilers over a faulty store, and the server's side of the agents' protocol.</summary>
public sealed class SimServer(SimContext sim, FaultyStore store) : IDriver, IDisposable
{
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    static readonly Kind<Machine> Hosts = CoreKinds.All.Of<Machine>();

    readonly Dictionary<string, DateTimeOffset> heard = new(StringComparer.Ordinal);
    readonly Dictionary<string, (int Pid, long Number)> last = new(StringComparer.Ordinal);
    readonly Dictionary<string, Task> turns = new(StringComparer.Ordinal);
    CancellationTokenSource? life;
    Loop[] loops = [];
    DateTimeOffset started;
    long passesBefore;

    /// <summary>Identifies one run of the server; null while it is down.</summary>
    public object? Life => life;

    public long Passes => passesBefore + loops.Sum(l => l.Counters.Passes);

    public void Start()
    {
        life = new();
        started = sim.Now;
        heard.Clear();
        last.Clear();
        loops = [.. new IReconciler[] { new ServiceReconciler(), new LinkReconciler(_ => true) }.Select(r => new Loop(store, CoreKinds.All, r, this, sim.Time) { OnFault = (what, fault) => sim.Log($"server {what}: {fault.Message}") })];
        var stop = life.Token;
        foreach (var loop in loops)
        {
            sim.Start(() => loop.RunAsync(stop));
        }

        sim.Start(() => WatchHostsAsync(stop));
    }

    public void Dispose() => life?.Dispose();

    public void Kill()
    {
        life?.Cancel();
        life = null;
        passesBefore = Passes;
        loops = [];
    }

    public ValueTask DoAsync(Act act, CancellationToken stop) => throw new InvalidOperationException("the server's reconcilers write, they do not act");

    /// <summary>Takes a report in, when those of its machine that came before are done with; false where it could not be written.</summary>
    public async Task<bool> TakeAsync(SimReport report)
    {
        var (before, done) = (turns.GetValueOrDefault(report.Host, Task.CompletedTask), new TaskCompletionSource());
        turns[report.Host] = done.Task;
        try
        {
            await before;
            return await TakeInTurnAsync(report);
        }
        finally
        {
            done.SetResult();
        }
    }

    async Task<bool> TakeInTurnAsync(SimReport report)
    {
        if (life is not { } mine)
        {
            return false;
        }

        if (last.TryGetValue(report.Host, out var seen) && seen.Pid >= report.AgentPid && (seen.Pid > report.AgentPid || seen.Number >= report.Number))
        {
            return true;
        }

        last[report.Host] = (report.AgentPid, report.Number);
        heard[report.Host] = sim.Now;
        try
        {
            for (var attempt = 0; attempt < 8 && !mine.IsCancellationRequested; attempt++)
            {
                var commit = await ComposeAsync(report, mine.Token);
                if (commit.Operations.Count == 0 || (await store.CommitAsync(commit, mine.Token)).Succeeded)
                {
                    return true;
                }
            }

            return false;
        }
        catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Opens a machine's stream of work; null where the server is down.</summary>
    public SimStream? Serves(SimMachine machine, SimAgent agent)
    {
        if (life is not { } mine)
        {
            return null;
        }

        var stream = new SimStream(mine);
        sim.Start(() => StreamAsync(machine, agent, stream, mine.Token));
        return stream;
    }

    async Task StreamAsync(SimMachine machine, SimAgent agent, SimStream mine, CancellationToken stop)
    {
        try
        {
            await Task.Yield();
            var instances = await store.RangeAsync(CoreKinds.All.Of<Instance>().Prefix, stop: stop);
            var builds = await store.RangeAsync(CoreKinds.All.Of<Build>().Prefix, stop: stop);
            var all = instances.Entries.Concat(builds.Entries).Select(e => CoreKinds.All.OfKey(e.Key)!.Decode(e)).ToArray();
            await SendAsync(machine, agent, mine, new(true, [.. all.OfType<Instance>().Where(i => i.Host == machine.Name)], [.. all.OfType<Build>().Where(b => b.Host == machine.Name)], []), stop);
            await foreach (var batch in store.WatchAsync("", instances.Revision + 1, stop))
            {
                if (batch.Compacted || agent.Stream != mine || !machine.IsConnected)
                {
                    break;
                }

                if (DeltaOf(batch, machine.Name) is { } delta)
                {
                    await SendAsync(machine, agent, mine, delta, stop);
                }
            }
        }
        catch (StoreUnavailableException)
        {
        }

        agent.Stream = agent.Stream == mine ? null : agent.Stream;
    }

    async Task SendAsync(SimMachine machine, SimAgent agent, SimStream mine, SimWork work, CancellationToken stop)
    {
        await sim.Delay(sim.Between(1, 60), stop);
        if (machine.IsConnected && agent.Stream == mine)
        {
            agent.Take(work);
        }
    }

    static SimWork? DeltaOf(WatchBatch batch, string host)
    {
        var now = batch.Changes.Where(c => c.Current is not null).Select(c => CoreKinds.All.OfKey(c.Key)?.Decode(c.Current!)).ToArray();
        var before = batch.Changes.Where(c => c.Previous is not null).Select(c => CoreKinds.All.OfKey(c.Key)?.Decode(c.Previous!)).ToArray();
        var instances = now.OfType<Instance>().Where(i => i.Host == host).ToArray();
        var builds = now.OfType<Build>().Where(b => b.Host == host).ToArray();
        var gone = before.OfType<Instance>().Where(i => i.Host == host && now.All(n => n?.Name != i.Name)).Select(i => i.Name)
            .Concat(before.OfType<Build>().Where(b => b.Host == host && builds.All(n => n.Name != b.Name)).Select(b => b.Name)).ToArray();
        return instances.Length + builds.Length + gone.Length > 0 ? new(false, instances, builds, gone) : null;
    }

    async Task<Commit> ComposeAsync(SimReport report, CancellationToken stop)
    {
        var (compares, operations) = (new List<Compare>(), new List<Operation>());
        void Write(Resource resource)
        {
            var key = CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);
            compares.Add(new(key, resource.Revision));
            operations.Add(new(key, Codec.Encode(resource)));
        }

        foreach (var (name, status) in report.Instances)
        {
            if (await GetAsync<Instance>(name, stop) is { } known && known.Host == report.Host && known.Status != status)
            {
                Write(known with { Status = status });
            }
        }

        foreach (var (name, status) in report.Builds)
        {
            if (await GetAsync<Build>(name, stop) is { } known && known.Host == report.Host && known.Status != status)
            {
                Write(known with { Status = status });
            }
        }

        var host = await GetAsync<Machine>(report.Host, stop);
        if (host is not { State: HostState.Ready } || host.AgentPid != report.AgentPid)
        {
            Write(new Machine { Name = report.Host, Revision = host?.Revision ?? 0, AgentPid = report.AgentPid, Since = sim.Now });
        }

        return new(compares, operations);
    }

    async Task WatchHostsAsync(CancellationToken stop)
    {
        while (true)
        {
            await sim.Delay(TimeSpan.FromSeconds(1), stop);
            try
            {
                foreach (var entry in (await store.RangeAsync(Hosts.Prefix, stop: stop)).Entries)
                {
                    var host = Hosts.Decode(entry);
                    if (host.State == HostState.Ready && sim.Now - heard.GetValueOrDefault(host.Name, started) >= Silence)
                    {
                        sim.Log($"server loses {host.Name}");
                        await store.CommitAsync(new([new(entry.Key, entry.ModRevision)], [new(entry.Key, Codec.Encode(host with { State = HostState.Lost, Since = sim.Now }))]), stop);
                    }
                }
            }
            catch (StoreUnavailableException)
            {
            }
        }
    }

    async Task<T?> GetAsync<T>(string name, CancellationToken stop) where T : Resource =>
        await store.GetAsync(CoreKinds.All.Of<T>().KeyOf(name), stop) is { } entry ? (T)CoreKinds.All.Of<T>().Decode(entry) : null;
}
