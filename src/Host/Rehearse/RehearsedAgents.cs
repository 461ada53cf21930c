using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;
using Mainstay.Schedule.Decide;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// The agents of all hosts: the real loop and reconcilers over a store of their own, with virtual machines for a driver, and messages that take their time. One loop serves them all, since an instance belongs to one host
/// and no decision about it looks at another.
/// </summary>
sealed class RehearsedAgents : IDriver, IAsyncDisposable
{
    // How long the server's word takes to an agent, and how long an agent gathers what it has to report.
    static readonly TimeSpan Way = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(30);
    static readonly Kind<Instance> Instances = CoreKinds.All.Of<Instance>();
    static readonly Kind<Build> Builds = CoreKinds.All.Of<Build>();

    readonly VirtualRun run;
    readonly MemoryStore server;
    readonly MemoryStore own;
    readonly StartTimes times;
    readonly TaskTimes tasks;
    readonly Dictionary<string, RehearsedMachine> machines = new(StringComparer.Ordinal);
    readonly Dictionary<string, RehearsedMachine> homes = new(StringComparer.Ordinal);
    readonly Dictionary<string, HashSet<string>> news = new(StringComparer.Ordinal);
    readonly HashSet<string> brokenServices = new(StringComparer.Ordinal);
    readonly HashSet<string> brokenTemplates = new(StringComparer.Ordinal);

    public RehearsedAgents(VirtualRun run, MemoryStore server, StartTimes times, TaskTimes tasks)
    {
        (this.run, this.server, this.times, this.tasks) = (run, server, times, tasks);
        own = new(run.Clock, keepRevisions: 1_000_000);
    }

    /// <summary>The hosts whose agents answer.</summary>
    public IEnumerable<string> Answering => machines.Values.Where(m => !m.IsDown).Select(m => m.Name);

    /// <summary>Grows whenever a process starts or ends.</summary>
    public long Changes { get; private set; }

    /// <summary>Whether an instance's process is there.</summary>
    public bool Runs(string instance) => homes.TryGetValue(instance, out var machine) && machine.Processes.ContainsKey(instance);

    /// <summary>Takes over what every host has, and begins to follow the server.</summary>
    public void Start(Snapshot seen, CancellationToken stop)
    {
        foreach (var host in seen.All<HostRecord>().Where(h => h.State == HostState.Ready))
        {
            machines[host.Name] = new(run, host.Name, times, tasks, i => brokenServices.Contains(SoftwareOf(i)) || brokenTemplates.Contains(i.Template.Hash), See);
        }

        // What fails now goes on failing.
        brokenTemplates.UnionWith(seen.All<Instance>().Where(i => i.Status.Failures >= i.Template.Restart.CrashLoop && i.Status.State != InstanceState.Ready).Select(i => i.Template.Hash));
        // Whoever is cut off here has no power either: what another host takes over is nobody else's.
        var first = new List<Operation> { Put(new AgentLease { Name = AgentLease.TheName, Held = true }) };
        foreach (var instance in seen.All<Instance>().OrderBy(i => i.Name, StringComparer.Ordinal))
        {
            if (machines.TryGetValue(instance.Host, out var machine))
            {
                homes[instance.Name] = machine;
                first.Add(Put(instance));
                first.AddRange(machine.Adopt(instance) is { } proc ? [Put(proc)] : []);
            }
        }

        first.AddRange(seen.All<Build>().Where(b => machines.ContainsKey(b.Host)).Select(Put));
        own.Write(first);
        foreach (var reconciler in new IReconciler[] { new InstanceReconciler(), new BuildReconciler() })
        {
            run.Start(() => new Loop(own, AgentKinds.All, reconciler, this, run.Clock).RunAsync(stop));
        }

        var from = server.Revision + 1;
        var reportFrom = own.Revision + 1;
        run.Start(() => FollowAsync(from, stop));
        run.Start(() => ReportAsync(reportFrom, stop));
    }

    public ValueTask DisposeAsync() => own.DisposeAsync();

    public void PowerOff(string host)
    {
        if (machines.TryGetValue(host, out var machine))
        {
            Changes++;
            machine.PowerOff();
            var gone = homes.Where(h => h.Value == machine).Select(h => h.Key).Order(StringComparer.Ordinal);
            own.Write([.. gone.SelectMany(name => new[] { new Operation(Instances.KeyOf(name), null), new Operation(AgentKinds.All.Of<Proc>().KeyOf(name), null) })]);
        }
    }

    /// <summary>Ends an instance's process, as by a crash; false where it has none.</summary>
    public bool Kill(string instance)
    {
        if (!homes.TryGetValue(instance, out var machine) || machine.Processes.GetValueOrDefault(instance) is not { } process)
        {
            return false;
        }

        machine.End(process, 137);
        return true;
    }

