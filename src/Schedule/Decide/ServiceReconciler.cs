using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>Keeps every service equal to its declaration. Its keys are names of services.</summary>
public sealed class ServiceReconciler : IReconciler
{
    static readonly Dictionary<string, string> NothingBuilt = [];
    static readonly Dictionary<string, DateTimeOffset> NothingLost = [];

    readonly ScheduleIndex index = new();

    public string Name => "service";

    public IReadOnlyList<Type> Watches { get; } =
        [typeof(Architecture), typeof(Host), typeof(Service), typeof(Build), typeof(MeshLink), typeof(Instance), typeof(Endpoints), typeof(GatewayNode), typeof(ReleaseRecord), typeof(Registration), typeof(Vitals)];

    public IEnumerable<string> Affected(Resource? before, Resource? after, Snapshot seen)
    {
        index.Take(before, after, seen);
        return (after ?? before) switch
        {
            Service service => Around((Service?)before, (Service?)after, service, seen),
            Instance instance => [instance.Service, .. after is null ? Needs(instance.Service, seen) : [], .. MakesRoom((Instance?)before, (Instance?)after) ? ByCriticality(index.Pending, seen) : []],
            Build build => [build.Service],
            MeshLink link => [link.Caller, link.Callee],
            Endpoints endpoints => [endpoints.Name],
            Registration registration => [registration.Service],
            Vitals vitals => [vitals.Name],
            GatewayNode => [.. index.Draining],
            Architecture or Host => [.. seen.All<Service>().Select(s => s.Name)],
            _ => [],
        };
    }

    public Plan? Next(string key, Snapshot seen, DateTimeOffset now)
    {
        if (See(key, seen) is not { } view)
        {
            return null;
        }

        var plan = ServiceDecide.Next(view, now);
        if (plan.Puts.OfType<Instance>().Any())
        {
            // What is wanted, and which instances count, rests on these; should one change meanwhile, the decision is made anew. A host that has none of them and gets none is no ground.
            var hosts = view.Instances.Concat(plan.Puts.OfType<Instance>()).Select(i => i.Host).Distinct(StringComparer.Ordinal);
            foreach (var ground in hosts.Select(seen.Get<Host>).OfType<Resource>().Concat(seen.All<Architecture>()).Append(view.Service))
            {
                plan.Expect(ground);
            }

            index.Hosts.Plan(key, plan.Puts.OfType<Instance>().Where(i => i.Revision == 0));
        }

        return plan;
    }

    /// <summary>The view of one service; null where there is none by that name.</summary>
    public ServiceView? See(string key, Snapshot seen)
    {
        index.Hosts.Settle(key, name => seen.Get<Instance>(name) is not null);
        if (seen.Get<Service>(key) is not { } service)
        {
            return null;
        }

        var instances = seen.Group<Instance>(key);
        var build = service.Digest is { } digest ? seen.Get<Build>(Build.NameOf(key, digest)) : null;
        return new ServiceView
        {
            Service = service,
            Architecture = seen.Get<Architecture>(Architecture.TheName),
            Instances = instances,
            LostSince = service.Spec.Recover == Recover.Pet ? LostSince(instances, seen) : NothingLost,
            Build = build,
            Home = service.Spec.Build is null ? null : seen.All<Host>().FirstOrDefault(h => h is { Home: true, State: HostState.Ready })?.Name,
            IsBuiltAtHome = build is not null && seen.Get<Host>(build.Host) is { Home: true },
            Endpoints = seen.Get<Endpoints>(key),
            Vitals = seen.Get<Vitals>(key),
            Registrations = seen.Group<Registration>(key),
            Releases = seen.Group<ReleaseRecord>(key),
            Group = service.Spec.Release?.Group is { } group ? Members(service, group, seen) : [],
            Links = Links(service, seen),
            LinksTell = service.Spec.Needs.Keys.All(need => seen.Get<MeshLink>(MeshLink.NameOf(key, need)) is { Both: true }),
            NeedsNotReady = [.. service.Spec.Needs.Where(n => !n.Value.Optional && seen.Get<Service>(n.Key) is not ({ Status.Ready: > 0 } or { Spec.IsOnDemand: true })).Select(n => n.Key)],
            First = [.. (service.After ?? []).Where(name => seen.Get<Service>(name) is { Removed: false } first && !IsSettled(first, seen))],
            IsAlone = service.Spec.Needs.Count == 0 && Callers(key).Count == 0,
            CallersWait = FirstLight.ComesUp(service.Status) && Callers(key).Any(c => seen.Get<Service>(c) is { } caller && FirstLight.IsAwaited(caller)),
            CallersLit = FirstLight.ComesUp(service.Status) ? Callers(key).Max(c => FirstLight.LitAt(seen.Group<Instance>(c))) : null,
            LiveDependants = [.. LiveDependants(service, seen)],
            Hosts = index.Ready(seen),
            Tenants = WherePlaced.TenantsFor(key, index.Hosts, seen),
            BuiltOn = BuiltOn(service, seen),
            ServedTable = seen.All<GatewayNode>().Select(g => g.TableRevision).DefaultIfEmpty(long.MaxValue).Min(),
        };
    }

