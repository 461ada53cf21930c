using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold of configuration beyond each name space by itself.</summary>
static class ConfigRules
{
    /// <summary>What can be said without knowing what else is published.</summary>
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var config = spec.Config ?? new Dictionary<string, ConfigSpec>();
        if (config.Count > ArchitectureSpec.MostConfig)
        {
            return [new("config", $"{config.Count} name spaces are more than {ArchitectureSpec.MostConfig}", "keep more in one, or publish some with 'mainstay config'")];
        }

        return config.SelectMany(c => Each(c.Key, c.Value).Select(p => p.Under($"config.{c.Key}")))
            .Concat(Together(config));
    }

    static IEnumerable<Problem> Each(string name, ConfigSpec spec)
    {
        // A version's name is the space's with a number behind it.
        if (!Names.IsValid(name) || name.Length > 50)
        {
            yield return new("", $"'{(name.Length > 60 ? name[..60] + "…" : name)}' is not a name of a name space", "use 1 to 50 lower-case letters, digits, '-' or '.', beginning and ending with a letter or digit");
        }

        if (spec.Layer == ConfigLayer.Template)
        {
            yield return new("layer", "templates are the administrator's, not the manifest's", "publish it with 'mainstay config define' on the server's machine, and name it with 'template'");
        }

        if (spec.Environments?.ContainsKey(ConfigContent.Everywhere) == true)
        {
            yield return new($"environments.{ConfigContent.Everywhere}", "values of every environment stand under 'values'", "move them there");
        }
    }

    // What depends on name spaces that are published elsewhere is seen when it is applied.
    static IEnumerable<Problem> Together(IReadOnlyDictionary<string, ConfigSpec> config)
    {
        var spaces = config.ToDictionary(c => c.Key, c => new ConfigSpace { Name = c.Key, Version = 0, Content = c.Value.ToContent() }, StringComparer.Ordinal);
        return ConfigPublish.Together(spaces.Keys.ToHashSet(StringComparer.Ordinal), spaces, partial: true).Where(p => p.Problem.Path != "name").Select(p => InManifest(p.Space, p.Problem));
    }

    /// <summary>What is wrong with the name spaces of a plan beside all others, and with who uses them.</summary>
    /// <param name="seen">Before it.</param>
    /// <param name="plan">What is to be written.</param>
    public static IEnumerable<Problem> Problems(DeclaredState seen, ApplyPlan plan)
    {
        var puts = plan.Writes.Puts.OfType<ConfigSpace>().ToDictionary(s => s.Name, StringComparer.Ordinal);
        var all = new Dictionary<string, ConfigSpace>(seen.Spaces, StringComparer.Ordinal);
        foreach (var (name, space) in puts)
        {
            all[name] = space;
        }

        var changed = puts.Values.Where(s => s.Declared is not null).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (space, problem) in changed.Count == 0 ? [] : ConfigPublish.Together(changed, all))
        {
            yield return changed.Contains(space)
                ? InManifest(space, problem)
                : new("config", $"the name space '{space}', which inherits what is declared here, would be wrong: {problem.What}", problem.Remedy);
        }

        foreach (var service in plan.Writes.Puts.OfType<Service>().Where(s => !s.Removed))
        {
            if (service.Spec.Config is { } use && !all.ContainsKey(use.Space))
            {
                yield return new($"services.{service.Name}.config", $"there is no name space '{use.Space}'", Nearest.To(use.Space, [.. all.Keys]) is { } near ? $"did you mean '{near}'?" : "declare it under 'config', or publish it with 'mainstay config'");
            }
        }
    }

    /// <summary>The secrets that services of a plan are to be given, and that its routes sign with, with where that is said.</summary>
    public static IEnumerable<(string Path, string Secret)> Secrets(ApplyPlan plan)
    {
        foreach (var service in plan.Writes.Puts.OfType<Service>().Where(s => !s.Removed))
        {
            foreach (var name in SecretsOf(service))
            {
                yield return ($"services.{service.Name}.{(service.Spec.Secrets?.ContainsKey(name) == true ? $"secrets.{name}" : "config")}", name);
            }
        }

        foreach (var route in plan.Writes.Puts.OfType<Route>())
        {
            if (route.Spec.Async?.Callback is { } callback)
            {
                yield return ($"gateway.routes.{route.Name}.{CallbackSpec.SecretPlace}", callback.Secret);
            }
        }
    }

    /// <summary>The secrets that a service's instances are given, by themselves or in its configuration.</summary>
    public static IEnumerable<string> SecretsOf(Service service) => (service.Spec.Secrets?.Keys ?? []).Concat(service.Settings?.Secrets.Values ?? []).Distinct(StringComparer.Ordinal);

    // A publish says values.*.key and values.prod.key, the manifest values.key and environments.prod.key.
    static Problem InManifest(string space, Problem problem) => problem with
    {
        Path = $"config.{space}." + (problem.Path.Split('.', 3) is ["values", var environment, var key]
            ? environment == ConfigContent.Everywhere ? $"values.{key}" : $"environments.{environment}.{key}"
            : problem.Path),
    };
}
