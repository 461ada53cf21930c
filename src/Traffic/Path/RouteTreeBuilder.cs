using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>Gathers routes by host and path, and lays them out as <see cref="RouteTree"/> reads them. Routes are added in order of precedence.</summary>
internal sealed class RouteTreeBuilder
{
    // Number 0 is no node.
    private readonly List<Branch> branches = [new()];
    private readonly Dictionary<(int From, string Segment), int> children = [];

    /// <summary>The node from which the paths of routes without host begin; 0 if there are none.</summary>
    public int AnyHost { get; private set; }

    public bool HasHosts { get; private set; }

    /// <summary>How many labels the wildcards have, a bit each.</summary>
    public UInt128 WildcardLabels { get; private set; }

    public void Add(PathTemplate template, string? host, int rank, bool isPlain)
    {
        var at = RootOf(host);
        branches[at].See(rank);
        foreach (var segment in template.Segments)
        {
            at = segment is null ? AnyOf(at) : ChildOf(at, segment);
            branches[at].See(rank);
        }
        (template.TakesRest ? branches[at].Rest : branches[at].Here).Add(rank << 1 | (isPlain ? 0 : 1));
    }

    public (RouteTree.Node[] Nodes, int[] Entries, SegmentTable Segments) Build()
    {
        var nodes = new RouteTree.Node[branches.Count];
        var entries = new List<int>();
        for (var index = 1; index < branches.Count; index++)
        {
            var branch = branches[index];
            var node = new RouteTree.Node { BestRank = branch.BestRank, Any = branch.Any, HasLiterals = branch.HasLiterals, Here = entries.Count };
            entries.AddRange(branch.Here);
            node.HereEnd = entries.Count;
            entries.AddRange(branch.Rest);
            node.RestEnd = entries.Count;
            nodes[index] = node;
        }
        return (nodes, [.. entries], new SegmentTable([.. children.Select(child => (child.Key.From, Encoding.UTF8.GetBytes(child.Key.Segment), child.Value))]));
    }

    private int RootOf(string? host)
    {
        if (host is null) return AnyHost == 0 ? AnyHost = New() : AnyHost;
        HasHosts = true;
        var hosts = RouteTree.HostsOf(host);
        var name = (host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host).ToLowerInvariant();
        if (host.StartsWith("*.", StringComparison.Ordinal))
        {
            WildcardLabels |= UInt128.One << Math.Min(127, name.Count(letter => letter == '.') + 1);
        }
        return ChildOf(hosts, name);
    }

    private int ChildOf(int from, string segment)
    {
        if (children.TryGetValue((from, segment), out var child)) return child;
        if (from > 0) branches[from].HasLiterals = true;
        return children[(from, segment)] = New();
    }

    private int AnyOf(int from) => branches[from].Any == 0 ? branches[from].Any = New() : branches[from].Any;

    private int New()
    {
        branches.Add(new Branch());
        return branches.Count - 1;
    }

    private sealed class Branch
    {
        public int BestRank { get; private set; } = int.MaxValue;

        public int Any { get; set; }

        public bool HasLiterals { get; set; }

        public List<int> Here { get; } = [];

        public List<int> Rest { get; } = [];

        public void See(int rank) => BestRank = Math.Min(BestRank, rank);
    }
}
