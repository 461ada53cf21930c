using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Query;

/// <summary>A trace as a tree, in the order in which it is read: parents before children, children by start.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="At">When its first span began.</param>
/// <param name="DurationMs">From the first start to the last end.</param>
/// <param name="Missing">Parents that spans name and that are not here.</param>
public sealed record TraceView(string Id, DateTimeOffset At, double DurationMs, string Service, string Name, int Errors, int Missing, IReadOnlyList<TraceSpan> Spans);

/// <summary>A trace in a list.</summary>
/// <param name="Services">How many services took part.</param>
public sealed record TraceSummary(string Id, DateTimeOffset At, double DurationMs, string Service, string Name, int Spans, int Services, int Errors);

/// <summary>A span of the tree.</summary>
/// <param name="Depth">0 for roots.</param>
/// <param name="StartMs">After the trace's start.</param>
/// <param name="SelfMs">Its time without that of its children; what children do at the same time counts once.</param>
/// <param name="Critical">True where a shorter span would have made the trace shorter: it is on the critical path.</param>
public sealed record TraceSpan(
    string Id, string? Parent, int Depth, string Service, string Instance, string Name, SpanKind Kind, bool Error, string Message,
    double StartMs, double DurationMs, double SelfMs, bool Critical, IReadOnlyList<StoredAttribute> Attributes, IReadOnlyList<TraceEvent> Events);

/// <summary>An event of a span.</summary>
/// <param name="AtMs">After the trace's start.</param>
public sealed record TraceEvent(double AtMs, string Name, IReadOnlyList<StoredAttribute> Attributes);

/// <summary>Makes trees of spans. Pure.</summary>
public static class TraceTree
{
    /// <summary>Deeper spans stand at this depth.</summary>
    public const int MostDepth = 256;

    /// <summary>The tree; null where there are no spans.</summary>
    public static TraceView? Build(IReadOnlyList<StoredSpan> spans)
    {
        if (spans.Count == 0)
        {
            return null;
        }

        var nodes = Nodes(spans, out var missing);
        var roots = nodes.Where(n => n.Parent is null).OrderBy(n => n.Span.Start).ThenBy(n => n.Span.Span).ToList();
        var start = spans.Min(s => s.Start);
        var end = spans.Max(s => s.End);
        foreach (var root in roots)
        {
            MarkCritical(root);
        }

        var rows = new List<TraceSpan>(nodes.Count);
        foreach (var node in Walk(roots))
        {
            rows.Add(Row(node, start));
        }

        var first = roots[0].Span;
        return new(first.Trace.ToString(), Moment(start), Ms(end - start), first.Service, first.Name, spans.Count(s => s.Status == SpanStatus.Error), missing, rows);
    }

    /// <summary>The trace in one line; null where there are no spans.</summary>
    public static TraceSummary? Summarise(IReadOnlyList<StoredSpan> spans)
    {
        if (spans.Count == 0)
        {
            return null;
        }

        var ids = spans.Select(s => s.Span).ToHashSet();
        var root = spans.OrderBy(s => ids.Contains(s.Parent) || s.Shared ? 1 : 0).ThenBy(s => s.Start).First();
        var start = spans.Min(s => s.Start);
        return new(
            root.Trace.ToString(), Moment(start), Ms(spans.Max(s => s.End) - start), root.Service, root.Name, spans.Count,
            spans.Select(s => s.Service).Distinct(StringComparer.Ordinal).Count(), spans.Count(s => s.Status == SpanStatus.Error));
    }

    static List<Node> Nodes(IReadOnlyList<StoredSpan> spans, out int missing)
    {
        // A span that was sent twice is one. A shared id belongs to two: the server's half is below its client's.
        var same = spans.ToLookup(s => s.Span);
        var distinct = spans.GroupBy(s => (s.Span, Half: s.Kind == SpanKind.Server && same[s.Span].Any(o => o.Kind != SpanKind.Server))).Select(g => new Node(g.First(), g.Key.Half)).ToList();
        var byId = new Dictionary<(ulong, bool), Node>();
        foreach (var node in distinct)
        {
            byId[(node.Span.Span, node.IsHalf)] = node;
        }

        var gone = new HashSet<ulong>();
        foreach (var node in distinct)
        {
            var parent = node.IsHalf ? byId.GetValueOrDefault((node.Span.Span, false))
                : byId.GetValueOrDefault((node.Span.Parent, true)) ?? byId.GetValueOrDefault((node.Span.Parent, false));
            if (parent is not null && parent != node && !parent.IsBelow(node))
            {
                node.Parent = parent;
                parent.Children.Add(node);
            }
            else if (node.Span.Parent != 0 && !node.IsHalf)
            {
                gone.Add(node.Span.Parent);
            }
        }

        missing = gone.Count;
        return distinct;
    }

    // Backwards from the end: what ended last is what was waited for; before its start, whatever ended last before that.
    static void MarkCritical(Node root)
    {
        var open = new Stack<(Node Node, long Until)>();
        open.Push((root, root.Span.End));
        while (open.TryPop(out var one))
        {
            one.Node.IsCritical = true;
            var until = Math.Min(one.Until, one.Node.Span.End);
            foreach (var child in one.Node.Children.OrderByDescending(c => c.Span.End))
            {
                // A child that outlives what waited for it was not waited for, unless it had begun before and nothing else ends later.
                var end = Math.Min(child.Span.End, one.Node.Span.End);
                if (end <= until && child.Span.Start < until)
                {
                    open.Push((child, end));
                    until = child.Span.Start;
                }
            }
        }
    }

    static IEnumerable<Node> Walk(List<Node> roots)
    {
        var open = new Stack<Node>(Enumerable.Reverse(roots));
        while (open.TryPop(out var node))
        {
            yield return node;
            foreach (var child in node.Children.OrderByDescending(c => c.Span.Start).ThenByDescending(c => c.Span.Span))
            {
                child.Depth = Math.Min(MostDepth, node.Depth + 1);
                open.Push(child);
            }
        }
    }

    static TraceSpan Row(Node node, long start)
    {
        var span = node.Span;
        return new(
            span.Span.ToString("x16"), node.Parent?.Span.Span.ToString("x16"), node.Depth, span.Service, span.Instance, span.Name, span.Kind, span.Status == SpanStatus.Error,
            span.StatusMessage, Ms(span.Start - start), Ms(span.End - span.Start), Ms(Self(node)), node.IsCritical, span.Attributes,
            [.. span.Events.Select(e => new TraceEvent(Ms(e.Time - start), e.Name, e.Attributes))]);
    }

    static long Self(Node node)
    {
        var (covered, until) = (0L, node.Span.Start);
        foreach (var child in node.Children.OrderBy(c => c.Span.Start))
        {
            var from = Math.Max(child.Span.Start, until);
            var to = Math.Min(child.Span.End, node.Span.End);
            if (to > from)
            {
                covered += to - from;
                until = to;
            }
        }

        return node.Span.End - node.Span.Start - covered;
    }

    static double Ms(long nanoseconds) => Math.Round(nanoseconds / 1e6, 6);

    static DateTimeOffset Moment(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);

    sealed class Node(StoredSpan span, bool isHalf)
    {
        public StoredSpan Span => span;

        public bool IsHalf => isHalf;

        public Node? Parent { get; set; }

        public List<Node> Children { get; } = [];

        public int Depth { get; set; }

        public bool IsCritical { get; set; }

        // Senders can be wrong: a span must not become its own ancestor.
        public bool IsBelow(Node other)
        {
            for (var at = this; at is not null; at = at.Parent)
            {
                if (at == other)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
