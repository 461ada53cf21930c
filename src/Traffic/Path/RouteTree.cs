using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Routes compiled to a tree of path segments. A walk visits the branches that fit and keeps the candidate with the best rank, so the
/// documented precedence holds whatever the shape of the tree.
/// </summary>
internal sealed class RouteTree
{
    private readonly Node root = new();

    /// <summary>Adds a route. Ranks are distinct; 0 takes precedence over 1.</summary>
    public void Add(PathTemplate template, Candidate candidate)
    {
        var node = root;
        node.BestRank = Math.Min(node.BestRank, candidate.Rank);
        foreach (var segment in template.Segments)
        {
            node = segment is null ? node.Any ??= new Node() : node.Literal(Encoding.UTF8.GetBytes(segment));
            node.BestRank = Math.Min(node.BestRank, candidate.Rank);
        }
        (template.TakesRest ? node.Rest : node.Here).Add(candidate);
    }

    /// <summary>The target for a path (from its first slash, decoded), or null.</summary>
    public RouteTarget? Find(ReadOnlySpan<byte> path, ReadOnlySpan<byte> host, ReadOnlySpan<byte> method)
    {
        Candidate? best = null;
        if (path.Length > 0 && path[0] == '/') Walk(root, path[1..], host, method, ref best);
        return best?.Target;
    }

    private static void Walk(
        Node node, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> host, ReadOnlySpan<byte> method, ref Candidate? best)
    {
        if (best is not null && node.BestRank >= best.Rank) return;
        if (rest.IsEmpty) Consider(node.Here, host, method, ref best);
        if (node.Rest.Count > 0) Consider(node.Rest, host, method, ref best);
        if (rest.IsEmpty) return;
        var slash = rest.IndexOf((byte)'/');
        var segment = slash < 0 ? rest : rest[..slash];
        var behind = slash < 0 ? default : rest[(slash + 1)..];
        if (segment.IsEmpty) return;
        if (node.Child(segment) is { } child) Walk(child, behind, host, method, ref best);
        if (node.Any is { } any) Walk(any, behind, host, method, ref best);
    }

    private static void Consider(
        List<Candidate> candidates, ReadOnlySpan<byte> host, ReadOnlySpan<byte> method, ref Candidate? best)
    {
        foreach (var candidate in candidates)
        {
            if (best is not null && candidate.Rank >= best.Rank) return;
            if (!candidate.Fits(host, method)) continue;
            best = candidate;
            return;
        }
    }

    /// <summary>A route at its place in the tree.</summary>
    internal sealed class Candidate(int rank, string? host, IReadOnlyList<string>? methods, RouteTarget target)
    {
        private readonly byte[]? host = host is null ? null : Encoding.UTF8.GetBytes(host);
        private readonly byte[][] methods = [.. (methods ?? []).Select(Encoding.UTF8.GetBytes)];

        public int Rank { get; } = rank;

        public RouteTarget Target { get; } = target;

        public bool Fits(ReadOnlySpan<byte> atHost, ReadOnlySpan<byte> method)
        {
            if (host is not null && !Ascii.EqualsIgnoreCase(WithoutPort(atHost), host)) return false;
            if (methods.Length == 0) return true;
            foreach (var one in methods)
            {
                if (method.SequenceEqual(one)) return true;
            }
            return false;
        }

        private static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> host)
        {
            var colon = host.LastIndexOf((byte)':');
            return colon < 0 || host[^1] == ']' ? host : host[..colon];
        }
    }

    private sealed class Node
    {
        private readonly List<(byte[] Text, Node Node)> literals = [];

        /// <summary>The best rank in this branch: a walk that has a better one leaves it out.</summary>
        public int BestRank { get; set; } = int.MaxValue;

        public Node? Any { get; set; }

        /// <summary>Routes that end here, and those that take all that follows; added, and so ordered, by rank.</summary>
        public List<Candidate> Here { get; } = [];

        public List<Candidate> Rest { get; } = [];

        public Node Literal(byte[] text)
        {
            var at = Search(text, out var found);
            if (!found) literals.Insert(at, (text, new Node()));
            return literals[at].Node;
        }

        public Node? Child(ReadOnlySpan<byte> text)
        {
            var at = Search(text, out var found);
            return found ? literals[at].Node : null;
        }

        private int Search(ReadOnlySpan<byte> text, out bool found)
        {
            var (low, high) = (0, literals.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                var order = literals[middle].Text.AsSpan().SequenceCompareTo(text);
                if (order == 0)
                {
                    found = true;
                    return middle;
                }
                if (order < 0) low = middle + 1;
                else high = middle;
            }
            found = false;
            return low;
        }
    }
}
