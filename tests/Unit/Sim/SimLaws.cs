using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Tests.Schedule;
using Shouldly;

namespace Mainstay.Tests.Sim;

/// <summary>What must hold after every step of a run. It follows the true store, not what any part believes.</summary>
sealed class SimLaws(SimContext sim, MemoryStore memory, FaultyStore store, IReadOnlyList<SimMachine> machines)
{
    /// <summary>From the end of a process to its leaving the endpoints, at the longest: 5 s until its host is lost, 1 s between two looks, and the messages' and store's delays.</summary>
    public static readonly TimeSpan Detection = TimeSpan.FromSeconds(8);

    // What a commit that failed was to say is said at the next look.
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    readonly Watch watch = memory.OpenWatch("", 1);
    readonly Dictionary<string, DateTimeOffset> deadSince = new(StringComparer.Ordinal);
    readonly Dictionary<string, DateTimeOffset> readyAt = new(StringComparer.Ordinal);
    readonly List<string> lines = [];

    /// <summary>The store's content.</summary>
    public Snapshot Seen { get; } = new(CoreKinds.All);

    /// <summary>Until when detection was hindered: a server, store or watch that is away sees nothing.</summary>
    public DateTimeOffset Hindered { get; set; }

    public void Check()
    {
        while (watch.TryRead(out var batch))
        {
            Follow(batch);
        }

        OneProcessEach();
        NoDeadEndpoint();
    }

    void Follow(WatchBatch batch)
    {
        var touched = Touched(batch).ToArray();
        var before = touched.ToDictionary(s => s, s => (Service: Seen.Get<Service>(s), Instances: Seen.Group<Instance>(s)));
        var after = touched.ToDictionary(s => s, s => before[s].Instances.ToDictionary(i => i.Name));
        foreach (var change in batch.Changes)
        {
            var kind = CoreKinds.All.OfKey(change.Key)!;
            var now = change.Current is { } entry ? kind.Decode(entry) : null;
            var was = change.Previous is { } old ? kind.Decode(old) : null;
            Say(was, now);
            if ((now ?? was) is Instance instance)
            {
                after[instance.Service].Remove(instance.Name);
                if (now is not null)
                {
                    after[instance.Service][instance.Name] = (Instance)now;
                }
            }
        }

        foreach (var name in touched)
        {
            var (service, instances) = before[name];
            var next = batch.Changes.Where(c => c.Key == $"service/{name}" && c.Current is not null).Select(c => (Service)CoreKinds.All.Of<Service>().Decode(c.Current!)).SingleOrDefault();
            var goals = after[name].Values.Select(i => (i.Name, i.Goal)).ToHashSet();
            if (service is not null && (next is not null || !goals.SetEquals(instances.Select(i => (i.Name, i.Goal)))))
            {
                ServiceLaws.Check(service, next, instances, [.. after[name].Values], Seen);
                Obedience(service, next);
                StartOrder(service, instances, after[name].Count);
            }
        }

        foreach (var change in batch.Changes)
        {
            Seen.Take(change, batch.Revision);
        }

        foreach (var service in Seen.All<Service>().Where(s => s.Status.Ready > 0))
        {
            readyAt[service.Name] = sim.Now;
        }
    }

    static IEnumerable<string> Touched(WatchBatch batch) => batch.Changes
        .Select(c => (c.Key, Entry: c.Current ?? c.Previous))
        .Where(c => c.Entry is not null)
        .Select(c => CoreKinds.All.OfKey(c.Key)?.Decode(c.Entry!) switch { Service s => s.Name, Instance i => i.Service, _ => null })
        .OfType<string>().Distinct();

    void Say(Resource? was, Resource? now)
    {
        if ((now ?? was) is not null)
        {
            lines.Clear();
            ServiceTrace.Of(was, now, lines);
            lines.ForEach(sim.Log);
            if (now is Instance after && (was as Instance)?.Status.State != after.Status.State)
            {
                sim.Log($"{after.Name} is {after.Status.State} {after.Status.Reason}");
            }
        }
    }

    /// <summary>What users asked for, by the latest acknowledged operation; nobody else may change it.</summary>
    public Dictionary<string, Service> Asked { get; } = new(StringComparer.Ordinal);

    void Obedience(Service before, Service? next)
    {
        if (next is not null && Asked.TryGetValue(next.Name, out var asked))
        {
            (Codec.Same(next.Spec, asked.Spec), next.Scale, next.Generation, next.Removed, next.Digest)
                .ShouldBe((true, asked.Scale, asked.Generation, asked.Removed, asked.Digest), $"{before.Name}: an acknowledged operation was lost");
        }
    }

    // The first instance is made when every required need is ready, or was when it was looked at.
    void StartOrder(Service service, IReadOnlyList<Instance> before, int after)
    {
        foreach (var need in before.Count == 0 && after > 0 ? service.Spec.Needs.Where(n => !n.Value.Optional).Select(n => n.Key) : [])
        {
            (sim.Now - readyAt.GetValueOrDefault(need)).ShouldBeLessThan(TimeSpan.FromSeconds(10), $"{service.Name} was started before {need} was ready");
        }
    }

    void OneProcessEach()
    {
        var all = machines.SelectMany(m => m.Processes.Values).ToArray();
        all.Select(p => p.Instance.Name).Distinct().Count().ShouldBe(all.Length, "an instance has two processes");
        foreach (var pet in all.Where(p => p.Instance.Service is "db" or "cart").GroupBy(p => p.Instance.Service))
        {
            pet.Count().ShouldBeLessThanOrEqualTo(1, $"the pet {pet.Key} has two processes: {string.Join(", ", pet.Select(p => p.Instance.Name))}");
        }
    }

    void NoDeadEndpoint()
    {
        foreach (var endpoints in Seen.All<Endpoints>())
        {
            var (dead, alive) = (new List<string>(), 0);
            foreach (var item in endpoints.Items)
            {
                var lives = machines.Any(m => m.Processes.TryGetValue(item.Instance, out var p) && m.Records[item.Instance].Endpoint == item.Address);
                alive += lives ? 1 : 0;
                if (lives)
                {
                    deadSince.Remove(item.Address);
                }
                else if (IsLate(deadSince.TryGetValue(item.Address, out var since) ? since : deadSince[item.Address] = sim.Now))
                {
                    dead.Add(item.Instance);
                }
            }

            // Where nothing else answers, or no host at all, addresses on hosts that do not answer are kept: they may be alive.
            var last = (alive == 0 || !machines.Any(Answers)) && dead.All(d => Seen.Get<Instance>(d) is { } i && machines.Any(m => m.Name == i.Host && !Answers(m)));
            if (last)
            {
                // From when the host answers again, its report is due.
                endpoints.Items.Where(i => deadSince.ContainsKey(i.Address)).ToList().ForEach(i => deadSince[i.Address] = sim.Now);
            }

            (dead.Count > 0 && !last).ShouldBeFalse($"{endpoints.Name} still has an endpoint at {string.Join(", ", dead)}, which ended more than {Detection.TotalSeconds} s ago");
        }
    }

    bool IsLate(DateTimeOffset since)
    {
        var from = Later(since, Hindered);
        return sim.Now - from > Detection + (Again * store.Failures.Count(f => f >= from));
    }

    static bool Answers(SimMachine machine) => machine is { Agent: not null, IsConnected: true };

    static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
