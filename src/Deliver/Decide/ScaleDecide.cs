using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Decide;

/// <summary>Decides a change of a service's number of instances: a version like any other. 0 switches it off, whatever its least number; null takes back what was asked for.</summary>
public static class ScaleDecide
{
    public static ApplyPlan Next(DeclaredState seen, string service, int? instances, Author author, DateTimeOffset now)
    {
        if (seen.Find(service) is not { } found || seen.ToDeclaration() is not { } declared)
        {
            return ApplyPlan.Missing("service", service);
        }

        var bounds = found.Spec.Instances;
        if (instances is not (null or 0) && (instances < bounds.Min || instances > bounds.Max))
        {
            return ApplyPlan.Refused(new Problem(
                $"services.{service}.instances", $"{instances} is outside {bounds.Min} to {bounds.Max}", "choose a number within, 0 to switch it off, or change min and max in the manifest"));
        }

        return ApplyDecide.Next(seen, declared with { Scales = new Dictionary<string, int?> { [service] = instances } }, author, now);
    }
}
