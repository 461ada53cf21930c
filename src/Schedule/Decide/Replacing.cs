using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>Starts and retires instances until they are the wanted ones, and turns back where the new ones do not serve.</summary>
static class Replacing
{
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

        if (status.Stable.Hash == work.Wanted.Hash || work.View.Hosts.Count == 0 || (work.IsPet && work.Running.Any(work.IsLost)))
        {
            // What was good before is not judged, and nothing is while the host that could show it does not answer.
            work.Status = status with { Incoming = work.Wanted.Hash, Deadline = null };
            return;
        }

        var patience = work.Wanted.Health.Startup + Slack;
        var deadline = Deadline(work, patience);
        var looping = work.Looping;
        if (looping is null && work.Now < deadline)
        {
            work.Status = status with { Incoming = work.Wanted.Hash, Deadline = deadline };
            work.Plan.Wait(deadline);
            return;
        }

        var why = looping is null
            ? $"no new instance of {ServiceDecide.Title(work.Wanted)} became ready within {Durations.Format(patience)}"
            : $"{looping.Name} of {ServiceDecide.Title(work.Wanted)} is in a crash loop: {looping.Status.Message}";
        work.Status = status with { Rejected = work.Wanted.Hash, RejectedBecause = why, Incoming = status.Stable.Hash, Deadline = null };
        work.Wanted = status.Stable;
        work.RolledBackBecause = (looping is null ? Reasons.NotReadyInTime : Reasons.CrashLoop, why);
    }

    public static void Approach(ServiceWork work)
    {
        if (work.IsPet)
        {
            StartPets(work);
        }
        else
        {
            Start(work);
            RetireLost(work);
        }

        RetireOutdated(work);
        RetireExcess(work);
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
        var surge = Math.Max(1, wanted / 4);
        var taken = work.Running.Count(i => !work.IsLost(i));
        if (wanted > 1 && FirstLight.HoldUntil(work.Status, work.Running.Any(work.IsServing), work.View.CallersWait, work.Now) is { } until)
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
        var vacated = work.Instances.Where(i => i.Goal == InstanceGoal.Stop && i.Status.State == InstanceState.Stopped).ToArray();
        var missing = work.Count - (work.Instances.Count() - vacated.Length);
        foreach (var place in vacated)
        {
            work.Forget(place);
            if (missing > 0)
            {
                work.Create(place.Host);
                missing--;
            }
        }

        for (; missing > 0; missing--)
        {
            if (!work.Create())
            {
                return;
            }
        }
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
        var serving = work.Running.Count(work.IsServing);
        var least = work.IsPet ? work.Count - 1 : work.Count;
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
