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
    readonly Dictionary<string, int> perHost = new(StringComparer.Ordinal);
    Snapshot? of;

    /// <summary>Services that have instances being drained.</summary>
    public IEnumerable<string> Draining => draining.Keys;

    public IEnumerable<string> CallersOf(string service) => callers.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    /// <summary>The services that move after <paramref name="service"/>.</summary>
    public IEnumerable<string> WaitingFor(string service) => later.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    /// <summary>The services that have a mesh link to <paramref name="service"/>, whether or not they still declare the need.</summary>
    public IEnumerable<string> LinkedTo(string service) => linked.GetValueOrDefault(service) ?? Enumerable.Empty<string>();

    public int InstancesOn(string host) => perHost.GetValueOrDefault(host);

    public void Take(Resource? before, Resource? after, Snapshot seen)
    {
        if (!ReferenceEquals(of, seen))
        {
            of = seen;
            callers.Clear();
            later.Clear();
            linked.Clear();
            draining.Clear();
            perHost.Clear();
        }

        switch (before ?? after)
        {
            case Service:
                Unlink(before as Service);
                Link(after as Service);
                break;
            case MeshLink link when after is null:
                linked.GetValueOrDefault(link.Callee)?.Remove(link.Caller);
                break;
            case MeshLink link:
                (linked.TryGetValue(link.Callee, out var set) ? set : linked[link.Callee] = new(StringComparer.Ordinal)).Add(link.Caller);
                break;
            case Instance:
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

    void Count(Instance? instance, int by)
    {
        if (instance is null)
        {
            return;
        }

        perHost[instance.Host] = perHost.GetValueOrDefault(instance.Host) + by;
        if (instance.Goal != InstanceGoal.Drain)
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
