using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Brings one service a step towards its declaration. Each call looks at everything anew; nothing is remembered between calls but what the status says.
/// </summary>
public static class ServiceDecide
{
    public static Plan Next(ServiceView view, DateTimeOffset now)
    {
        var work = new ServiceWork(view, now);

        // 1. What is to run: the declared template, or the last good one where the declared was rejected.
        Choose(work);

        // 2. Forget what has stopped; end what was drained.
        Bury(work);
        EndDrained(work);

        // 3. Approach the wanted instances, the software first; what others run has none.
        if (view.Service.Spec.External is not null)
        {
            return External.Next(work);
        }

        if (view.Stopping)
        {
            Stop(work);
        }
        else if (Preparing.IsItsTurn(work) && Preparing.IsDone(work))
        {
            Releasing.Advance(work);
            Replacing.Judge(work);
            Replacing.Approach(work);
        }
        else if (work.Status.Stable is { } stable && work.Instances.Any())
        {
            // What serves is kept up while what is to replace it is not ready to be started.
            work.Wanted = stable;
            Replacing.Approach(work);
        }

        // 4. Say how it stands, and where it can be reached.
        Publish(work);
        Standing.Settle(work);
        ReleaseMemory.Keep(work);
        return work.Finish();
    }

    static void Choose(ServiceWork work)
    {
        var status = work.Status;
        var declared = Sided(Templates.Of(work.View.Service, work.View.Links), status.Stable, work.View.Service.Spec);
        work.Declared = declared;
        work.Wanted = status.Rejected == declared.Hash && status.Stable is { } stable ? stable : declared;
        if (status.Rejected is not null && status.Rejected != declared.Hash)
        {
            work.Status = status with { Rejected = null, RejectedBecause = "" };
        }
    }

    // Two versions that run side by side call by different addresses.
    static InstanceTemplate Sided(InstanceTemplate declared, InstanceTemplate? stable, ServiceSpec spec) =>
        stable is null || spec.Needs.Count == 0 ? declared
        : stable.Hash == declared.Hash ? declared with { Other = stable.Other }
        : spec.Release is { TellsCallers: true } && stable.Other is null ? declared with { Other = true } : declared;

    static void Bury(ServiceWork work)
    {
        foreach (var instance in work.Instances.Where(i => i.Goal == InstanceGoal.Stop).ToArray())
        {
            // A pet that has stopped keeps its place until its successor takes it.
            var stopped = instance.Status.State == InstanceState.Stopped && (!work.IsPet || work.View.Stopping);

            // The agent of a lost host ends, on its return, whatever is no longer listed for it. Until then it may run: so data that a second process could
            // touch is not let go.
            var abandoned = work.IsLost(instance) && !work.IsPet;
            if (stopped || abandoned)
            {
                work.Forget(instance);
            }
        }
    }

    static void EndDrained(ServiceWork work)
    {
        foreach (var instance in work.Instances.Where(i => i.Goal == InstanceGoal.Drain).ToArray())
        {
            var gone = work.View.Endpoints is not { } endpoints
                || (endpoints.Items.All(e => e.Instance != instance.Name) && endpoints.Revision <= work.View.ServedTable);
            if (gone || instance.Status.State != InstanceState.Ready || instance.DrainUntil <= work.Now || work.IsLost(instance))
            {
                work.Replace(instance with { Goal = InstanceGoal.Stop });
            }
            else
            {
                work.Plan.Wait(instance.DrainUntil);
            }
        }
    }

    static void Stop(ServiceWork work)
    {
        // Whatever was being brought in starts from scratch, with all of its time, when it is started again.
        work.Status = work.Status with { Incoming = null, Deadline = null };
        if (work.View.LiveDependants.Count > 0)
        {
            return;
        }

        foreach (var instance in work.Running.ToArray())
        {
            work.Retire(instance);
        }
    }

    static void Publish(ServiceWork work)
    {
        Releasing.Take(work);
        var reachable = work.Running.Where(i => i.Status is { State: InstanceState.Ready, Endpoint.Length: > 0 }).ToArray();
        var answering = reachable.Where(i => !work.IsLost(i)).ToArray();
        // A lost agent does not mean a dead instance: rather these addresses than none.
        var items = (answering.Length > 0 ? answering : reachable)
            .OrderBy(i => i.Name, InstanceNames.Order)
            .Select(i => new Endpoint(i.Name, i.Status.Endpoint, i.Template.Version))
            .ToArray();
        var split = SplitOf(work, items);
        // By our own hand nobody answers for a moment: what was never sent can wait for that.
        bool? awaited = items.Length == 0 && work.Count > 0 && work.Status is { Stable: not null, Incoming: not null } && work.View.Service.Spec.IsVacated ? true : null;
        var known = work.View.Endpoints;
        if (External.Outlives(work, items))
        {
            return;
        }

        if (known is null ? items.Length > 0 : !known.Items.SequenceEqual(items) || !Codec.Same(known.Split, split) || known.Awaited != awaited)
        {
            work.Plan.Put(new Endpoints { Name = work.View.Service.Name, Revision = known?.Revision ?? 0, Items = items, Split = split, Awaited = awaited });
        }
    }

    // Where one of the versions has nobody to answer, there is nothing to divide.
    static EndpointSplit? SplitOf(ServiceWork work, Endpoint[] items)
    {
        var taking = work.Status.Release is { Stage: ReleaseStage.Promoting, Strategy: not (ReleaseStrategy.Rolling or ReleaseStrategy.Recreate) } release && release.To == work.Wanted.Hash ? release : null;
        if ((work.Phase?.Fraction ?? taking?.Share.Fraction) is not { } fraction)
        {
            return null;
        }

        var current = work.Current.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var news = items.Select(e => e.Instance).Where(current.Contains).ToArray();
        var spec = work.View.Service.Spec.Release;
        return news.Length == 0 || news.Length == items.Length ? null : new(news, (int)Math.Round(fraction * 10_000))
        {
            By = spec?.By ?? (spec?.Strategy == ReleaseStrategy.Ab ? "client" : null),
            When = spec?.When,
            Group = spec?.Group,
            Other = work.Wanted.Other,
        };
    }

    internal static string Title(InstanceTemplate template) => template.Version.Length > 0 ? template.Version : template.Hash;
}
