using System.Text.Json.Nodes;

namespace Mainstay.Core.Kinds.State;

/// <summary>A publish that is decided, or everything that stands against it.</summary>
/// <param name="Space">The name space after it; null where there are problems.</param>
/// <param name="Version">The record of it.</param>
/// <param name="Problems">All of them.</param>
public sealed record ConfigPlan(ConfigSpace? Space, ConfigVersion? Version, IReadOnlyList<Problem> Problems);

/// <summary>Decides about publishes: a content that would be wrong by itself, or make another name space wrong, is not published at all.</summary>
public static class ConfigPublish
{
    /// <summary>The plan of a publish.</summary>
    /// <param name="name">The name space.</param>
    /// <param name="content">What is to be published.</param>
    /// <param name="all">Every name space as published.</param>
    /// <param name="by">Who.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">For the record.</param>
    public static ConfigPlan Next(string name, ConfigContent content, IReadOnlyDictionary<string, ConfigSpace> all, string by, string reason, DateTimeOffset now)
    {
        var before = all.GetValueOrDefault(name);
        ConfigSpace? after = null;
        ConfigSpace? Find(string one) => one == name ? after : all.GetValueOrDefault(one);
        (after, var version) = Made(name, content, before, Find, by, reason, now);
        List<Problem> problems = [.. Form(name, content), .. Relations(after, Find)];

        // Whoever inherits it must still hold.
        foreach (var heir in all.Values.Where(s => problems.Count == 0 && s.Name != name && ConfigEffective.ChainOf(s.Name, Find).Any(c => c.Name == name)).OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            problems.AddRange(Relations(heir, Find).Select(p => p with { What = $"the name space '{heir.Name}', which inherits this, would be wrong: {p.What}" }));
        }

        if (problems.Count == 0 && before is not null && version.Changes.Count == 0)
        {
            problems.Add(new("", "nothing differs from what is published", "edit it first"));
        }

        return problems.Count > 0 ? new(null, null, problems) : new(after, version, []);
    }

    /// <summary>What a publish writes, whether or not it would hold.</summary>
    /// <param name="name">The name space.</param>
    /// <param name="content">What is to be published.</param>
    /// <param name="before">It, as published before.</param>
    /// <param name="find">The name spaces beside it.</param>
    /// <param name="by">Who.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">For the record.</param>
    public static (ConfigSpace Space, ConfigVersion Version) Made(string name, ConfigContent content, ConfigSpace? before, Func<string, ConfigSpace?> find, string by, string reason, DateTimeOffset now)
    {
        var after = new ConfigSpace { Name = name, Revision = before?.Revision ?? 0, Version = Math.Max(before?.Version ?? 0, before?.Used ?? 0) + 1, Content = content };
        after = after with { Used = after.Version };
        var items = ConfigEffective.ItemsOf(ConfigEffective.ChainOf(name, one => one == name ? after : find(one)));
        var changes = Diff(before?.Content, content, items.Where(i => i.Value.Item.Secret).Select(i => i.Key).ToHashSet(StringComparer.Ordinal));
        return (after, new()
        {
            Name = ConfigVersion.NameOf(name, after.Version), Space = name, Number = after.Version, Content = content, Changes = changes, By = by, At = now, Reason = reason,
        });
    }

    /// <summary>Everything that is wrong with a set of name spaces together.</summary>
    /// <param name="names">Those that are looked at, and whoever inherits them.</param>
    /// <param name="all">Every one as it is to be.</param>
    /// <param name="partial">There may be others that are not known here: what depends on them is left open.</param>
    public static IEnumerable<(string Space, Problem Problem)> Together(IReadOnlySet<string> names, IReadOnlyDictionary<string, ConfigSpace> all, bool partial = false)
    {
        foreach (var space in all.Values.OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            var problems = names.Contains(space.Name) ? Form(space.Name, space.Content).Concat(Relations(space, all.GetValueOrDefault, partial))
                : ConfigEffective.ChainOf(space.Name, all.GetValueOrDefault).Any(c => names.Contains(c.Name)) ? Relations(space, all.GetValueOrDefault, partial)
                : [];
            foreach (var problem in problems)
            {
                yield return (space.Name, problem);
            }
        }
    }

