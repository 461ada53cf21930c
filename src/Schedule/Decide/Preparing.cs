using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Policies;

namespace Mainstay.Schedule.Decide;

/// <summary>What must be there before instances of the wanted template can be started.</summary>
static class Preparing
{
    /// <summary>Whether what it runs may be replaced now: who was changed with it and comes first has all that is declared of it. Otherwise says why not.</summary>
    public static bool IsItsTurn(ServiceWork work)
    {
        if (work.View.First.Count > 0 && work.Status.Stable is { } stable && stable.Hash != work.Wanted.Hash && work.Running.Any())
        {
            work.Blocked = (Reasons.WaitingForOrder, $"{ServiceDecide.Title(work.Wanted)} waits until {string.Join(", ", work.View.First)} run{(work.View.First.Count == 1 ? "s" : "")} as declared");
        }

        return work.Blocked is null;
    }

    /// <summary>Whether they can be started: the artifact exists, the needs have ports, and at the first start are ready. Otherwise says why not.</summary>
    public static bool IsDone(ServiceWork work)
    {
        var service = work.View.Service;
        var missing = service.Spec.Needs.Keys.Where(n => !work.View.Links.ContainsKey(n)).ToArray();
        if (missing.Length > 0)
        {
            work.Blocked = (Reasons.WaitingForNeeds, $"waiting for a mesh port to {string.Join(", ", missing)}");
        }
        else if (work.Wanted is { Other: true } wanted && wanted.Hash == work.Declared.Hash && work.Status.Stable?.Hash != wanted.Hash && !work.View.LinksTell)
        {
            work.Blocked = (Reasons.WaitingForNeeds, "waiting for the mesh to tell its versions apart");
        }
        else if (work.Wanted.Hash == work.Declared.Hash && work.Declared.Build is { } build && !IsBuilt(work, build))
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

    static bool IsBuilt(ServiceWork work, string name)
    {
        var attempt = work.View.Service.Generation + 1;
        var build = work.View.Build;
        // A late report may still be about an earlier attempt.
        var failed = build is { Status.State: BuildState.Failed } && build.Status.Attempt >= build.Attempt;
        // What was built on a host that is gone is built once more elsewhere; the server keeps what was built beside it.
        var there = build is not null && (work.View.Hosts.Count == 0 || work.IsReady(build.Host) || (work.View.IsBuiltAtHome && build.Status.State == BuildState.Succeeded));
        if (there && build is { Status.State: BuildState.Succeeded })
        {
            return true;
        }

        if (build is null || (failed && build.Attempt < attempt) || (!failed && !there))
        {
            Order(work, name, attempt);
            return false;
        }

        work.BuildFailed = failed ? build : null;
        work.Blocked = failed ? (Reasons.BuildFailed, Failure(build)) : (Reasons.Building, $"building {build.Name}");
        return false;
    }

    static void Order(ServiceWork work, string name, int attempt)
    {
        var service = work.View.Service;
        work.Blocked = (Reasons.Building, "the build is about to start");
        // What is built lies on the server's machine; where instances may run is another question.
        if ((work.View.Home ?? Placement.Pick(work.View.Hosts, new() { Place = work.View.Service.Spec.Place ?? PlaceAsk.Anywhere })) is { } host)
        {
            work.Plan.Put(new Build
            {
                Name = name,
                Revision = work.View.Build?.Revision ?? 0,
                Service = service.Name,
                Host = host,
                Command = service.Spec.Build!.Command,
                Folder = work.Declared.Folder,
                Digest = service.Digest!,
                Timeout = service.Spec.Build.Timeout,
                Attempt = attempt,
            });
        }
    }

    static string Failure(Build build)
    {
        var tail = build.Status.Tail.Trim();
        var code = build.Status.ExitCode is { } exit ? $" with exit code {exit}" : "";
        return $"the build failed{code}; see 'mainstay logs --build {build.Name}'" + (tail.Length > 0 ? "\n" + tail : "");
    }
}