    static Dictionary<string, string> BuiltOn(Service service, Snapshot seen) => service.Spec.Build is null && service.Status.Stable?.Build is null
        ? NothingBuilt
        : seen.Group<Build>(service.Name).Where(b => b.Status.State == BuildState.Succeeded && seen.Get<Host>(b.Host) is not { Home: true }).ToDictionary(b => b.Name, b => b.Host, StringComparer.Ordinal);

    static Dictionary<string, DateTimeOffset> LostSince(IReadOnlyList<Instance> instances, Snapshot seen) =>
        instances.Select(i => seen.Get<Host>(i.Host)).OfType<Host>().Where(h => h.State == HostState.Lost).DistinctBy(h => h.Name).ToDictionary(h => h.Name, h => h.Since, StringComparer.Ordinal);

    static bool MakesRoom(Instance? before, Instance? after) => before is { Goal: InstanceGoal.Run } && after is not { Goal: InstanceGoal.Run };

    static IEnumerable<string> ByCriticality(IEnumerable<string> services, Snapshot seen) => services.OrderByDescending(s => seen.Get<Service>(s)?.Spec.Criticality);

    // Those that stay as they are say nothing about a release; one that was given up says so to who was declared with it, and one whose build fails is waited for.
    static List<GroupMember> Members(Service service, string group, Snapshot seen)
    {
        var running = seen.Get<Architecture>(Architecture.TheName) is { Running: true };
        return [.. seen.All<Service>().Where(s => s.Name != service.Name && !s.Removed && s.Spec.Release?.Group == group)
            .Where(s => s.Status.Incoming is not null || s.Status.Rejected is not null || s.Status.State == Lifecycle.Update || s.Status.Release?.IsOver() == false || s.Status.Reason == Reasons.BuildFailed || s.Status.Observed != s.Asked(running))
            .OrderBy(s => s.Name, StringComparer.Ordinal)
            .Select(s => new GroupMember(s.Name, s.Status.Release, s.Status.Rejected is not null))];
    }

    // All that is declared of it runs, and nothing of it was turned back or could not be built.
    static bool IsSettled(Service service, Snapshot seen) =>
        service.Status is { Incoming: null, Rejected: null, State: Lifecycle.Run or Lifecycle.Scale or Lifecycle.Ready, Reason: not Reasons.BuildFailed }
        && service.Status.Observed == service.Asked(seen.Get<Architecture>(Architecture.TheName) is { Running: true });

    // A caller that no longer declares the need keeps its link while instances of its former declaration run: they still call.
    IEnumerable<string> LiveDependants(Service service, Snapshot seen)
    {
        var declared = index.CallersOf(service.Name).ToArray();
        var former = service.Removed
            ? index.LinkedTo(service.Name).Except(declared).Where(caller => seen.Get<Service>(caller) is { Removed: false })
            : [];
        return declared.Concat(former).Where(caller => seen.Has<Instance>(caller));
    }

    static Dictionary<string, int> Links(Service service, Snapshot seen)
    {
        var links = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var need in service.Spec.Needs.Keys)
        {
            if (seen.Get<MeshLink>(MeshLink.NameOf(service.Name, need)) is { } link)
            {
                links[need] = link.Port;
            }
        }

        return links;
    }

    // Whoever waits for this service to be ready, or to be gone, looks again when that changes; nobody else is woken.
    IEnumerable<string> Around(Service? before, Service? after, Service service, Snapshot seen)
    {
        yield return service.Name;
        if (before?.Status.Ready > 0 != after?.Status.Ready > 0)
        {
            foreach (var caller in index.CallersOf(service.Name))
            {
                yield return caller;
            }
        }

        if ((after ?? before)?.Spec.Release?.Group is { } group)
        {
            foreach (var member in seen.All<Service>().Where(s => s.Name != service.Name && s.Spec.Release?.Group == group))
            {
                yield return member.Name;
            }
        }

        foreach (var later in index.WaitingFor(service.Name))
        {
            yield return later;
        }

        // What came up with one instance for its callers' sake may have the rest now.
        if (before is not null && FirstLight.IsAwaited(before) && !(after is not null && FirstLight.IsAwaited(after)))
        {
            foreach (var need in Reach(service.Name, of => seen.Get<Service>(of)?.Spec.Needs.Keys ?? []).Where(n => seen.Get<Service>(n) is { } provider && FirstLight.ComesUp(provider.Status)))
            {
                yield return need;
            }
        }

        if (before is null || after is null || before.Removed != after.Removed || !before.Spec.Needs.Keys.SequenceEqual(after.Spec.Needs.Keys))
        {
            foreach (var need in (before?.Spec.Needs.Keys ?? []).Union(after?.Spec.Needs.Keys ?? []))
            {
                yield return need;
            }
        }
    }

    HashSet<string> Callers(string service) => Reach(service, index.CallersOf);

    // Everything that is reached from a service by one or more steps, in whatever order; cycles end.
    static HashSet<string> Reach(string service, Func<string, IEnumerable<string>> step)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([service]);
        while (open.TryPop(out var at))
        {
            foreach (var next in step(at).Where(reached.Add))
            {
                open.Push(next);
            }
        }

        return reached;
    }

    static IEnumerable<string> Needs(string service, Snapshot seen) => seen.Get<Service>(service)?.Spec.Needs.Keys ?? [];
}
