using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides what is said about a release that is under way. Nothing declared changes, so there is no new version.</summary>
public static class RolloutDecide
{
    /// <param name="seen">What is declared now.</param>
    /// <param name="service">Whose release.</param>
    /// <param name="act">What is to become of it.</param>
    /// <param name="by">Who says so, for people.</param>
    /// <param name="why">Why; empty where nothing was said.</param>
    public static ApplyPlan Next(DeclaredState seen, string service, RolloutAct act, string by, string why)
    {
        if (seen.Find(service) is not { } found)
        {
            return ApplyPlan.Missing("service", service);
        }

        if (found.Status.Release is not { Stage: not (ReleaseStage.Promoted or ReleaseStage.Aborted) } release)
        {
            return ApplyPlan.Refused(new Problem("service", $"no release of {service} is under way", $"'mainstay rollout status' lists releases, 'mainstay rollback {service} VERSION' goes back"));
        }

        if (release.Stage == ReleaseStage.Promoting && act is not RolloutAct.Abort)
        {
            return ApplyPlan.Refused(new Problem("service", $"{release.Version} of {service} is taking over already", $"'mainstay rollout abort {service}' goes back"));
        }

        // What is said of one is said of all that are released with it.
        var plan = new ApplyPlan { Writes = new Plan(), Changes = [] };
        foreach (var member in Together(seen, found))
        {
            plan = With(plan, member, member.Status.Release!, act, by, why);
        }

        return plan;
    }

    static IEnumerable<Service> Together(DeclaredState seen, Service found) => found.Spec.Release?.Group is not { } group ? [found] :
        seen.Services.Values.Where(s => s.Name == found.Name || (!s.Removed && s.Spec.Release?.Group == group && s.Status.Release is { Stage: not (ReleaseStage.Promoted or ReleaseStage.Aborted) }))
            .OrderBy(s => s.Name, StringComparer.Ordinal);

    static ApplyPlan With(ApplyPlan plan, Service found, ReleaseStatus release, RolloutAct act, string by, string why)
    {
        var service = found.Name;
        var said = found.Release is { } known && known.To == release.To ? known : new(release.To);
        var next = act switch
        {
            RolloutAct.Pause => said with { Paused = true },
            RolloutAct.Resume => said with { Paused = false, Passed = release.Stage == ReleaseStage.Waiting || release.Undecided ? release.Step + 1 : said.Passed },
            RolloutAct.Promote => said with { Paused = false, Promote = true },
            _ => said with { Abort = true, Why = why.Length > 0 ? why : $"given up by {by}" },
        };
        return next == found.Release ? plan : plan with
        {
            Writes = plan.Writes.Put(found with { Release = next }).Say($"service/{service}", $"Rollout{act}", $"{act.ToString().ToLowerInvariant()} of {release.Version} by {by}{(why.Length > 0 ? $": {why}" : "")}"),
            Changes = [.. plan.Changes, new($"services.{service}.rollout", null, $"\"{act.ToString().ToLowerInvariant()}\"")],
        };
    }
}

/// <summary>What can be said about a release.</summary>
public enum RolloutAct
{
    /// <summary>Stay at this step.</summary>
    Pause,

    /// <summary>Go on; past a gate where it waits at one, and without a verdict where it holds on for one.</summary>
    Resume,

    /// <summary>Go to the end without holding.</summary>
    Promote,

    /// <summary>Go back to the old version.</summary>
    Abort,
}
