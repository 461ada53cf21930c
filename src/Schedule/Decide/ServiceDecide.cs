using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Brings one service a step towards its declaration. Each call looks at everything anew; nothing is remembered between calls but what the status says.
/// </summary>
public static class ServiceDecide
{
    /// <summary>How much longer than an instance's own start-up time an update may go without progress.</summary>
    static readonly TimeSpan UpdateSlack = TimeSpan.FromSeconds(15);

    public static Plan Next(ServiceView view, DateTimeOffset now)
    {
        var work = new ServiceWork(view, now);

        // 1. What is to run: the declared template, or the last good one where the declared was rejected.
        Choose(work);

        // 2. Forget what has stopped; end what was drained.
        Bury(work);
        EndDrained(work);

        // 3. Approach the wanted instances, the software first.
        if (view.Stopping)
        {
            Stop(work);
        }
        else if (Prepared(work))
        {
            Judge(work);
            Approach(work);
        }
        else if (work.Status.Stable is { } stable && work.Running.Any())
        {
            // What serves is kept up while what is to replace it is not ready to be started.
            work.Wanted = stable;
            Approach(work);
        }

        // 4. Say how it stands, and where it can be reached.
        Publish(work);
        Standing.Settle(work);
        return work.Finish();
    }

    static void Choose(ServiceWork work)
    {
        var declared = Templates.Of(work.View.Service, work.View.Links);
        var status = work.Status;
        work.Declared = declared;
        work.Wanted = status.Rejected == declared.Hash && status.Stable is { } stable ? stable : declared;
        if (status.Rejected is not null && status.Rejected != declared.Hash)
        {
            work.Status = status with { Rejected = null };
        }
    }

