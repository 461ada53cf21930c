using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>Says how a service stands after a pass: its state with reason and message, as the lifecycle's rules allow.</summary>
static class Standing
{
    public static void Settle(ServiceWork work)
    {
        var before = work.View.Service.Status;
        var complete = IsComplete(work, before);
        if (complete)
        {
            Complete(work);
        }
        else if (work.Status.Stable is null && work.Current.Any(work.IsServing))
        {
            work.Status = work.Status with { Version = work.Wanted.Version };
        }

        var (state, reason, message) = work.View.Stopping ? Ending(work) : Living(work, complete);
        if (work.NoRoom is { } why && !work.View.Stopping && !complete && reason is Reasons.Starting or Reasons.ScalingOut or Reasons.Degraded or Reasons.Replacing)
        {
            (reason, message) = (Reasons.WaitingForRoom, $"{work.Running.Count(work.IsServing)} of {work.Count} ready; {why}");
        }

        var step = LifecycleRules.Step(before.State, state);
        if (step != state)
        {
            work.Plan.Wait(work.Now);
        }

        work.Status = work.Status with
        {
            State = step,
            Reason = reason,
            Message = message,
            Wanted = work.Count,
            Ready = work.Running.Count(work.IsServing),
            Observed = work.View.Service.Asked(work.View.Architecture is { Running: true }),
            Since = before.State == step && before.Since != default ? before.Since : work.Now,
        };
        Tell(work, before);
    }

    // All that is wanted serves, and nothing else; instances that still end matter to who waits for a replacement or for scaling in.
    static bool IsComplete(ServiceWork work, ServiceStatus before)
    {
        var full = !work.View.Stopping && work.Blocked is null && !work.Outdated.Any() && work.Current.Count() == work.Count && work.Current.All(work.IsServing);
        var steady = work.Status.Incoming is null && before.State == Lifecycle.Run && before.Wanted == work.Count;
        return full && (steady || work.Instances.All(i => i.Goal == InstanceGoal.Run));
    }

    static void Complete(ServiceWork work)
    {
        Releasing.Complete(work);
        // Without a single instance nothing is proven.
        var good = work.Count == 0 || work.Status.Stable?.Hash == work.Wanted.Hash ? work.Status.Stable : work.Wanted;
        work.Status = work.Status with { Stable = good, Version = work.Wanted.Version, Incoming = null, Deadline = null };
    }

    static (Lifecycle, string, string) Ending(ServiceWork work)
    {
        var left = work.Instances.Count();
        var was = work.View.Service.Status;
        if (left == 0 && work.View.Service.Removed && !work.Plan.Puts.OfType<Endpoints>().Any())
        {
            Forget(work);
        }

        var lost = work.Instances.Where(work.IsLost).Select(i => $"{i.Name} on {i.Host}").ToArray();
        var (reason, message) = work.View.LiveDependants.Count > 0 && left > 0
            ? (Reasons.WaitingForDependants, $"waiting for {string.Join(", ", work.View.LiveDependants)} to stop first")
            : lost.Length > 0 ? (Reasons.HostLost, $"{left} to stop, of which {string.Join(", ", lost)} may still run: the host does not answer")
            : left > 0 ? (Reasons.Stopping, $"{left} to stop") : (Reasons.Stopped, "stopped; 'mainstay up' starts it");
        if (work.View.Service.Removed)
        {
            return left > 0 ? (Lifecycle.Destroy, reason, message) : (Lifecycle.Destroy, Reasons.Removed, "no longer declared");
        }

        var neverStarted = left == 0 && was.State == Lifecycle.Provision && work.Status.Stable is null;
        return (neverStarted ? Lifecycle.Provision : Lifecycle.Ready, reason, message);
    }

    internal static void Forget(ServiceWork work)
    {
        work.Forgotten = true;
        work.Plan.Say(About(work), Reasons.Removed, $"{work.View.Service.Name} is stopped and forgotten");
        if (work.View.Endpoints is { } endpoints)
        {
            work.Plan.Delete(endpoints);
        }

        foreach (var release in work.View.Releases)
        {
            work.Plan.Delete(release);
        }

        External.Forget(work);
    }

