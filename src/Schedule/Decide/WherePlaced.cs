using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>What would become of one more instance of a service now.</summary>
/// <param name="Service">The service.</param>
/// <param name="Wanted">How many instances are wanted.</param>
/// <param name="Running">How many there are, ready or not.</param>
/// <param name="Host">The host that the next one would get; null where none takes it.</param>
/// <param name="Leave">What would have to leave that host first: less critical instances.</param>
/// <param name="Hosts">What each host says to it, those that refuse last.</param>
public sealed record WherePlaced(string Service, int Wanted, int Running, string? Host, IReadOnlyList<string> Leave, IReadOnlyList<HostSays> Hosts)
{
    /// <summary>Asks every host, as of a snapshot; null where there is no such service.</summary>
    public static WherePlaced? Of(Snapshot seen, string name)
    {
        if (seen.Get<Service>(name) is not { } service)
        {
            return null;
        }

        var book = BookOf(seen);
        var own = seen.Group<Instance>(name);
        var running = own.Where(i => i.Goal == InstanceGoal.Run).ToArray();
        var template = Templates.Of(service, new Dictionary<string, int>());
        var ask = new PlaceAsk
        {
            Place = service.Spec.Place ?? PlaceAsk.Anywhere,
            Wants = template.Reserved,
            Only = template.Build is { } build && seen.Get<Build>(build) is { Status.State: BuildState.Succeeded } built && seen.Get<Host>(built.Host) is not { Home: true } ? built.Host : null,
            Own = running.CountBy(i => i.Host, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal),
        };
        var hosts = book.Ready();
        var host = Placement.Pick(hosts, ask);
        IReadOnlyList<string> leave = [];
        if (host is null && Placement.Preempt(hosts, ask, service.Spec.Criticality, TenantsFor(name, book, seen)) is var (freed, tenants))
        {
            (host, leave) = (freed, [.. tenants.Select(t => t.Instance.Name)]);
        }

        var said = hosts.Select(h => new HostSays(h.Name, h.Zone, Placement.Explain(h, ask)))
            .Concat(seen.All<Host>().Where(h => h.State == HostState.Lost).Select(h => new HostSays(h.Name, h.Zone, "its agent does not answer")));
        return new(name, service.Wanted(), running.Length, host, leave, [.. said.OrderBy(h => h.Refuses.Length > 0).ThenBy(h => h.Host, StringComparer.Ordinal)]);
    }

    /// <summary>How full every host is, by name, the lost ones too.</summary>
    public static IReadOnlyList<HostRoom> Rooms(Snapshot seen)
    {
        var book = BookOf(seen);
        return [.. seen.All<Host>().OrderBy(h => h.Name, StringComparer.Ordinal).Select(h => Room(h, book.On(h.Name)))];
    }

    /// <summary>What may be asked to leave a host for a service: nothing that it cannot do without, directly or through others.</summary>
    internal static Func<string, IEnumerable<Tenant>> TenantsFor(string service, HostBook book, Snapshot seen)
    {
        HashSet<string>? needed = null;
        return host => TenantsOf(book.On(host), seen).Where(t => !(needed ??= NeededBy(service, seen)).Contains(t.Instance.Service));
    }

    static HashSet<string> NeededBy(string service, Snapshot seen)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([service]);
        while (open.TryPop(out var at))
        {
            foreach (var need in (seen.Get<Service>(at)?.Spec.Needs ?? new Dictionary<string, NeedSpec>()).Where(n => !n.Value.Optional && reached.Add(n.Key)))
            {
                open.Push(need.Key);
            }
        }

        return reached;
    }

    // Pets have data on their hosts, tasks of jobs would have to begin anew: neither is asked to leave.
    internal static IEnumerable<Tenant> TenantsOf(IEnumerable<Instance> instances, Snapshot seen)
    {
        foreach (var instance in instances)
        {
            if (instance.Template.Once is null && instance.Revision > 0 && seen.Get<Service>(instance.Service) is { Removed: false, Spec.Recover: Recover.Cattle } service)
            {
                yield return new(instance, service.Spec.Criticality, service.Spec.Drain);
            }
        }
    }

    static HostRoom Room(Host host, IReadOnlyCollection<Instance> instances)
    {
        var (cpu, memory) = (0, 0L);
        foreach (var instance in instances.Where(i => i.Goal == InstanceGoal.Run))
        {
            cpu += instance.Template.Reserved.Cpu?.Hundredths ?? 0;
            memory += instance.Template.Reserved.Memory?.Bytes ?? 0;
        }

        return new(host, new() { Cpu = new(cpu), Memory = new(memory) }, [.. instances.OrderBy(i => i.Name, InstanceNames.Order).Select(i => new RoomTaken(i.Name, i.Service, i.Goal, i.Status.State, i.Template.Reserved.Cpu, i.Template.Reserved.Memory))]);
    }

    internal static HostBook BookOf(Snapshot seen)
    {
        var book = new HostBook();
        foreach (var host in seen.All<Host>())
        {
            book.Note(host.Name, host);
        }

        foreach (var instance in seen.All<Instance>())
        {
            book.Note(null, instance);
        }

        return book;
    }
}

/// <summary>What a host says to one more instance.</summary>
/// <param name="Host">The host.</param>
/// <param name="Zone">Where it stands; null where that is not known.</param>
/// <param name="Refuses">Why it does not take it, for people; empty where it does.</param>
public sealed record HostSays(string Host, string? Zone, string Refuses);

/// <summary>A host and what is taken of it.</summary>
/// <param name="Host">The host.</param>
/// <param name="Reserved">What is kept free for instances that are to run there.</param>
/// <param name="Instances">What is there.</param>
public sealed record HostRoom(Host Host, ResourceSpec Reserved, IReadOnlyList<RoomTaken> Instances);

/// <summary>An instance on a host.</summary>
public sealed record RoomTaken(string Name, string Service, InstanceGoal Goal, InstanceState State, Cpus? Cpu, ByteSize? Memory);
