using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of objectives.</summary>
static class ObjectiveRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var objectives = spec.Objectives ?? new Dictionary<string, ObjectiveSpec>();
        if (objectives.Count > ArchitectureSpec.MostObjectives)
        {
            yield return new("objectives", $"{objectives.Count} objectives are more than {ArchitectureSpec.MostObjectives}", "keep those of what users see");
            yield break;
        }

        foreach (var (name, one) in objectives)
        {
            if (!Names.IsValid(name))
            {
                var invalid = Names.Invalid("objective", name);
                yield return new($"objectives.{name}", invalid.What, invalid.Remedy);
            }

            if (!spec.Gateway.Routes.ContainsKey(one.Route))
            {
                yield return new(
                    $"objectives.{name}.route", $"there is no route '{one.Route}'",
                    Nearest.To(one.Route, [.. spec.Gateway.Routes.Keys]) is { } nearest ? $"did you mean '{nearest}'?" : "name one of the gateway's routes");
            }

            foreach (var problem in one.Validate())
            {
                yield return problem.Under($"objectives.{name}");
            }
        }
    }
}
