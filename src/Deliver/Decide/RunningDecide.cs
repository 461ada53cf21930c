using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides to stop everything (<c>down</c>) or to start it again. What is declared stays, so there is no new version.</summary>
public static class RunningDecide
{
    public static ApplyPlan Next(DeclaredState seen, bool running)
    {
        if (seen.Architecture is not { } architecture)
        {
            return ApplyPlan.NothingApplied;
        }

        return architecture.Running == running ? new() : new()
        {
            Writes = new Plan()
                .Put(architecture with { Running = running })
                .Say($"architecture/{Architecture.TheName}", running ? "Starting" : "Stopping", running ? "everything is to run" : "everything is to stop"),
            Changes = [new("running", Text(architecture.Running), Text(running))],
        };
    }

    static string Text(bool value) => value ? "true" : "false";
}
