using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Schedule.Decide;
using Mainstay.Traffic.Decide;
using Shouldly;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>
/// The service and link reconcilers over a snapshot, without loop, store or clock: every change is followed by passes until none has anything to
/// do. What was committed is kept as lines for people, and checked against what must always hold.
/// </summary>
sealed class ServiceWorld
{
    readonly Snapshot seen = new(CoreKinds.All);
    readonly ServiceReconciler services = new();
    readonly LinkReconciler links = new(_ => true);
    readonly SortedSet<(string Key, bool IsLink)> open = [];
    readonly SortedDictionary<string, DateTimeOffset> due = new(StringComparer.Ordinal);
    readonly List<string> lines = [];
    long revision;

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public long Revision => revision;

    public T Read<T>(Func<Snapshot, T> read) => read(seen);

    public T Get<T>(string name) where T : Resource => seen.Get<T>(name).ShouldNotBeNull($"there is no {typeof(T).Name} {name}");

    public T? Find<T>(string name) where T : Resource => seen.Get<T>(name);

    public IEnumerable<T> All<T>() where T : Resource => seen.All<T>().OrderBy(r => r.Name, StringComparer.Ordinal);

    /// <summary>Writes as somebody else than the reconcilers, then lets them settle.</summary>
    public void Write(params Resource[] resources)
    {
        Commit(resources, []);
        Settle();
    }

    public void Delete(Resource resource)
    {
        Commit([], [resource]);
        Settle();
    }

    /// <summary>Moves the clock in steps of the times that plans asked for.</summary>
    public void Wait(TimeSpan span)
    {
        var end = Now + span;
        while (due.Values.Where(d => d <= end).OrderBy(d => d).Cast<DateTimeOffset?>().FirstOrDefault() is { } next)
        {
            Now = next > Now ? next : Now;
            Settle();
        }

        Now = end;
    }

    /// <summary>The lines since it was last asked.</summary>
    public string TakeTrace()
    {
        var text = string.Join('\n', lines);
        lines.Clear();
        return text;
    }

    void Settle()
    {
        for (var passes = 0; Take() is { } next; passes++)
        {
            passes.ShouldBeLessThan(400, $"the reconcilers do not settle:\n{string.Join('\n', lines.TakeLast(20))}");
            Pass(next.Key, next.IsLink);
        }

        foreach (var service in seen.All<Service>())
        {
            // Nothing has changed since: a second look has nothing to do.
            var plan = services.Next(service.Name, seen, Now)!;
            plan.IsNothing.ShouldBeTrue($"a second pass over {service.Name} still does something: {Show(plan)}\nafter\n{string.Join('\n', lines.TakeLast(20))}");
        }
    }

    string Show(Plan plan)
    {
        var changes = new List<string>();
        foreach (var put in plan.Puts)
        {
            ServiceTrace.Of(Current(put), put, changes);
        }

        return string.Join(", ", changes.Concat(plan.Deletes.Select(d => $"- {d.Name}")).Concat(plan.Notes.Select(n => n.Message)));
    }

    (string Key, bool IsLink)? Take()
    {
        foreach (var key in due.Where(d => d.Value <= Now).Select(d => d.Key).ToArray())
        {
            due.Remove(key);
            open.Add((key, false));
        }

        if (open.Count == 0)
        {
            return null;
        }

        var next = open.Min;
        open.Remove(next);
        return next;
    }

    void Pass(string key, bool isLink)
    {
        var plan = isLink ? links.Next(key, seen, Now) : services.Next(key, seen, Now);
        if (plan is null)
        {
            return;
        }

        if (!isLink)
        {
            due.Remove(key);
            if (plan.Until is { } until)
            {
                due[key] = until;
            }
        }

        foreach (var resource in plan.Puts.Concat(plan.Deletes).Concat(plan.Expected))
        {
            (Current(resource)?.Revision ?? 0).ShouldBe(resource.Revision, $"{resource.Name} was not as the plan saw it");
        }

        if (!plan.IsNothing)
        {
            ServiceLaws.Check(key, seen, plan);
            Commit(plan.Puts, plan.Deletes);
        }
    }

    void Commit(IReadOnlyList<Resource> puts, IReadOnlyList<Resource> deletes)
    {
        revision++;
        foreach (var (resource, exists) in puts.Select(p => (p, true)).Concat(deletes.Select(d => (d, false))))
        {
            var key = CoreKinds.All.Of(resource.GetType()).KeyOf(resource.Name);
            var before = Current(resource);
            var entry = exists ? new Entry(key, Codec.Encode(resource), revision, revision) : null;
            var change = seen.Take(new Change(key, entry, null), revision);
            ServiceTrace.Of(before, change.After, lines);
            open.UnionWith(services.Affected(change.Before, change.After, seen).Select(k => (k, false)));
            open.UnionWith(links.Affected(change.Before, change.After, seen).Select(k => (k, true)));
        }
    }

    Resource? Current(Resource resource) => resource switch
    {
        Service => seen.Get<Service>(resource.Name),
        Instance => seen.Get<Instance>(resource.Name),
        Build => seen.Get<Build>(resource.Name),
        Endpoints => seen.Get<Endpoints>(resource.Name),
        MeshLink => seen.Get<MeshLink>(resource.Name),
        Machine => seen.Get<Machine>(resource.Name),
        Architecture => seen.Get<Architecture>(resource.Name),
        GatewayNode => seen.Get<GatewayNode>(resource.Name),
        ReleaseRecord => seen.Get<ReleaseRecord>(resource.Name),
        Registration => seen.Get<Registration>(resource.Name),
        Vitals => seen.Get<Vitals>(resource.Name),
        _ => throw new ArgumentException(resource.GetType().Name),
    };
}
