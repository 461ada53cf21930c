using Mainstay.Core.Store;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Tests.Sim;

/// <summary>One run: a minute of operations and faults, then quiet, in which everything must converge and come to rest. All of it follows from the seed.</summary>
sealed class Simulation
{
    static readonly TimeSpan Trouble = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    readonly int seed;
    readonly SimContext sim;
    readonly MemoryStore memory;
    readonly FaultyStore store;
    readonly SimServer server;
    readonly SimGateway gateway;
    readonly SimMachine[] machines;
    readonly SimLaws laws;
    readonly SimFaults faults;
    readonly SimUsers users;

    public Simulation(int seed)
    {
        this.seed = seed;
        sim = new(seed);
        memory = new(sim.Time, keepRevisions: 400);
        store = new(memory, sim.Time) { Delay = () => sim.Chance(0.3) ? sim.Between(1, 25) : sim.Chance(0.03) ? sim.Between(100, 700) : TimeSpan.Zero };
        server = new(sim, store);
        gateway = new(sim, store, "g1");
        // Dice of their own, so that clocks change nothing else of a history.
        var clocks = new Random(seed);
        machines = [.. Enumerable.Range(1, 1 + (seed % 3)).Select(i => new SimMachine(sim, $"h{i}", SkewedTime.Draw(sim, $"h{i}", clocks)))];
        laws = new(sim, memory, store, machines);
        faults = new(sim, store, memory, server, gateway, machines, laws);
        users = new(sim, memory, laws);
    }

    public IReadOnlyList<string> Trace => sim.Trace;

    /// <summary>How long it took to converge after the faults.</summary>
    public TimeSpan Convergence { get; private set; }

    public void Run()
    {
        faults.Part(new Random(seed));
        users.Begin();
        server.Start();
        gateway.Restart();
        foreach (var machine in machines)
        {
            faults.StartAgent(machine);
        }

        while (sim.Time.Elapsed < Trouble)
        {
            Pass(sim.Between(300, 5000));
            (sim.Chance(0.6) ? (Action)faults.Next : users.Next)();
        }

        faults.Mend();
        users.Run(true);
        var mended = sim.Time.Elapsed;
        while (Problems().FirstOrDefault() is { } problem)
        {
            Convergence = sim.Time.Elapsed - mended;
            if (Convergence > Patience)
            {
                throw new InvalidOperationException($"not converged {Patience.TotalMinutes} minutes after the last fault: {problem}");
            }

            Pass(TimeSpan.FromSeconds(2));
        }

        Rest();
    }

    // What has converged does nothing any more.
    void Rest()
    {
        // A machine whose clock is set back is that much later with what it does after a while.
        Pass(TimeSpan.FromSeconds(30) + SkewedTime.Most);
        var (passes, revision) = (server.Passes, memory.Revision);
        Pass(TimeSpan.FromSeconds(60));
        // What does not get ready is tried again for ever, whatever its service says of itself.
        if (laws.Seen.All<Instance>().All(i => i.Status.State == InstanceState.Ready) && (server.Passes, memory.Revision) != (passes, revision))
        {
            throw new InvalidOperationException($"a system at rest made {server.Passes - passes} passes and {memory.Revision - revision} commits in a minute");
        }

        if (Problems().FirstOrDefault() is { } problem)
        {
            throw new InvalidOperationException($"converged, and then: {problem}");
        }
    }

    // The laws are checked whenever nothing is ready any more.
    void Pass(TimeSpan span) => sim.Pass(span, laws.Check);

    IEnumerable<string> Problems() => laws.Seen.All<Service>().SelectMany(Problems).Concat(Leftovers());

    IEnumerable<string> Problems(Service service)
    {
        var (status, instances) = (service.Status, laws.Seen.Group<Instance>(service.Name));
        var said = $"{service.Name} is {status.State} {status.Reason} ({status.Message})";
        var isGood = service.Spec.Version![0] == '1' && service.Digest?[0] != 'f';
        var needs = service.Spec.Needs.Where(n => !n.Value.Optional).Select(n => laws.Seen.Get<Service>(n.Key)!);
        if (service.Removed)
        {
            return [$"{said}, and is still there"];
        }

        if (instances.Count == 0 && needs.Any(n => n.Status.Ready == 0))
        {
            return status.Reason == Reasons.WaitingForNeeds || status.Reason == Reasons.BuildFailed ? [] : [said];
        }

        if (status.Stable is null && !isGood)
        {
            // There is nothing to go back to; what a former version had ready serves on.
            return status.State == Lifecycle.Failed || status.Reason is Reasons.BuildFailed or Reasons.Degraded ? [] : [said];
        }

        var reason = isGood ? Reasons.Serving : service.Digest?[0] == 'f' ? Reasons.BuildFailed : Reasons.RolledBack;
        if ((status.State, status.Reason) != (Lifecycle.Run, reason) && (status.State, status.Reason) != (Lifecycle.Failed, reason))
        {
            return [said];
        }

        var version = isGood ? service.Spec.Version : status.Stable!.Version;
        return status.State == Lifecycle.Failed ? [] : Serving(service, version, instances);
    }

    IEnumerable<string> Serving(Service service, string version, IReadOnlyList<Instance> instances)
    {
        if (instances.Count != service.Wanted() || instances.Any(i => i.Status.State != InstanceState.Ready || i.Template.Version != version))
        {
            yield return $"{service.Name} has {string.Join(", ", instances.Select(i => $"{i.Name} {i.Goal} {i.Status.State} {i.Template.Version}"))}; wanted are {service.Wanted()} of {version}";
        }

        var serving = gateway.Table.GetValueOrDefault(service.Name)?.Items.Select(i => i.Instance).Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>();
        if (!serving.SequenceEqual(instances.Select(i => i.Name).Order(StringComparer.Ordinal)))
        {
            yield return $"the gateway has {service.Name} at {string.Join(", ", serving)}";
        }
    }

    IEnumerable<string> Leftovers()
    {
        foreach (var process in machines.SelectMany(m => m.Processes.Values.Select(p => (m.Name, p.Instance))))
        {
            if (laws.Seen.Get<Instance>(process.Instance.Name) is not { Goal: InstanceGoal.Run } known || known.Host != process.Name)
            {
                yield return $"{process.Instance.Name} on {process.Name} is an orphan";
            }
        }

        foreach (var link in laws.Seen.All<MeshLink>())
        {
            var caller = laws.Seen.Get<Service>(link.Caller);
            var variable = MeshLink.VariableOf(link.Callee);
            // What never had a good version goes on with the last that served.
            if (caller is null || !(caller.Spec.Needs.ContainsKey(link.Callee) || caller.Status.Stable?.Env.ContainsKey(variable) == true
                || laws.Seen.Group<Instance>(caller.Name).Any(i => i.Template.Env.ContainsKey(variable))))
            {
                yield return $"the link {link.Name} is left over";
            }
        }

        foreach (var left in laws.Seen.All<Instance>().Where(i => laws.Seen.Get<Service>(i.Service) is null).Select(i => i.Name)
            .Concat(laws.Seen.All<Endpoints>().Where(e => laws.Seen.Get<Service>(e.Name) is null).Select(e => $"endpoints of {e.Name}")))
        {
            yield return $"{left} is left over";
        }
    }
}