    static void Bury(ServiceWork work)
    {
        foreach (var instance in work.Instances.Where(i => i.Goal == InstanceGoal.Stop).ToArray())
        {
            // A lost host's agent ends, on its return, whatever is no longer listed for it.
            if (instance.Status.State == InstanceState.Stopped || work.IsLost(instance))
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
        if (work.View.LiveDependants.Count > 0)
        {
            return;
        }

        foreach (var instance in work.Running.ToArray())
        {
            work.Retire(instance);
        }
    }

    // Whether instances of the wanted template can be started: its artifact exists, its needs have ports, and at the first start are ready.
    static bool Prepared(ServiceWork work)
    {
        var service = work.View.Service;
        var missing = service.Spec.Needs.Keys.Where(n => !work.View.Links.ContainsKey(n)).ToArray();
        if (missing.Length > 0)
        {
            work.Blocked = (Reasons.WaitingForNeeds, $"waiting for a mesh port to {string.Join(", ", missing)}");
        }
        else if (work.Wanted.Hash == work.Declared.Hash && work.Declared.Build is { } build && !Built(work, build))
        {
            return false;
        }
        else if (!work.Instances.Any() && work.View.NeedsNotReady.Count > 0)
        {
            work.Blocked = (Reasons.WaitingForNeeds, $"waiting for {string.Join(", ", work.View.NeedsNotReady)} to be ready");
        }
        else if (work.View.Hosts.Count == 0 && !work.Running.Any())
        {
            work.Blocked = (Reasons.WaitingForHost, "waiting for an agent; 'mainstay doctor' says why none reports");
        }

        return work.Blocked is null;
    }

    static bool Built(ServiceWork work, string name)
    {
        var service = work.View.Service;
        var attempt = service.Generation + 1;
        var build = work.View.Build;
        if (build is { Status.State: BuildState.Succeeded })
        {
            return true;
        }

        if (build is null || (build.Status.State == BuildState.Failed && build.Attempt < attempt) || (build.Status.State != BuildState.Failed && !work.IsReady(build.Host)))
        {
            work.Blocked = (Reasons.Building, "the build is about to start");
            if (Spread.Pick(work.View.Hosts, []) is { } host && (build is null || build.Attempt < attempt || build.Host != host))
            {
                work.Plan.Put(new Build
                {
                    Name = name,
                    Revision = build?.Revision ?? 0,
                    Service = service.Name,
                    Host = host,
                    Command = service.Spec.Build!.Command,
                    Folder = work.Declared.Folder,
                    Digest = service.Digest!,
                    Timeout = service.Spec.Build.Timeout,
                    Attempt = attempt,
                });
            }

            return false;
        }

        if (build.Status.State == BuildState.Failed)
        {
            work.BuildFailed = build;
            work.Blocked = (Reasons.BuildFailed, BuildFailure(build));
            return false;
        }

        work.Blocked = (Reasons.Building, $"building {build.Name}");
        return false;
    }

    // An update whose new instances do not get ready goes back to the last good template.
    static void Judge(ServiceWork work)
    {
        var status = work.Status;
        if (status.Stable is null || status.Stable.Hash == work.Wanted.Hash || !work.Outdated.Any() || status.Rejected is not null)
        {
            work.Status = status with { Incoming = null, Deadline = null };
            return;
        }

        var startup = work.Wanted.Health.Startup + UpdateSlack;
        if (status.Incoming != work.Wanted.Hash || status.Deadline is null)
        {
            status = work.Status = status with { Incoming = work.Wanted.Hash, Deadline = work.Now + startup };
        }

        // Every new instance that gets ready gives the next one its time.
        var progress = work.Current.Max(i => i.Status.ReadyAt) + startup;
        var deadline = progress > status.Deadline ? progress : status.Deadline;
        var looping = work.Current.FirstOrDefault(i => i.Status.Failures >= i.Template.Restart.CrashLoop);
        if (looping is null && work.Now < deadline)
        {
            work.Plan.Wait(deadline);
            return;
        }

        var why = looping is null
            ? $"no new instance of {Title(work.Wanted)} became ready within {Durations.Format(startup)}"
            : $"{looping.Name} of {Title(work.Wanted)} is in a crash loop: {looping.Status.Message}";
        work.Status = status with { Rejected = work.Wanted.Hash, Incoming = null, Deadline = null };
        work.Wanted = status.Stable;
        work.RolledBackBecause = why;
    }

    static void Approach(ServiceWork work)
    {
        Start(work);
        Retire(work);
    }

    static void Start(ServiceWork work)
    {
        var wanted = work.Count;
        var current = work.Current.Count();
        var surge = work.IsPet ? 0 : Math.Max(1, wanted / 4);
        // A pet's successor waits until every process that might hold the data has ended, the stopping ones included.
        var taken = work.IsPet ? work.Instances.Count(i => !work.IsLost(i)) : work.Running.Count();
        for (var missing = Math.Min(wanted - current, wanted + surge - taken); missing > 0; missing--)
        {
            if (!work.Create())
            {
                return;
            }
        }
    }

    static void Retire(ServiceWork work)
    {
        // Instances on a lost host count as absent: others have been started in their place where a host was ready.
        foreach (var lost in work.Running.Where(work.IsLost).ToArray())
        {
            if (work.View.Hosts.Count > 0)
            {
                work.Retire(lost);
            }
        }

        var serving = work.Running.Count(work.IsServing);
        var least = work.IsPet ? work.Count - 1 : work.Count;
        foreach (var old in work.Outdated.OrderBy(i => work.IsServing(i)).ThenBy(i => i.Name, InstanceNames.Order).ToArray())
        {
            if (work.IsServing(old) && serving <= least)
            {
                break;
            }

            serving -= work.IsServing(old) ? 1 : 0;
            work.Retire(old);
        }

        if (!work.Outdated.Any())
        {
            var excess = work.Current.OrderBy(i => work.IsServing(i)).ThenByDescending(i => i.Name, InstanceNames.Order).Take(Math.Max(0, work.Current.Count() - work.Count)).ToArray();
            foreach (var instance in excess)
            {
                work.Retire(instance);
            }
        }
    }

    static void Publish(ServiceWork work)
    {
        var reachable = work.Running.Where(i => i.Status is { State: InstanceState.Ready, Endpoint.Length: > 0 }).ToArray();
        var answering = reachable.Where(i => !work.IsLost(i)).ToArray();
        // A lost agent does not mean a dead instance: rather these addresses than none.
        var items = (answering.Length > 0 ? answering : reachable)
            .OrderBy(i => i.Name, InstanceNames.Order)
            .Select(i => new Endpoint(i.Name, i.Status.Endpoint, i.Template.Version))
            .ToArray();
        var known = work.View.Endpoints;
        if (known is null ? items.Length > 0 : !known.Items.SequenceEqual(items))
        {
            work.Plan.Put(new Endpoints { Name = work.View.Service.Name, Revision = known?.Revision ?? 0, Items = items });
        }
    }

    internal static string Title(InstanceTemplate template) => template.Version.Length > 0 ? template.Version : template.Hash;

    static string BuildFailure(Build build)
    {
        var tail = build.Status.Tail.Trim();
        var code = build.Status.ExitCode is { } exit ? $" with exit code {exit}" : "";
        return $"the build failed{code}; see 'mainstay logs --build {build.Name}'" + (tail.Length > 0 ? "\n" + tail : "");
    }
}
