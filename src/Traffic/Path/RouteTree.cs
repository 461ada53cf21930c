using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Routes compiled to a tree of hosts and path segments. A walk visits the branches that fit and keeps the best rank, so the documented precedence
/// holds whatever the shape of the tree, and costs the same whatever the number of routes.
/// </summary>
internal sealed class RouteTree
{
    private const int NoRoute = int.MaxValue;
    private const int MostHost = 264;

    // Nodes from which hosts lead to the root of their paths.
    private const int ExactHosts = -1;
    private const int WildcardHosts = -2;

    private readonly SegmentTable segments;
    private readonly Node[] nodes;
    private readonly int[] entries;
    private readonly Candidate[] candidates;
    private readonly RouteTarget[] targets;
    private readonly int anyHost;
    private readonly bool hasHosts;
    private readonly UInt128 wildcardLabels;

    /// <param name="routes">In order of precedence, each with its target.</param>
    public RouteTree(IReadOnlyList<(ReadRoute Route, RouteTarget Target)> routes)
    {
        var builder = new RouteTreeBuilder();
        candidates = new Candidate[routes.Count];
        targets = new RouteTarget[routes.Count];
        for (var rank = 0; rank < routes.Count; rank++)
        {
            var (route, target) = routes[rank];
            candidates[rank] = new Candidate(route.Model.Spec, route.Template.Regex);
            targets[rank] = target;
            builder.Add(route.Template, route.Model.Spec.Match.Host, rank, candidates[rank].IsPlain);
        }
        (nodes, entries, segments) = builder.Build();
        (anyHost, hasHosts, wildcardLabels) = (builder.AnyHost, builder.HasHosts, builder.WildcardLabels);
    }

    /// <summary>The node from which a host's paths begin.</summary>
    internal static int HostsOf(string host) => host.StartsWith("*.", StringComparison.Ordinal) ? WildcardHosts : ExactHosts;

    /// <summary>The target for a request, or null.</summary>
    public RouteTarget? Find(in Ask ask)
    {
        var path = ask.Path;
        if (path.IsEmpty || path[0] != '/') return null;
        var best = NoRoute;
        if (hasHosts) FindByHost(ask, ref best);
        // Hosts come first: what one of them takes is not looked for among the routes without.
        if (best == NoRoute && anyHost != 0) Walk(anyHost, path[1..], ask, ref best);
        return best == NoRoute ? null : targets[best];
    }

    private void FindByHost(in Ask ask, ref int best)
    {
        Span<byte> room = stackalloc byte[MostHost];
        ReadOnlySpan<byte> host = room[..ask.HostInto(room)];
        var root = segments.Find(ExactHosts, host);
        if (root != 0) Walk(root, ask.Path[1..], ask, ref best);
        if (best != NoRoute || wildcardLabels == 0) return;
        var labels = host.Count((byte)'.');
        for (var dot = host.IndexOf((byte)'.'); dot >= 0 && best == NoRoute; labels--)
        {
            host = host[(dot + 1)..];
            if (labels < 128 && (wildcardLabels >> labels & 1) != 0 && segments.Find(WildcardHosts, host) is var below and not 0)
            {
                Walk(below, ask.Path[1..], ask, ref best);
            }
            dot = host.IndexOf((byte)'.');
        }
    }

    private void Walk(int at, ReadOnlySpan<byte> rest, in Ask ask, ref int best)
    {
        ref readonly var node = ref nodes[at];
        if (node.BestRank >= best) return;
        if (rest.IsEmpty) Consider(node.Here, node.HereEnd, ask, ref best);
        if (node.HereEnd != node.RestEnd) Consider(node.HereEnd, node.RestEnd, ask, ref best);
        if (rest.IsEmpty) return;
        var slash = rest.IndexOf((byte)'/');
        var segment = slash < 0 ? rest : rest[..slash];
        var behind = slash < 0 ? default : rest[(slash + 1)..];
        if (segment.IsEmpty) return;
        if (node.HasLiterals && segments.Find(at, segment) is var child and not 0) Walk(child, behind, ask, ref best);
        if (node.Any != 0) Walk(node.Any, behind, ask, ref best);
    }

    private void Consider(int from, int end, in Ask ask, ref int best)
    {
        for (; from < end; from++)
        {
            // The rank, and whether there is anything to test.
            var rank = entries[from] >> 1;
            if (rank >= best) return;
            if ((entries[from] & 1) != 0 && !candidates[rank].Fits(ask)) continue;
            best = rank;
            return;
        }
    }

    /// <summary>A place in the tree. Its routes lie in one run: those that end here, then those that take all that follows.</summary>
    internal struct Node
    {
        /// <summary>The best rank in this branch: a walk that has a better one leaves it out.</summary>
        public int BestRank;
        public int Any;
        public int Here;
        public int HereEnd;
        public int RestEnd;
        public bool HasLiterals;
    }

    /// <summary>What a route asks beyond host and path.</summary>
    private sealed class Candidate
    {
        private readonly byte[][] methods;
        private readonly Conditions? conditions;
        private readonly Regex? path;
        private readonly bool answersPreflights;

        public Candidate(RouteSpec spec, string? regex)
        {
            methods = [.. spec.Match.Methods.Select(Encoding.UTF8.GetBytes)];
            conditions = Conditions.Of(spec.Match.Headers, spec.Match.Query, spec.Match.Cookies);
            path = regex is null ? null : Patterns.Make(regex);
            answersPreflights = spec.Cors is not null;
        }

        public bool IsPlain => methods.Length == 0 && conditions is null && path is null;

        public bool Fits(in Ask ask)
        {
            if (methods.Length > 0 && !Has(ask.Method) && !(answersPreflights && Has(ask.Preflight))) return false;
            if (path is not null && !PatternTest.Fits(path, ask.Path)) return false;
            return conditions is null || conditions.Hold(ask);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool Has(ReadOnlySpan<byte> method)
        {
            foreach (var one in methods)
            {
                if (method.SequenceEqual(one)) return true;
            }
            return false;
        }
    }
}
