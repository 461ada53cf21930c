using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Says how a service stands after a pass: its state with reason and message, as the lifecycle's rules allow.</summary>
static class Standing
{
    public static void Settle(ServiceWork work)
    {
        var ready = work.Running.Count(work.IsServing);
        var complete = !work.View.Stopping && work.Blocked is null && !work.Outdated.Any()
            && work.Current.Count() == work.Count && work.Current.All(work.IsServing)
            && work.Instances.All(i => i.Goal == InstanceGoal.Run);
        if (complete)
        {
            Complete(work);
        }
        else if (work.Status.Stable is null && work.Current.Any(work.IsServing))
        {
            work.Status = work.Status with { Version = work.Wanted.Version };
        }

        var (state, reason, message) = work.View.Stopping ? Ending(work) : Living(work, complete);
        var before = work.View.Service.Status;
        if (!LifecycleRules.MayFollow(before.State, state))
        {
            // Several things can come true within one pass; the standing takes every step all the same.
            state = LifecycleRules.MayFollow(before.State, Lifecycle.Ready) ? Lifecycle.Ready : Lifecycle.Provision;
            work.Plan.Wait(work.Now);
        }

        work.Status = work.Status with
        {
            State = state,
            Reason = reason,
            Message = message,
            Wanted = work.Count,
            Ready = ready,
            Since = before.State == state && before.Since != default ? before.Since : work.Now,
        };
        Tell(work, before);
    }

    static void Complete(ServiceWork work)
    {
        var good = work.Status.Stable?.Hash == work.Wanted.Hash ? work.Status.Stable : work.Wanted;
        work.Status = work.Status with { Stable = good, Version = work.Wanted.Version, Incoming = null, Deadline = null };
    }

    static (Lifecycle, string, string) Ending(ServiceWork work)
    {
        var left = work.Instances.Count();
        if (left == 0 && work.View.Service.Removed && !work.Plan.Puts.OfType<Endpoints>().Any())
        {
            Forget(work);
        }

        var (reason, message) = work.View.LiveDependants.Count > 0 && left > 0
            ? (Reasons.WaitingForDependants, $"waiting for {string.Join(", ", work.View.LiveDependants)} to stop first")
            : left > 0 ? (Reasons.Stopping, $"{left} to stop") : (Reasons.Stopped, "stopped; 'mainstay up' starts it");
        return work.View.Service.Removed
            ? (Lifecycle.Destroy, left > 0 ? reason : Reasons.Removed, left > 0 ? message : "no longer declared")
            : (left > 0 && work.View.Service.Status.State != Lifecycle.Provision ? Lifecycle.Ready : StoppedState(work), reason, message);
    }

    static void Forget(ServiceWork work)
    {
        work.Forgotten = true;
        work.Plan.Say(About(work), Reasons.Removed, $"{work.View.Service.Name} is stopped and forgotten");
        if (work.View.Endpoints is { } endpoints)
        {
            work.Plan.Delete(endpoints);
        }
    }

    static Lifecycle StoppedState(ServiceWork work) =>
        work.View.Service.Status.State == Lifecycle.Provision && work.Status.Stable is null ? Lifecycle.Provision : Lifecycle.Ready;

    static (Lifecycle, string, string) Living(ServiceWork work, bool complete)
    {
        var status = work.Status;
        var was = work.View.Service.Status;
        var live = work.Running.Any();
        if (work.RolledBackBecause is { } why)
        {
            return (Lifecycle.Rollback, Reasons.NotReadyInTime, why);
        }

        if (work.Blocked is { } blocked)
        {
            return (work.BuildFailed is not null, live) switch
            {
                (true, false) => (Lifecycle.Failed, blocked.Reason, blocked.Message),
                (true, true) => (Lifecycle.Run, blocked.Reason, $"still serving {status.Version}: {blocked.Message}"),
                (false, true) when status.Stable is not null => (Lifecycle.Update, blocked.Reason, blocked.Message),
                (false, true) => (Lifecycle.Ready, blocked.Reason, blocked.Message),
                _ => (Lifecycle.Provision, blocked.Reason, blocked.Message),
            };
        }

        if (complete)
        {
            return status.Rejected is null
                ? (Lifecycle.Run, Reasons.Serving, "")
                : (Lifecycle.Run, Reasons.RolledBack, was.State == Lifecycle.Rollback || was.Reason == Reasons.RolledBack ? was.Message : "serving the last good version");
        }

        return Approaching(work, was);
    }

    // Not all wanted instances are ready yet.
    static (Lifecycle, string, string) Approaching(ServiceWork work, ServiceStatus was)
    {
        var ready = work.Running.Count(work.IsServing);
        var looping = work.Current.FirstOrDefault(i => i.Status.Failures >= i.Template.Restart.CrashLoop);
        var progress = $"{work.Current.Count(work.IsServing)} of {work.Count} ready";
        var isStable = work.Status.Stable?.Hash == work.Wanted.Hash;
        if (work.Status.Rejected is not null && (was.State == Lifecycle.Rollback || work.Outdated.Any()))
        {
            return (Lifecycle.Rollback, was.Reason, was.Message);
        }

        if (was.State == Lifecycle.Update || (work.Status.Stable is not null && work.Outdated.Any()))
        {
            return (Lifecycle.Update, Reasons.Replacing, $"to {ServiceDecide.Title(work.Wanted)}, {progress}");
        }

        if (looping is not null && ready == 0)
        {
            return (Lifecycle.Failed, Reasons.CrashLoop, $"{looping.Name} ended {looping.Status.Failures} times in a row: {looping.Status.Message}; see 'mainstay logs {work.View.Service.Name}'");
        }

        if (!isStable || was.State is Lifecycle.Provision or Lifecycle.Ready)
        {
            return (Lifecycle.Ready, Reasons.Starting, progress);
        }

        var draining = work.Instances.Any(i => i.Goal != InstanceGoal.Run);
        return was.State == Lifecycle.Scale || was.Wanted != work.Count
            ? (Lifecycle.Scale, draining ? Reasons.ScalingIn : Reasons.ScalingOut, progress)
            : (Lifecycle.Run, Reasons.Degraded, Degraded(work, progress));
    }

    static string Degraded(ServiceWork work, string progress)
    {
        var down = work.Current.Where(i => !work.IsServing(i)).Select(i => $"{i.Name} {i.Status.Reason} {i.Status.Message}".TrimEnd());
        return string.Join("; ", down.Prepend(progress));
    }

    static void Tell(ServiceWork work, ServiceStatus before)
    {
        var after = work.Status;
        if (after.State == before.State && after.Reason == before.Reason)
        {
            return;
        }

        var severity = after.State switch
        {
            Lifecycle.Failed => Severity.Error,
            Lifecycle.Rollback => Severity.Warning,
            _ when after.Reason is Reasons.Degraded or Reasons.BuildFailed => Severity.Warning,
            _ => Severity.Info,
        };
        work.Plan.Say(About(work), after.Reason, $"{before.State} -> {after.State}" + (after.Message.Length > 0 ? $": {after.Message}" : ""), severity);
    }

    static string About(ServiceWork work) => $"service/{work.View.Service.Name}";
}