    static (Lifecycle, string, string) Living(ServiceWork work, bool complete)
    {
        if (work.RolledBackBecause is { } why)
        {
            return (Lifecycle.Rollback, why.Reason, why.Message);
        }

        if (work.Blocked is { } blocked)
        {
            return Waiting(work, blocked.Reason, blocked.Message);
        }

        if (complete)
        {
            return work.Status.Rejected is null
                ? (Lifecycle.Run, Reasons.Serving, "")
                : (Lifecycle.Run, Reasons.RolledBack, $"serving {ServiceDecide.Title(work.Wanted)}: {work.Status.RejectedBecause}");
        }

        return Approaching(work);
    }

    // The wanted template cannot be started yet.
    static (Lifecycle, string, string) Waiting(ServiceWork work, string reason, string message) => (work.BuildFailed is not null, work.Running.Any()) switch
    {
        (true, _) => (work.Running.FirstOrDefault(work.IsServing)?.Template ?? (work.Running.Any() ? work.Status.Stable : null)) is { } kept
            ? (Lifecycle.Run, reason, $"still serving {ServiceDecide.Title(kept)}: {message}")
            : (Lifecycle.Failed, reason, message),
        (false, true) when work.Status.Stable is not null => (Lifecycle.Update, reason, message),
        (false, true) => (Lifecycle.Ready, reason, message),
        _ => (Lifecycle.Provision, reason, message),
    };

    // Not all wanted instances are ready yet.
    static (Lifecycle, string, string) Approaching(ServiceWork work)
    {
        var (status, was) = (work.Status, work.View.Service.Status);
        var progress = $"{work.Current.Count(work.IsServing)} of {work.Count} ready";
        var looping = work.Looping;
        if (looping is not null && !work.Running.Any(work.IsServing))
        {
            return (Lifecycle.Failed, Reasons.CrashLoop, $"{looping.Name}: {looping.Status.Message}; see 'mainstay logs {work.View.Service.Name}'");
        }

        if (work.Phase is { } phase)
        {
            return (Lifecycle.Update, status.Release switch { { Stage: ReleaseStage.Waiting } => Reasons.WaitingForWord, { Undecided: true } => Reasons.Undecided, _ => Reasons.Releasing }, Releasing.Describe(work, phase));
        }

        if (status.Incoming is not null)
        {
            return status.Rejected is null
                ? (Lifecycle.Update, Reasons.Replacing, $"to {ServiceDecide.Title(work.Wanted)}, {progress}")
                : (Lifecycle.Rollback, was.State == Lifecycle.Rollback ? was.Reason : Reasons.NotReadyInTime, status.RejectedBecause);
        }

        if (looping is null && (status.Stable is null || was.State is Lifecycle.Provision or Lifecycle.Ready or Lifecycle.Destroy))
        {
            return (Lifecycle.Ready, Reasons.Starting, progress + Obstacle(work));
        }

        var draining = work.Instances.Any(i => i.Goal != InstanceGoal.Run);
        // Scaling that leads into a crash loop does not end by itself; "Degraded" names what is wrong.
        return looping is null && (was.State == Lifecycle.Scale || was.Wanted != work.Count)
            ? (Lifecycle.Scale, draining ? Reasons.ScalingIn : Reasons.ScalingOut, progress + Obstacle(work))
            : (Lifecycle.Run, Reasons.Degraded, Degraded(work, progress));
    }

    // What the first instance that is not ready has to say for itself; a start that goes as usual has nothing.
    static string Obstacle(ServiceWork work) =>
        work.Running.FirstOrDefault(i => !work.IsServing(i) && i.Status.Message.Length > 0) is { } one ? $"; {one.Name}: {one.Status.Message}" : "";

    static string Degraded(ServiceWork work, string progress)
    {
        var down = work.Running.Where(i => !work.IsServing(i))
            .Select(i => work.IsLost(i) ? $"{i.Name} {Reasons.HostLost}: {i.Host} does not answer" : $"{i.Name} {i.Status.Reason} {i.Status.Message}".TrimEnd());
        return string.Join("; ", down.Prepend(progress));
    }

    internal static void Tell(ServiceWork work, ServiceStatus before)
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
            _ when after.Reason is Reasons.Degraded or Reasons.BuildFailed or Reasons.WaitingForRoom => Severity.Warning,
            _ => Severity.Info,
        };
        work.Plan.Say(About(work), after.Reason, $"{before.State} -> {after.State}" + (after.Message.Length > 0 ? $": {after.Message}" : ""), severity);
    }

    internal static string About(ServiceWork work) => $"service/{work.View.Service.Name}";
}
