using Mainstay.Core.Graph;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Deliver.Decide;

/// <summary>In which order running services get their new instances when several change at once: providers before consumers, and the other way round on the way back.</summary>
public static class MoveOrder
{
    /// <summary>The running services whose instances are replaced, those first that move first.</summary>
    /// <param name="seen">What is declared now.</param>
    /// <param name="services">What is declared from now on.</param>
    /// <param name="backwards">Whether consumers move before their providers where the versions do not say it.</param>
    public static IReadOnlyList<ServiceMove> Of(DeclaredState seen, IReadOnlyDictionary<string, Service> services, bool backwards)
    {
        var moved = services.Values.Where(s => seen.Find(s.Name) is { Status.Stable: not null } before && IsOther(before, s)).ToDictionary(s => s.Name, StringComparer.Ordinal);
        if (moved.Count == 0)
        {
            return [];
        }

        backwards = IsBackwards(seen, moved.Values, backwards);

        // A consumer that gives a need up still uses it until its instances are replaced.
        var graph = new DependencyGraph(services.Values.Select(s => (s.Name, s.Spec.Needs.Keys.Union(seen.Find(s.Name)?.Spec.Needs.Keys ?? [], StringComparer.Ordinal))));
        if (graph.Cycles().Count > 0)
        {
            graph = new(services.Values.Select(s => (s.Name, s.Spec.Needs.Keys.AsEnumerable())));
        }

        var after = moved.Keys.ToDictionary(name => name, _ => new SortedSet<string>(StringComparer.Ordinal), StringComparer.Ordinal);
        foreach (var provider in moved.Keys)
        {
            foreach (var consumer in graph.ReverseReach(provider).Where(c => moved.ContainsKey(c) && !AreTogether(moved[provider], moved[c])))
            {
                after[backwards ? provider : consumer].Add(backwards ? consumer : provider);
            }
        }

        return [.. moved.Values.OrderBy(s => after[s.Name].Count).ThenBy(s => s.Name, StringComparer.Ordinal)
            .Select(s => new ServiceMove(s.Name, seen.Services[s.Name].Spec.Version, s.Spec.Version, [.. after[s.Name]]))];
    }

    // What is released together waits for each other at each step, not one for the end of the other.
    static bool AreTogether(Service one, Service other) => one.Spec.Release?.Group is { } group && other.Spec.Release?.Group == group;

    /// <summary>The services with what each of them waits for. One that does not move keeps what it waited for.</summary>
    public static Dictionary<string, Service> Ordered(IReadOnlyDictionary<string, Service> services, IReadOnlyList<ServiceMove> moves)
    {
        var after = moves.ToDictionary(m => m.Service, m => m.After, StringComparer.Ordinal);
        return services.ToDictionary(
            s => s.Key, s => after.TryGetValue(s.Key, out var first) ? s.Value with { After = first.Count > 0 ? first : null } : s.Value, StringComparer.Ordinal);
    }

    // Versions say more than the command: an apply of what was before leads back, and a rollback to what came later leads on.
    static bool IsBackwards(DeclaredState seen, IEnumerable<Service> moved, bool asked)
    {
        var balance = 0;
        foreach (var service in moved)
        {
            if (SemanticVersion.TryParse(seen.Services[service.Name].Spec.Version, out var before) && SemanticVersion.TryParse(service.Spec.Version, out var after))
            {
                balance += after.CompareTo(before);
            }
        }

        return balance < 0 || (balance == 0 && asked);
    }

    // Whether its instances have to be others. Which ports its needs have is not known here and changes nothing: they keep theirs.
    public static bool IsOther(Service before, Service after) => Ground(before) != Ground(after);

    static string Ground(Service service) => Templates.Of(service, service.Spec.Needs.Keys.ToDictionary(need => need, _ => 0, StringComparer.Ordinal)).Hash;
}

/// <summary>A service whose instances are replaced by a change.</summary>
/// <param name="Service">Its name.</param>
/// <param name="From">Its version before; null where it declared none.</param>
/// <param name="To">Its version afterwards; null where it declares none.</param>
/// <param name="After">The services that move before it, in ordinal order.</param>
public sealed record ServiceMove(string Service, string? From, string? To, IReadOnlyList<string> After);