    /// <summary>Values that are written where the name of a secret belongs. They are not repeated: they may be secrets.</summary>
    public static IEnumerable<Problem> Bare(string name, ConfigContent content, IReadOnlyDictionary<string, ConfigSpace> all)
    {
        var own = new ConfigSpace { Name = name, Version = 0, Content = content };
        var items = ConfigEffective.ItemsOf(ConfigEffective.ChainOf(name, one => one == name ? own : all.GetValueOrDefault(one)));
        return content.Values
            .SelectMany(v => v.Value.Select(p => (Path: $"values.{v.Key}.{p.Key}", p.Key, p.Value)))
            .Where(v => items.TryGetValue(v.Key, out var item) && item.Item.Secret)
            .Select(v => ConfigValues.Check(v.Path, items[v.Key].Item, v.Value)).OfType<Problem>();
    }

    /// <summary>What differs between two contents. Values of secret items are masked.</summary>
    public static IReadOnlyList<ConfigChange> Diff(ConfigContent? before, ConfigContent after, IReadOnlySet<string>? secrets = null)
    {
        var (old, now) = (Flat(before), Flat(after));
        return [.. old.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Where(path => old.GetValueOrDefault(path) != now.GetValueOrDefault(path))
            .Select(path => new ConfigChange(path, Mask(path, old.GetValueOrDefault(path)), Mask(path, now.GetValueOrDefault(path))))];

        string? Mask(string path, string? text) =>
            text is not null && path.Split('.', 3) is ["values", _, var key] && secrets?.Contains(key) == true && !text.StartsWith(ConfigValues.SecretMark, StringComparison.Ordinal) ? "***" : text;
    }

    // By itself.
    static IEnumerable<Problem> Form(string name, ConfigContent content)
    {
        if (!Names.IsValid(name))
        {
            yield return Names.Invalid("name", name);
        }

        if (content.Description.Length > 500)
        {
            yield return new("description", "it is longer than 500 characters", "make it shorter");
        }

        if (content.Inherits.Count > 8 || content.Inherits.Distinct(StringComparer.Ordinal).Count() != content.Inherits.Count)
        {
            yield return new("inherits", "there are more than 8, or one is there twice", "name at most 8, each once");
        }

        foreach (var problem in content.Parents.Where(p => !Names.IsValid(p)).Select(p => Names.Invalid("inherits", p)))
        {
            yield return problem;
        }

        var isChosen = content.Layer is ConfigLayer.Platform or ConfigLayer.Host;
        if (isChosen != (content.Template is not null))
        {
            yield return new("template", isChosen ? $"the layer {content.Layer.ToString().ToLowerInvariant()} chooses from a template, and none is named" : "only the layers platform and host choose from a template", isChosen ? "name one" : "remove it");
        }

        if (isChosen && content.Items.Count > 0)
        {
            yield return new("items", "the template says what may be chosen", "remove them, or declare them there");
        }

        if (content.Items.Count > ConfigContent.MostKeys || content.Values.Values.Sum(v => v.Count) > ConfigContent.MostKeys || content.Values.Count > 32)
        {
            yield return new("values", "there are too many", $"keep at most {ConfigContent.MostKeys} keys and 32 environments in a name space");
        }

        foreach (var problem in content.Items.Keys.Concat(content.Values.Values.SelectMany(v => v.Keys)).Distinct(StringComparer.Ordinal).Where(k => !IsKey(k)).Select(NoKey)
            .Concat(content.Values.Keys.Where(e => e != ConfigContent.Everywhere && !Names.IsValid(e)).Select(e => Names.Invalid("values", e)))
            .Concat(content.Items.SelectMany(i => ConfigValues.Check($"items.{i.Key}", i.Value)))
            .Concat(content.Layer == ConfigLayer.Template ? content.Items.Where(i => i.Value.Options is null).Select(i => new Problem($"items.{i.Key}.options", "a template says which values may be chosen", "give the options")) : []))
        {
            yield return problem;
        }
    }

