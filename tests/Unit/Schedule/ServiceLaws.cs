using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Shouldly;
using Machine = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Tests.Schedule;

/// <summary>What every plan for a service must obey, whatever the history; used with snapshots by generated tests and by the simulator.</summary>
static class ServiceLaws
{
    public static void Check(string key, Snapshot seen, Plan plan)
    {
        if (seen.Get<Service>(key) is { } service)
        {
            var before = seen.Group<Instance>(key);
            Check(service, plan.Puts.OfType<Service>().SingleOrDefault(), before, Apply(before, plan), seen);
        }
    }

    /// <summary>Checks one step of a service and its instances; <paramref name="seen"/> is from before it.</summary>
    public static void Check(Service service, Service? next, IReadOnlyList<Instance> before, IReadOnlyList<Instance> after, Snapshot seen)
    {
        var hosts = seen.All<Machine>().Where(h => h.State == HostState.Ready).Select(h => h.Name).ToHashSet();
        Steps(service, next);
        Goals(before, after);
        if (seen.Get<Architecture>(Architecture.TheName) is { Running: true } && !service.Removed)
        {
            AtMost(service, before, after, hosts);
            NotBelow(service, before, after, hosts);
        }
    }

    public static int Surge(Service service) => service.Spec.Recover == Recover.Pet ? 0
        : service.Spec.Release is { Strategy: ReleaseStrategy.Canary, Judge.Fresh: true } ? 2 * service.Wanted()
        : service.Spec.Release is { Strategy: ReleaseStrategy.BlueGreen or ReleaseStrategy.Canary or ReleaseStrategy.Ab } ? service.Wanted()
        : service.Spec.Release?.MaxSurge ?? Math.Max(1, service.Wanted() / 4);

    static void Steps(Service before, Service? after)
    {
        if (after is not null)
        {
            LifecycleRules.MayFollow(before.Status.State, after.Status.State).ShouldBeTrue($"{before.Name}: {before.Status.State} -> {after.Status.State}");
            after.Status.Reason.ShouldNotBeEmpty();
            after.Status.NextInstance.ShouldBeGreaterThanOrEqualTo(before.Status.NextInstance);
        }
    }

    static void Goals(IReadOnlyList<Instance> before, IReadOnlyList<Instance> after)
    {
        foreach (var put in after)
        {
            if (before.FirstOrDefault(i => i.Name == put.Name) is { } was)
            {
                (put.Goal >= was.Goal).ShouldBeTrue($"{put.Name}: a goal only goes forward");
                put.Host.ShouldBe(was.Host, $"{put.Name}: an instance never moves");
            }
        }
    }

    // Never more than wanted and surge, except where more were wanted before; pets never have two processes for one place.
    static void AtMost(Service service, IReadOnlyList<Instance> before, IReadOnlyList<Instance> after, HashSet<string> hosts)
    {
        var isPet = service.Spec.Recover == Recover.Pet;
        int Count(IReadOnlyList<Instance> all) => isPet
            ? all.Count(i => i.Status.State != InstanceState.Stopped || i.Goal == InstanceGoal.Run)
            : all.Count(i => i.Goal == InstanceGoal.Run && (hosts.Count == 0 || hosts.Contains(i.Host)));
        Count(after).ShouldBeLessThanOrEqualTo(Math.Max(service.Wanted() + Surge(service), Count(before)), $"{service.Name}: too many instances");
    }

    // A decision takes the ready instances never below what is wanted, or what there was; pets are replaced one at a time.
    static void NotBelow(Service service, IReadOnlyList<Instance> before, IReadOnlyList<Instance> after, HashSet<string> hosts)
    {
        int Ready(IReadOnlyList<Instance> all) =>
            all.Count(i => i.Goal == InstanceGoal.Run && i.Status.State == InstanceState.Ready && (hosts.Count == 0 || hosts.Contains(i.Host)));
        var least = service.Wanted() - (service.Spec.Recover == Recover.Pet ? 1 : service.Spec.Release?.MaxUnavailable ?? 0);
        if (service.Spec.Release is { Strategy: ReleaseStrategy.Recreate })
        {
            return;
        }

        Ready(after).ShouldBeGreaterThanOrEqualTo(Math.Min(least, Ready(before)), $"{service.Name}: too few ready instances");
    }

    static List<Instance> Apply(IReadOnlyList<Instance> before, Plan plan)
    {
        var after = before.ToDictionary(i => i.Name);
        foreach (var put in plan.Puts.OfType<Instance>())
        {
            after[put.Name] = put;
        }

        foreach (var gone in plan.Deletes.OfType<Instance>())
        {
            after.Remove(gone.Name);
        }

        return [.. after.Values];
    }
}
