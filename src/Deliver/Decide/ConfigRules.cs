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
                yield return NoSpace($"services.{service.Name}.config", use.Space, all);
            }

            foreach (var problem in (Templates.FilesOf(service.Spec) ?? new Dictionary<string, ConfigFile>()).SelectMany(f => File(f.Value, EnvironmentOf(seen, plan), all).Select(p => p.Under($"services.{service.Name}.files.{f.Key}"))))
            {
                yield return problem;
            }
        }
    }

    // What a file is made of, in the environment that counts.
    static IEnumerable<Problem> File(ConfigFile file, string environment, IReadOnlyDictionary<string, ConfigSpace> all)
    {
        if (ViewOf(file, environment, all) is not { } view)
        {
            return [NoSpace("from", file.From!, all)];
        }

        var keys = ConfigRender.KeysOf(file, view.Values.Keys).ToArray();
        var problems = keys.Where(k => !view.Values.ContainsKey(k)).Select(k => new Problem(
            "template", $"the name space '{file.From}' has no value of '{k}'", Nearest.To(k, [.. view.Values.Keys]) is { } near ? $"did you mean '{near}'?" : "give it one, or a default"));
        var isOpen = file.ModeBits() is { } mode && (mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0;
        return isOpen && keys.FirstOrDefault(k => view.Values.GetValueOrDefault(k)?.IsSecret == true) is { } secret
            ? problems.Append(new("mode", $"a file with the secret '{secret}' is for its owner alone", "leave the mode out, or the secret"))
            : problems;
    }

    static ConfigView? ViewOf(ConfigFile file, string environment, IReadOnlyDictionary<string, ConfigSpace> all) =>
        ConfigEffective.Of(file.From!, file.Environment ?? (Names.IsValid(environment) ? environment : ConfigContent.Everywhere), all.GetValueOrDefault);

    static string EnvironmentOf(DeclaredState seen, ApplyPlan plan) => (plan.Writes.Puts.OfType<Architecture>().FirstOrDefault() ?? seen.Architecture)?.Environment ?? "";

    static Problem NoSpace(string path, string space, IReadOnlyDictionary<string, ConfigSpace> all) =>
        new(path, $"there is no name space '{space}'", Nearest.To(space, [.. all.Keys]) is { } near ? $"did you mean '{near}'?" : "declare it under 'config', or publish it with 'mainstay config'");

    /// <summary>The secrets that services of a plan are to be given, and that its routes sign with, with where that is said.</summary>
    public static IEnumerable<(string Path, string Secret)> Secrets(DeclaredState seen, ApplyPlan plan)
    {
        var all = new Dictionary<string, ConfigSpace>(seen.Spaces, StringComparer.Ordinal);
        foreach (var space in plan.Writes.Puts.OfType<ConfigSpace>())
        {
            all[space.Name] = space;
        }

        foreach (var service in plan.Writes.Puts.OfType<Service>().Where(s => !s.Removed))
        {
            foreach (var name in SecretsOf(service))
            {
                yield return ($"services.{service.Name}.{(service.Spec.Secrets?.ContainsKey(name) == true ? $"secrets.{name}" : "config")}", name);
            }

            foreach (var (file, use) in Templates.FilesOf(service.Spec) ?? new Dictionary<string, ConfigFile>())
            {
                var values = ViewOf(use, EnvironmentOf(seen, plan), all)?.Values ?? new Dictionary<string, ConfigValue>();
                foreach (var value in ConfigRender.KeysOf(use, values.Keys).Select(k => values.GetValueOrDefault(k)).OfType<ConfigValue>().Where(v => v.IsSecret))
                {
                    yield return ($"services.{service.Name}.files.{file}", value.Value[ConfigValues.SecretMark.Length..]);
                }
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