    // Beside the others.
    static IEnumerable<Problem> Relations(ConfigSpace space, Func<string, ConfigSpace?> find, bool partial = false)
    {
        foreach (var parent in space.Content.Parents)
        {
            if (find(parent) is not { } found)
            {
                if (partial)
                {
                    continue;
                }

                yield return new("inherits", $"there is no name space '{parent}'", "publish it first, or remove it here");
            }
            else if (parent == space.Content.Template && found.Content.Layer != ConfigLayer.Template)
            {
                yield return new("template", $"'{parent}' is no template", "name one of the layer template");
            }
        }

        if (CycleOf(space.Name, find) is { } cycle)
        {
            yield return new("inherits", $"it would inherit itself: {cycle}", "break the circle");
            yield break;
        }

        var chain = ConfigEffective.ChainOf(space.Name, find);
        if (chain.Count > ConfigEffective.MostInherited)
        {
            yield return new("inherits", $"it would inherit more than {ConfigEffective.MostInherited} name spaces", "inherit fewer");
            yield break;
        }

        var items = ConfigEffective.ItemsOf(chain);
        var open = partial && chain.SelectMany(s => s.Content.Parents).Any(p => find(p) is null);
        foreach (var (environment, values) in space.Content.Values)
        {
            foreach (var (key, value) in values)
            {
                var path = $"values.{environment}.{key}";
                var wrong = items.TryGetValue(key, out var item) ? ConfigValues.Check(path, item.Item, value)
                    : items.Count > 0 && !open ? Undeclared(path, key, items.Keys)
                    : value.Length > ConfigContent.MostValue ? new(path, $"it has {value.Length} characters", $"use at most {ConfigContent.MostValue}")
                    : null;
                if (wrong is not null)
                {
                    yield return wrong;
                }
            }
        }

        // Who declares an item leaves it to its heirs to have a value.
        var missing = items.Where(i => !open && i.Value.Item.Required && !space.Content.Items.ContainsKey(i.Key)).Select(i => i.Key).ToArray();
        var view = missing.Length > 0 ? ConfigEffective.Of(space.Name, ConfigContent.Everywhere, find) : null;
        foreach (var key in missing.Where(k => view?.Values.ContainsKey(k) == false))
        {
            yield return new($"values.{ConfigContent.Everywhere}.{key}", "it is required and has no value", "set it");
        }
    }

    static string? CycleOf(string name, Func<string, ConfigSpace?> find)
    {
        var path = new List<string>();
        return Walk(name);

        string? Walk(string one)
        {
            if (path.Contains(one))
            {
                return string.Join(" > ", path.SkipWhile(p => p != one).Append(one));
            }

            if (path.Count > ConfigEffective.MostInherited)
            {
                return null;
            }

            path.Add(one);
            var found = find(one)?.Content.Parents.Select(Walk).FirstOrDefault(c => c is not null);
            path.RemoveAt(path.Count - 1);
            return found;
        }
    }

    static Problem Undeclared(string path, string key, IEnumerable<string> known) =>
        new(path, $"no item '{key}' is declared", Nearest.To(key, known) is { } near ? $"did you mean '{near}'? Otherwise declare it" : "declare it, or remove the value");

    /// <summary>Whether a text can be a key.</summary>
    public static bool IsKey(string key) => key.Length is > 0 and <= 128 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':') && char.IsAsciiLetterOrDigit(key[0]);

    static Problem NoKey(string key) => new("items", $"'{(key.Length > 60 ? key[..60] + "…" : key)}' is no key", "use 1 to 128 letters, digits, '-', '_', '.' and ':', beginning with a letter or digit");

    static readonly JsonObject Usual = JsonNode.Parse(Codec.Encode(new ConfigItem()))!.AsObject();

    static Dictionary<string, string> Flat(ConfigContent? content)
    {
        var flat = new Dictionary<string, string>(StringComparer.Ordinal);
        if (content is null)
        {
            return flat;
        }

        foreach (var (environment, values) in content.Values)
        {
            foreach (var (key, value) in values)
            {
                flat[$"values.{environment}.{key}"] = value;
            }
        }

        foreach (var (key, item) in content.Items)
        {
            flat[$"items.{key}"] = item.Type.ToString().ToLowerInvariant();
            foreach (var (name, value) in JsonNode.Parse(Codec.Encode(item))!.AsObject())
            {
                // What an item says by saying nothing is no news.
                if (JsonNode.DeepEquals(value, Usual[name]))
                {
                    continue;
                }

                flat[$"items.{key}.{name}"] = value is JsonValue one && one.TryGetValue<string>(out var text) ? text : value?.ToJsonString() ?? "null";
            }
        }

        flat["layer"] = content.Layer.ToString().ToLowerInvariant();
        if (content.Inherits.Count > 0)
        {
            flat["inherits"] = string.Join(", ", content.Inherits);
        }

        if (content.Template is { } template)
        {
            flat["template"] = template;
        }

        if (content.Description.Length > 0)
        {
            flat["description"] = content.Description;
        }

        return flat;
    }
}
