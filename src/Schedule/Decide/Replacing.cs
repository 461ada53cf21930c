using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>Starts and retires instances until they are the wanted ones, and turns back where the new ones do not serve.</summary>
static class Replacing
{
    static readonly ReleaseSpec Usual = new();

    /// <summary>How much longer than an instance's own start-up time an update may go without progress.</summary>
    static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);

    /// <summary>A deadline that is seen so much too late passed while nobody was looking, and says nothing about the update.</summary>
    static readonly TimeSpan Unwatched = TimeSpan.FromSeconds(5);

    /// <summary>An update whose new instances do not get ready goes back to the last good template.</summary>
    public static void Judge(ServiceWork work)
    {
        var status = work.Status;
        if (status.Stable is null || (status.Stable.Hash == work.Wanted.Hash && status.Incoming is null && !work.Outdated.Any()))
        {
            return;
        }

        if (status.Stable.Hash == work.Wanted.Hash || work.View.Hosts.Count == 0 || (work.IsPet && work.Instances.Any(i => i.Status.State != InstanceState.Stopped && work.IsLost(i))))
        {
            // What was good before is not judged, and nothing is while the host that could show it, or on which the one before is to end, does not answer.
            work.Status = status with { Incoming = work.Wanted.Hash, Deadline = null };
            return;
        }

        var patience = work.Wanted.Health.Startup + Slack;
        var deadline = Deadline(work, patience);
        var looping = work.Looping;
        if (looping is null && work.Phase is { Holding: true })
        {
            work.Status = status with { Incoming = work.Wanted.Hash, Deadline = null };
            return;
        }

        if (looping is null && work.Now < deadline)
        {
            work.Status = status with { Incoming = work.Wanted.Hash, Deadline = deadline };
            work.Plan.Wait(deadline);
            return;
        }

        var why = looping is null
            ? $"no new instance of {ServiceDecide.Title(work.Wanted)} became ready within {Durations.Format(patience)}"
            : $"{looping.Name} of {ServiceDecide.Title(work.Wanted)} is in a crash loop: {looping.Status.Message}";
        Releasing.Reject(work, looping is null ? Reasons.NotReadyInTime : Reasons.CrashLoop, why);
    }

    public static void Approach(ServiceWork work)
    {
        if (work.Phase is { } phase)
        {
            RetireLost(work);
            BothVersions(work, phase);
            return;
        }

        if (work.IsPet)
        {
            StartPets(work);
        }
        else if (IsRecreated(work))
        {
            Recreate(work);
        }
        else
        {
            Start(work);
            RetireLost(work);
        }

        RetireOutdated(work);
        RetireExcess(work);
    }

    // All of the old version and some of the new one, each kept at its number; what is of neither goes as soon as it is not needed.
    static void BothVersions(ServiceWork work, ReleasePhase phase)
    {
        var stable = work.Status.Stable!;
        Instance[] Old() => [.. work.Outdated.Where(i => i.Template.Hash == stable.Hash)];
        var olds = work.Count + phase.Fresh;
        for (var missing = olds - Old().Length; missing > 0 && work.Create(stable); missing--)
        {
        }

        for (var missing = phase.New - work.Current.Count(); missing > 0 && work.Create(); missing--)
        {
        }

        var neither = work.Outdated.Where(i => i.Template.Hash != stable.Hash);
        Trim(work, neither, 0);
        Trim(work, Old(), olds);
        Trim(work, work.Current, phase.New);
    }

    static void Trim(ServiceWork work, IEnumerable<Instance> some, int most)
    {
        var all = some.OrderBy(work.IsServing).ThenByDescending(i => i.Name, InstanceNames.Order).ToArray();
        foreach (var instance in all.Take(Math.Max(0, all.Length - most)))
        {
            if (!work.IsServing(instance) || work.Running.Count(work.IsServing) > work.Count)
            {
                work.Retire(instance);
            }
        }
    }

    // What was good is brought back at once, whatever the strategy.
    static bool IsRecreated(ServiceWork work) => work.View.Service.Spec.Release is { Strategy: ReleaseStrategy.Recreate } && (work.Outdated.Any() || work.Instances.Any(i => i.Template.Hash != work.Wanted.Hash));

    static void Recreate(ServiceWork work)
    {
        foreach (var old in work.Running.Where(i => i.Template.Hash != work.Wanted.Hash).ToArray())
        {
            work.Retire(old);
        }
    }

    static DateTimeOffset Deadline(ServiceWork work, TimeSpan patience)
    {
        var status = work.Status;
        if (status.Incoming != work.Wanted.Hash || status.Deadline is not { } deadline || work.Now - deadline > Unwatched)
        {
            return work.Now + patience;
        }

        // Every new instance that gets ready gives the next one its time. Its agent's clock may be ahead of ours.
        var progress = work.Current.Max(i => i.Status.ReadyAt < work.Now ? i.Status.ReadyAt : i.Status.ReadyAt is null ? null : work.Now) + patience;
        return progress > deadline ? progress.Value : deadline;
    }

    static void Start(ServiceWork work)
    {
        var wanted = work.Count;
        var surge = work.View.Service.Spec.Release?.MaxSurge ?? Math.Max(1, wanted / 4);
        var taken = work.Running.Count(i => !work.IsLost(i));
        if (wanted > 1 && FirstLight.ComesUp(work.Status) && FirstLight.Hold(work.Status, [.. work.Running], work.View.IsAlone, work.View.CallersWait, work.View.CallersLit, work.Now) is (true, var until))
        {
            wanted = 1;
            work.Plan.Wait(until);
        }

        for (var missing = Math.Min(wanted - work.Current.Count(), wanted + surge - taken); missing > 0; missing--)
        {
            if (!work.Create())
            {
                return;
            }
        }
    }

    // A pet's successor is started where the data is, and only once its predecessor's process has ended; a lost host's may still run.
    static void StartPets(ServiceWork work)
    {
        TakeOver(work);
        var vacated = work.Instances.Where(i => i.Goal == InstanceGoal.Stop && i.Status.State == InstanceState.Stopped).ToArray();
        var missing = work.Count - (work.Instances.Count() - vacated.Length);
        foreach (var place in vacated)
        {
            work.Forget(place);
            missing -= missing > 0 && ComesBack(work, place) ? 1 : 0;
        }

        for (; missing > 0; missing--)
        {
            if (!work.Create())
            {
                return;
            }
        }
    }

    // The agent of a lost host has ended by then what another host may have: see HostLease. Where none takes it, it stays where it was.
    static void TakeOver(ServiceWork work)
    {
        foreach (var lost in work.Running.Where(i => i.Template.Moves == true && work.IsLost(i)).ToArray())
        {
            if (!work.View.LostSince.TryGetValue(lost.Host, out var since))
            {
                continue;
            }

            var at = since + HostLease.Takeover(lost.Template.Grace);
            if (work.Now < at)
            {
                work.Plan.Wait(at);
            }
            else if (work.Create())
            {
                work.Forget(lost);
                work.Plan.Say($"service/{work.View.Service.Name}", Reasons.HostLost, $"{lost.Name} is brought up elsewhere: {lost.Host} does not answer and has ended it by now", Severity.Warning);
            }
        }
    }

    // In its place, where its data is; elsewhere only where its data can be reached from there and its host is to be left.
    static bool ComesBack(ServiceWork work, Instance place)
    {
        if (work.IsLeaving(place))
        {
            return work.Create();
        }

        work.Create(place.Host);
        return true;
    }

    // Instances on a lost host may still serve: the ready ones go only when others answer in their place.
    static void RetireLost(ServiceWork work)
    {
        var replaced = work.Count == 0 || work.Running.Any(work.IsServing);
        foreach (var lost in work.Running.Where(i => work.IsLost(i) && (replaced || i.Status.State != InstanceState.Ready)).ToArray())
        {
            work.Retire(lost);
        }
    }

    static void RetireOutdated(ServiceWork work)
    {
        var release = work.View.Service.Spec.Release ?? Usual;
        var serving = work.Running.Count(i => i.Template.Hash == work.Wanted.Hash ? work.IsSteady(i, release.MinReady) : work.IsServing(i));
        var least = work.IsPet ? work.Count - 1 : Math.Max(0, work.Count - release.MaxUnavailable);
        foreach (var old in work.Outdated.OrderBy(i => work.IsServing(i)).ThenBy(i => i.Name, InstanceNames.Order).ToArray())
        {
            if (work.IsServing(old) && serving <= least)
            {
                return;
            }

            serving -= work.IsServing(old) ? 1 : 0;
            work.Retire(old);
        }
    }

    static void RetireExcess(ServiceWork work)
    {
        if (work.Outdated.Any())
        {
            return;
        }

        var excess = work.Current.OrderBy(i => work.IsServing(i)).ThenByDescending(i => i.Name, InstanceNames.Order).Take(Math.Max(0, work.Current.Count() - work.Count));
        foreach (var instance in excess.ToArray())
        {
            work.Retire(instance);
        }
    }
}
