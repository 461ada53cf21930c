using System.Globalization;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides that a service's instances are replaced one after another. Nothing declared changes, so there is no new version.</summary>
public static class RestartDecide
{
    public static ApplyPlan Next(DeclaredState seen, string service)
    {
        if (seen.Find(service) is not { } found)
        {
            return ApplyPlan.Missing("service", service);
        }

        var next = found with { Generation = found.Generation + 1 };
        return new()
        {
            Writes = new Plan().Put(next).Say($"service/{service}", "Restarting", "a restart was asked for"),
            Changes = [new($"services.{service}.generation", Text(found.Generation), Text(next.Generation))],
        };
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
