using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>What the service reconciler must find without reading everything: who calls whom, by declaration and by link, who drains, how full hosts are. Follows the snapshot's changes.</summary>
sealed class ScheduleIndex
{
    readonly Dictionary<string, SortedSet<string>> callers = new(StringComparer.Ordinal);
    readonly Dictionary<string, SortedSet<string>> later = new(StringComparer.Ordinal);
    readonly Dictionary<string, SortedSet<string>> linked = new(StringComparer.Ordinal);
    readonly Dictionary<string, HashSet<string>> draining = new(StringComparer.Ordinal);
    readonly SortedSet<string> pending = new(StringComparer.Ordinal);
    Snapshot? of;

    /// <summary>Services that have instances being drained.</summary>
    public IEnumerable<string> Draining => draining.Keys;

    public IEnumerable<string> CallersOf(string service) => callers.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    /// <summary>The services that move after <paramref name="service"/>.</summary>
    public IEnumerable<string> WaitingFor(string service) => later.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    /// <summary>The services that have a mesh link to <paramref name="service"/>, whether or not they still declare the need.</summary>
    public IEnumerable<string> LinkedTo(string service) => linked.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    /// <summary>Which instances are where.</summary>
    public HostBook Hosts { get; } = new();

    /// <summary>The hosts whose agents answer, of a snapshot that nothing was told of, too.</summary>
    public HostLoads Ready(Snapshot seen) => (ReferenceEquals(of, seen) ? Hosts : WherePlaced.BookOf(seen)).Ready();

    /// <summary>The services that wait for room on a host.</summary>
    public IEnumerable<string> Pending => pending;

    public void Take(Resource? before, Resource? after, Snapshot seen)
    {
        if (!ReferenceEquals(of, seen))
        {
            of = seen;
            callers.Clear();
            later.Clear();
            linked.Clear();
            draining.Clear();
            pending.Clear();
            Hosts.Clear();
        }

        switch (before ?? after)
        {
            case Service:
                Unlink(before as Service);
                Wait((before ?? after)!.Name, after is Service { Status.Reason: Reasons.WaitingForRoom });
                Link(after as Service);
                break;
            case MeshLink link when after is null:
                linked.GetValueOrDefault(link.Callee)?.Remove(link.Caller);
                break;
            case MeshLink link:
                (linked.TryGetValue(link.Callee, out var set) ? set : linked[link.Callee] = new(StringComparer.Ordinal)).Add(link.Caller);
                break;
            case Host host:
                Hosts.Note(host.Name, after as Host);
                break;
            case Instance:
                Hosts.Note(before as Instance, after as Instance);
                Count(before as Instance, -1);
                Count(after as Instance, +1);
                break;
        }
    }

    void Unlink(Service? service)
    {
        foreach (var need in service?.Spec.Needs.Keys ?? [])
        {
            callers.GetValueOrDefault(need)?.Remove(service!.Name);
        }

        foreach (var first in service?.After ?? [])
        {
            later.GetValueOrDefault(first)?.Remove(service!.Name);
        }
    }

    void Link(Service? service)
    {
        foreach (var need in service?.Spec.Needs.Keys ?? [])
        {
            (callers.TryGetValue(need, out var set) ? set : callers[need] = new(StringComparer.Ordinal)).Add(service!.Name);
        }

        foreach (var first in service?.After ?? [])
        {
            (later.TryGetValue(first, out var set) ? set : later[first] = new(StringComparer.Ordinal)).Add(service!.Name);
        }
    }

    void Wait(string service, bool waits)
    {
        if (waits)
        {
            pending.Add(service);
        }
        else
        {
            pending.Remove(service);
        }
    }

    void Count(Instance? instance, int by)
    {
        if (instance is not { Goal: InstanceGoal.Drain })
        {
            return;
        }

        if (by > 0)
        {
            (draining.TryGetValue(instance.Service, out var set) ? set : draining[instance.Service] = new(StringComparer.Ordinal)).Add(instance.Name);
        }
        else if (draining.TryGetValue(instance.Service, out var set) && set.Remove(instance.Name) && set.Count == 0)
        {
            draining.Remove(instance.Service);
        }
    }
}
