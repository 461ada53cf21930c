using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Decide;

/// <summary>What going back declares: all of an earlier version, or one service of it with the fewest others that have to go along.</summary>
public static class RollbackDecide
{
    /// <summary>Everything as <paramref name="to"/> had it.</summary>
    public static Declaration Whole(ArchitectureVersion to) => new()
    {
        Spec = to.ToSpec(),
        BaseFolder = to.BaseFolder,
        Digests = to.Services.Where(s => s.Value.Digest is not null).ToDictionary(s => s.Key, s => s.Value.Digest!, StringComparer.Ordinal),
        Scales = to.Services.ToDictionary(s => s.Key, s => s.Value.Scale, StringComparer.Ordinal),
        Backwards = true,
    };

    /// <summary>What is declared now with <paramref name="service"/> as <paramref name="to"/> had it, and whoever has to go along; or why there is no such set.</summary>
    /// <param name="seen">What is declared now.</param>
    /// <param name="to">The version to go back to.</param>
    /// <param name="service">A service of that version.</param>
    /// <param name="history">Earlier versions, newest first.</param>
    public static (Declaration? Wanted, IReadOnlyList<Problem> Problems) One(DeclaredState seen, ArchitectureVersion to, string service, IReadOnlyList<ArchitectureVersion> history)
    {
        if (seen.ToDeclaration() is not { } declared)
        {
            return (null, ApplyPlan.NothingApplied.Problems);
        }

        if (!to.Services.ContainsKey(service))
        {
            return (null, [new("service", $"version {to.Number} has no service '{service}'", $"it has {string.Join(", ", to.Services.Keys.Order(StringComparer.Ordinal))}")]);
        }

        // Who is released together with it goes back with it.
        var together = Together(declared.Spec, to, service);
        var wanted = together.Aggregate(declared, (so, name) => With(so, name, new(to.Number, to.BaseFolder, to.Services[name])));
        var compatible = declared.Spec.Compatible ?? [];
        var along = ConsistentSet.Find(wanted.Spec.Services, compatible, together, [to, .. history.Where(v => v.Number != to.Number)]);
        if (along is null)
        {
            return (null, [.. VersionRules.Breaches(wanted.Spec.Services, compatible).Select(b => b.Problem($"no earlier version has a set that works together with it; {b.Remedy}"))]);
        }

        foreach (var (name, known) in along.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            wanted = With(wanted, name, known);
        }

        return (wanted with { Backwards = true }, []);
    }

    static SortedSet<string> Together(ArchitectureSpec declared, ArchitectureVersion to, string service)
    {
        var group = declared.Services.GetValueOrDefault(service)?.Release?.Group;
        return new([service, .. declared.Services.Where(s => group is not null && s.Value.Release?.Group == group && to.Services.ContainsKey(s.Key)).Select(s => s.Key)], StringComparer.Ordinal);
    }

    static Declaration With(Declaration declared, string name, KnownService known)
    {
        // Its folder was relative to where that manifest lay.
        var spec = known.BaseFolder == declared.BaseFolder ? known.Service.Spec : known.Service.Spec with { Folder = Path.GetFullPath(known.Service.Spec.Folder ?? ".", known.BaseFolder) };
        var digests = new Dictionary<string, string>(declared.Digests, StringComparer.Ordinal);
        digests.Remove(name);
        if (known.Service.Digest is { } digest)
        {
            digests[name] = digest;
        }

        return declared with
        {
            Spec = declared.Spec with { Services = new Dictionary<string, ServiceSpec>(declared.Spec.Services, StringComparer.Ordinal) { [name] = spec } },
            Digests = digests,
        };
    }
}
