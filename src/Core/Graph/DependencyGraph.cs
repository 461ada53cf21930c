namespace Mainstay.Core.Graph;

/// <summary>Who depends on whom. Immutable; built once from all names and their needs; names that are needed but not declared are no nodes.</summary>
public sealed class DependencyGraph
{
    readonly SortedDictionary<string, string[]> needs = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<string>> dependants = new(StringComparer.Ordinal);

    public DependencyGraph(IEnumerable<(string Name, IEnumerable<string> Needs)> nodes)
    {
        foreach (var (name, own) in nodes)
        {
            needs[name] = [.. own.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            dependants.TryAdd(name, []);
        }

        foreach (var (name, own) in needs.ToArray())
        {
            needs[name] = [.. own.Where(needs.ContainsKey)];
            foreach (var need in needs[name])
            {
                dependants[need].Add(name);
            }
        }
    }

    public IReadOnlyCollection<string> Names => needs.Keys;

    /// <summary>What <paramref name="name"/> depends on directly.</summary>
    public IReadOnlyList<string> NeedsOf(string name) => needs.GetValueOrDefault(name) ?? [];

    /// <summary>Who depends directly on <paramref name="name"/>.</summary>
    public IReadOnlyList<string> DependantsOf(string name) => dependants.GetValueOrDefault(name) ?? [];

    /// <summary>Everybody who is hurt when <paramref name="name"/> fails, directly or through others, in ordinal order; without itself unless it is in a cycle.</summary>
    public IReadOnlyList<string> ReverseReach(string name)
    {
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(DependantsOf(name));
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
            {
                foreach (var dependant in DependantsOf(next))
                {
                    open.Push(dependant);
                }
            }
        }

        return [.. reached];
    }

    /// <summary>One cycle for each group of names that depend on each other, as a path whose last name is its first: <c>a b c a</c>. Empty without cycles.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Cycles()
    {
        var cycles = new List<IReadOnlyList<string>>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in needs.Keys)
        {
            if (!done.Contains(start) && ShortestCycle(start) is { } cycle)
            {
                cycles.Add(cycle);
                done.UnionWith(ReverseReach(start).Intersect(Reach(start)));
            }
        }

        return cycles;
    }

    /// <summary>The names in start order: level 0 needs nothing, level n needs something of level n-1. Members of cycles, and who needs them, come in one last level.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Levels()
    {
        var levels = new List<IReadOnlyList<string>>();
        var placed = new HashSet<string>(StringComparer.Ordinal);
        while (placed.Count < needs.Count)
        {
            var level = needs.Where(n => !placed.Contains(n.Key) && n.Value.All(placed.Contains)).Select(n => n.Key).ToArray();
            level = level.Length > 0 ? level : [.. needs.Keys.Where(n => !placed.Contains(n))];
            placed.UnionWith(level);
            levels.Add(level);
        }

        return levels;
    }

    HashSet<string> Reach(string name)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(NeedsOf(name));
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
            {
                foreach (var need in NeedsOf(next))
                {
                    open.Push(need);
                }
            }
        }

        return reached;
    }

    // Breadth first, so that the path shown to the user is the shortest one through the name.
    List<string>? ShortestCycle(string start)
    {
        var cameFrom = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = new Queue<string>([start]);
        while (open.TryDequeue(out var next))
        {
            foreach (var need in NeedsOf(next))
            {
                if (need == start)
                {
                    return PathTo(next, start, cameFrom);
                }

                if (cameFrom.TryAdd(need, next))
                {
                    open.Enqueue(need);
                }
            }
        }

        return null;
    }

    static List<string> PathTo(string last, string start, Dictionary<string, string> cameFrom)
    {
        var path = new List<string> { start };
        for (var at = last; at != start; at = cameFrom[at])
        {
            path.Insert(0, at);
        }

        path.Insert(0, start);
        return path;
    }
}