    /// <summary>The software of a service works no more: what runs ends, and so does what is started.</summary>
    public void Break(string service)
    {
        brokenServices.Add(service);
        foreach (var process in machines.Values.SelectMany(m => m.Processes.Values).Where(p => SoftwareOf(p.Instance) == service).Select(p => p.Instance.Name).ToArray())
        {
            Kill(process);
        }
    }

    public ValueTask DoAsync(Act act, CancellationToken stop)
    {
        switch (act)
        {
            case StartProcess start when machines.TryGetValue(start.Instance.Host, out var machine) && !machine.IsDown:
                homes[act.Id] = machine;
                machine.Launch(start.Instance, start.Epoch);
                break;
            case StopProcess end when homes.TryGetValue(act.Id, out var machine) && !machine.IsDown:
                machine.Stop(end.Id, end.Epoch);
                break;
            case ForgetProcess when homes.Remove(act.Id, out var machine):
                machine.Forget(act.Id);
                break;
            case RunBuild { Build: var build }:
                run.After(times.OfBuild(build.Service), () => own.Write(Put(new BuildRun { Name = build.Name, Attempt = build.Attempt, State = BuildState.Succeeded, ExitCode = 0, FinishedAt = run.Now })));
                break;
        }

        return ValueTask.CompletedTask;
    }

    // A job's task runs the software of the service that the job names.
    string SoftwareOf(Instance instance) => instance.Template.Once is null ? instance.Service : server.Read<Job>(instance.Service)?.Spec.Service ?? "";

    void See(Proc proc)
    {
        Changes++;
        own.Write(Put(proc));
    }

    // What the server wants, a moment later; what an agent says of its instances stands.
    async Task FollowAsync(long from, CancellationToken stop)
    {
        await foreach (var batch in server.WatchAsync("", from, stop))
        {
            var changes = batch.Changes.Where(c => c.Key.StartsWith(Instances.Prefix, StringComparison.Ordinal) || c.Key.StartsWith(Builds.Prefix, StringComparison.Ordinal)).ToArray();
            if (changes.Length > 0)
            {
                run.After(Way, () => own.Write([.. changes.SelectMany(Wanted)]));
            }
        }
    }

    IEnumerable<Operation> Wanted(Change change)
    {
        if (change.Current is not { } entry)
        {
            return [new(change.Key, null)];
        }

        var known = own.Read(change.Key);
        switch (CoreKinds.All.OfKey(change.Key)!.Decode(entry))
        {
            case Instance instance when machines.TryGetValue(instance.Host, out var machine) && !machine.IsDown:
                homes[instance.Name] = machine;
                return [Put(known is null ? instance : instance with { Status = ((Instance)Instances.Decode(known)).Status })];
            case Build build when machines.TryGetValue(build.Host, out var machine) && !machine.IsDown:
                return [Put(known is not null && (Build)Builds.Decode(known) is var ours && ours.Attempt == build.Attempt ? build with { Status = ours.Status } : build)];
            default:
                return [];
        }
    }

    // Each host says what is new of it in one message.
    async Task ReportAsync(long from, CancellationToken stop)
    {
        await foreach (var batch in own.WatchAsync("", from, stop))
        {
            foreach (var change in batch.Changes.Where(c => c.Current is not null))
            {
                if (CoreKinds.All.OfKey(change.Key)?.Decode(change.Current!) switch { Instance instance => instance.Host, Build build => build.Host, _ => null } is { } host)
                {
                    Note(host, change.Key);
                }
            }
        }
    }

    void Note(string host, string key)
    {
        if (news.TryGetValue(host, out var waiting))
        {
            waiting.Add(key);
            return;
        }

        news[host] = new(StringComparer.Ordinal) { key };
        run.After(Gather, () => Send(host));
    }

    void Send(string host)
    {
        if (!news.Remove(host, out var keys) || machines[host].IsDown)
        {
            return;
        }

        var writes = new List<Operation>();
        foreach (var key in keys.Order(StringComparer.Ordinal))
        {
            if (own.Read(key) is not { } ours || server.Read(key) is not { } theirs)
            {
                continue;
            }

            var kind = CoreKinds.All.OfKey(key)!;
            switch (kind.Decode(ours), kind.Decode(theirs))
            {
                case (Instance mine, Instance known) when known.Host == host && !Codec.Same(mine.Status, known.Status):
                    writes.Add(Put(known with { Status = mine.Status }));
                    break;
                case (Build mine, Build known) when known.Host == host && !Codec.Same(mine.Status, known.Status):
                    writes.Add(Put(known with { Status = mine.Status }));
                    break;
            }
        }

        server.Write(writes);
    }

    static Operation Put(Resource resource) => new(AgentKinds.All.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));
}
