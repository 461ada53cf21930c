using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Deliver.Decide;

/// <summary>Which versions of services work together: what needs ask of whom they call, and what is said explicitly.</summary>
static class VersionRules
{
    /// <summary>Everything that is wrong, each with the set of versions that would do, where earlier versions of the architecture have one.</summary>
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec, IReadOnlyList<ArchitectureVersion> history)
    {
        var written = Written(spec).ToArray();
        return written.Length > 0 ? written : Breaches(spec.Services, spec.Compatible ?? []).Select(b => b.Problem(Remedy(spec, b, history)));
    }

    /// <summary>Every rule that does not hold among <paramref name="services"/>.</summary>
    public static IEnumerable<VersionBreach> Breaches(IReadOnlyDictionary<string, ServiceSpec> services, IReadOnlyList<IReadOnlyDictionary<string, string>> compatible)
    {
        foreach (var (caller, service) in services)
        {
            foreach (var (callee, need) in service.Needs)
            {
                if (need.Version is { } text && VersionRange.TryParse(text, out var range) && services.TryGetValue(callee, out var called) && !Holds(range, called.Version))
                {
                    yield return new([caller, callee], $"{NeedRules.PathOf(caller, callee)}.version", called.Version is null
                        ? $"{caller} needs {callee} {text}, and {callee} declares no version"
                        : $"{caller} needs {callee} {text}, and {callee} is {called.Version}", called.Version is null
                        ? $"declare the version of {callee}, or remove the range"
                        : $"bring {callee} to a version in the range, or widen the range");
                }
            }
        }

        foreach (var alternatives in compatible.Select((Rule, Index) => (Rule, Index)).GroupBy(r => string.Join(' ', r.Rule.Keys.Order(StringComparer.Ordinal)), StringComparer.Ordinal))
        {
            var names = alternatives.First().Rule.Keys.Order(StringComparer.Ordinal).ToArray();
            if (names.All(services.ContainsKey) && !alternatives.Any(a => a.Rule.All(r => VersionRange.TryParse(r.Value, out var range) && Holds(range, services[r.Key].Version))))
            {
                var found = string.Join(" with ", names.Select(n => $"{n} {services[n].Version ?? "without a version"}"));
                var allowed = string.Join(", or ", alternatives.Select(a => string.Join(" with ", a.Rule.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} {r.Value}"))));
                yield return new(names, $"compatible.{alternatives.First().Index}", $"{found} is no set that works together", $"these are: {allowed}");
            }
        }
    }

    /// <summary>Whether a problem at this place may be one that another set of versions solves.</summary>
    public static bool IsAbout(string path) => path.StartsWith("compatible.", StringComparison.Ordinal) || (path.Contains(".needs.", StringComparison.Ordinal) && path.EndsWith(".version", StringComparison.Ordinal));

    static bool Holds(VersionRange range, string? version) => version is not null && SemanticVersion.TryParse(version, out var parsed) && range.Contains(parsed);

    static IEnumerable<Problem> Written(ArchitectureSpec spec)
    {
        var rules = spec.Compatible ?? [];
        if (rules.Count > ArchitectureSpec.MostCompatible)
        {
            yield return new("compatible", $"{rules.Count} rules are more than {ArchitectureSpec.MostCompatible}", "join rules with ranges of versions");
        }

        for (var index = 0; index < rules.Count; index++)
        {
            if (rules[index].Count < 2)
            {
                yield return new($"compatible.{index}", "a rule about fewer than two services says nothing", "name the services whose versions go together, each with its versions");
            }

            foreach (var (name, range) in rules[index])
            {
                if (!spec.Services.ContainsKey(name))
                {
                    yield return new($"compatible.{index}.{name}", $"there is no service '{Words.Shown(name)}'", NeedRules.Suggest(name, spec.Services.Keys));
                }

                if (!VersionRange.TryParse(range, out _))
                {
                    yield return new($"compatible.{index}.{name}", $"'{range}' is not a version range", "write comparators joined by spaces, for example '>=2.0 <3.0'");
                }
            }
        }
    }

    static string Remedy(ArchitectureSpec spec, VersionBreach breach, IReadOnlyList<ArchitectureVersion> history)
    {
        if (history.Count == 0)
        {
            return breach.Remedy;
        }

        // What is written of the services that broke nothing stays; one of those that did has to give way.
        var sets = breach.Services.Select(kept => ConsistentSet.Find(spec.Services, spec.Compatible ?? [], new HashSet<string>([kept], StringComparer.Ordinal), history))
            .OfType<IReadOnlyDictionary<string, KnownService>>().Where(s => s.Count > 0).OrderBy(s => s.Count).ToArray();
        return sets.Length == 0 ? breach.Remedy
            : $"{breach.Remedy}; this set works together: {string.Join(", ", sets[0].OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key} {s.Value.Service.Spec.Version} as in version {s.Value.Number}"))}, the rest as it is";
    }
}

/// <summary>A rule about versions that does not hold.</summary>
/// <param name="Services">Whom it is about; another version of one of them would do.</param>
/// <param name="Path">Where it is written.</param>
/// <param name="What">As of a problem.</param>
/// <param name="Remedy">As of a problem.</param>
sealed record VersionBreach(IReadOnlyList<string> Services, string Path, string What, string Remedy)
{
    public Problem Problem(string remedy) => new(Path, What, remedy);
}
