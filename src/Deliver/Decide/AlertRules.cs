using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of the users' own rules.</summary>
static class AlertRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, ManifestSurroundings around)
    {
        var rules = spec.Rules ?? new Dictionary<string, RuleSpec>();
        if (rules.Count > ArchitectureSpec.MostRules)
        {
            yield return new("rules", $"{rules.Count} rules are more than {ArchitectureSpec.MostRules}", "keep those that somebody acts on; what deviates is found without rules");
            yield break;
        }

        foreach (var (name, one) in rules)
        {
            if (!Names.IsValid(name))
            {
                var invalid = Names.Invalid("rule", name);
                yield return new($"rules.{name}", invalid.What, invalid.Remedy);
            }

            if (around.WhyNoExpression?.Invoke(one.Expr) is { } why)
            {
                yield return new($"rules.{name}.expr", $"the expression cannot be read: {why}", "write PromQL, and try it with 'mainstay query'");
            }

            if (one.About?.Split('/') is [var kind, var about] && Known(kind, spec) is { } known && !known.Contains(about))
            {
                yield return new($"rules.{name}.about", $"there is no {kind} '{about}'", Nearest.To(about, [.. known]) is { } nearest ? $"did you mean '{kind}/{nearest}'?" : $"name one that is declared");
            }

            foreach (var problem in one.Validate())
            {
                yield return problem.Under($"rules.{name}");
            }
        }
    }

    static IReadOnlyCollection<string>? Known(string kind, ArchitectureSpec spec) => kind switch
    {
        "service" => [.. spec.Services.Keys],
        "route" => [.. spec.Gateway.Routes.Keys],
        _ => null,
    };
}
