using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Reconcile;

namespace Mainstay.Deliver.Decide;

/// <summary>What the manifest's name spaces of configuration come to: each one that says something else than before is published; what is no longer declared stays as it was, to be edited where it is.</summary>
sealed class ConfigDeclare
{
    readonly List<Resource> writes = [];
    readonly List<(string About, string Message)> notes = [];

    ConfigDeclare(IReadOnlyDictionary<string, ConfigSpace> after) => After = after;

    /// <summary>Every name space as it is to be.</summary>
    public IReadOnlyDictionary<string, ConfigSpace> After { get; }

    public static ConfigDeclare Next(DeclaredState seen, Declaration wanted, Author author, DateTimeOffset now)
    {
        var after = new Dictionary<string, ConfigSpace>(seen.Spaces, StringComparer.Ordinal);
        var decided = new ConfigDeclare(after);
        var declared = wanted.Spec.Config ?? new Dictionary<string, ConfigSpec>();

        // First what they are to say, so that each is made beside the others as they will be.
        foreach (var (name, spec) in declared.Where(d => !IsSame(seen, d.Key, d.Value)))
        {
            after[name] = (seen.Spaces.GetValueOrDefault(name) ?? new ConfigSpace { Name = name, Version = 0, Content = new() }) with { Content = spec.ToContent() };
        }

        foreach (var (name, spec) in declared.Where(d => !IsSame(seen, d.Key, d.Value)).OrderBy(d => d.Key, StringComparer.Ordinal))
        {
            var before = seen.Spaces.GetValueOrDefault(name);
            var (space, version) = ConfigPublish.Made(name, spec.ToContent(), before, after.GetValueOrDefault, author.Who, author.Message.Length > 0 ? author.Message : "declared in the manifest", now);
            if (before is not null && version.Changes.Count == 0)
            {
                // It says what was published here already.
                decided.writes.Add(after[name] = before with { Declared = spec });
                continue;
            }

            decided.writes.Add(after[name] = space with { Declared = spec });
            decided.writes.Add(version);
            decided.notes.Add(($"config/{name}", $"{author.Who} published version {space.Version} of {name} by the manifest, {version.Changes.Count} changes"));
        }

        foreach (var gone in seen.Spaces.Values.Where(s => s.Declared is not null && !declared.ContainsKey(s.Name)).OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            decided.writes.Add(after[gone.Name] = gone with { Declared = null });
        }

        return decided;
    }

    public void Write(Plan plan)
    {
        foreach (var write in writes)
        {
            plan.Put(write);
        }

        foreach (var (about, message) in notes)
        {
            plan.Say(about, "ConfigPublished", message);
        }
    }

    static bool IsSame(DeclaredState seen, string name, ConfigSpec spec) => seen.Spaces.GetValueOrDefault(name)?.Declared is { } before && Codec.Same(before, spec);
}
