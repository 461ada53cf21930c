using Mainstay.Observe.Ingest;

namespace Mainstay.Observe.Correlate;

/// <summary>A node to which a part of the trouble leads.</summary>
/// <param name="Weight">Which part: 0 to 1.</param>
/// <param name="Path">From the symptom to the node.</param>
/// <param name="Why">What led here, as evidence.</param>
/// <param name="CallsMore">A callee that it calls clearly more often per request than usual; null where there is none.</param>
public sealed record Blame(SeenNode Node, double Weight, IReadOnlyList<string> Path, IReadOnlyList<Evidence> Why, string? CallsMore = null);

/// <summary>
/// Walks from a service down to where the added time or the errors come from: at each node the growth of its own time is weighed against the growth of what it waits
/// for, and against the errors of what it calls. What a node does more often than before is its own doing. Pure.
/// </summary>
public sealed class BlameWalk
{
    readonly Picture seen;
    readonly List<Blame> found = [];
    readonly HashSet<string> visited = new(StringComparer.Ordinal);

    BlameWalk(Picture seen) => this.seen = seen;

    /// <summary>The nodes that have a part in it, the greatest first. Weights add up to about 1.</summary>
    /// <param name="seen">The picture.</param>
    /// <param name="starts">Where it is felt, and how much of it there.</param>
    public static IReadOnlyList<Blame> From(Picture seen, IEnumerable<(string Node, double Weight)> starts)
    {
        var walk = new BlameWalk(seen);
        foreach (var (node, weight) in starts)
        {
            walk.Visit(node, weight, [], []);
        }

        return [.. walk.found.OrderByDescending(b => b.Weight).ThenBy(b => b.Node.Id, StringComparer.Ordinal)];
    }

    /// <summary>Who feels that a database, cache, queue or third party fails or is slow: each caller as a way to it, the one with the greatest part first.</summary>
    public static IReadOnlyList<Blame> Above(Picture seen, SeenNode callee)
    {
        var callers = seen.To(callee.Id).Select(e => (Edge: e, Rate: seen.Of(e, Figure.Rate), Mean: seen.Of(e, Figure.MeanMs), Errors: seen.Of(e, Figure.ErrorRatio))).Where(e => e.Rate.IsKnown).ToList();
        var failing = callers.Where(e => e.Errors.Rose).Select(e => (e.Edge, Part: e.Rate.Now * e.Errors.Added, Why: Evidence.Of($"{e.Edge.From} → {e.Edge.To} errors", e.Errors))).ToList();
        var slower = callers.Where(e => e.Mean.Rose).Select(e => (e.Edge, Part: e.Rate.Now * e.Mean.Added, Why: Evidence.Of($"{e.Edge.From} → {e.Edge.To}", e.Mean))).ToList();
        var felt = failing.Sum(f => f.Part) > 0 ? failing : slower;
        var all = felt.Sum(f => f.Part);
        return all > 0
            ? [.. felt.Select(f => new Blame(callee, f.Part / all, [f.Edge.From, callee.Id], [f.Why])).OrderByDescending(b => b.Weight).ThenBy(b => b.Path[0], StringComparer.Ordinal)]
            : [new(callee, 1, [callee.Id], [])];
    }

    void Visit(string id, double weight, IReadOnlyList<string> above, IReadOnlyList<Evidence> why)
    {
        if (!seen.Nodes.TryGetValue(id, out var node) || weight < 0.05)
        {
            return;
        }

        IReadOnlyList<string> path = [.. above, id];

        // What a queue is waiting for does not hold up who sends to it, and what is not ours is not seen through.
        if (node.Kind != SeenKind.Service || path.Count > Thresholds.MostDepth || !visited.Add(id))
        {
            found.Add(new(node, weight, path, why));
            return;
        }

        var parts = seen.From(id).Where(e => e.To != id).Select(e => Part(id, e)).ToList();
        var added = Math.Max(Added(id), parts.Sum(p => p.AddedMs));
        var followed = parts
            .Select(p => (Part: p, Share: Math.Max(p.Share, added > 0 && p.IsSlower ? p.AddedMs / added : 0)))
            .Where(p => p.Share >= Thresholds.LeastShare)
            .OrderByDescending(p => p.Share)
            .ToList();
        var most = followed.Sum(p => p.Share);
        var scale = most > 1 ? 1 / most : 1;
        var own = weight * Math.Max(0, 1 - most);
        if (own > 0.1 * weight)
        {
            found.Add(new(node, own, path, why, parts.FirstOrDefault(p => p.CallsMore).Edge.To));
        }

        foreach (var (part, share) in followed)
        {
            Visit(part.Edge.To, weight * share * scale, path, [.. why, .. part.Why]);
        }
    }

    double Added(string id)
    {
        var mean = seen.Of(Subjects.Service(id), Figure.MeanMs);
        return mean.HasBaseline ? Math.Max(0, mean.Added) : 0;
    }

    // What one callee adds to a request of its caller.
    Waited Part(string caller, EdgeKey edge)
    {
        var (served, rate) = (seen.Of(Subjects.Service(caller), Figure.Rate), seen.Of(edge, Figure.Rate));
        var (mean, errors) = (seen.Of(edge, Figure.MeanMs), seen.Of(edge, Figure.ErrorRatio));
        var callsNow = PerRequest(rate.Now, served.Now);
        var callsBefore = PerRequest(rate.Before, served.Before);
        var title = $"{caller} → {edge.To}";
        var evidence = new List<Evidence>();
        // That there is trouble is known above: what explains most of it need not be beyond its own noise.
        var isSlower = mean.HasBaseline && mean.Added >= Thresholds.SlowMs / 4 && mean.Now >= mean.Before * 1.3
            && (mean.Rose || (Added(caller) is > 0 and var felt && callsNow * mean.Added >= Thresholds.MostOfIt * felt));
        var addedMs = isSlower ? callsNow * mean.Added : 0;
        if (isSlower)
        {
            evidence.Add(Evidence.Of(title, mean));
        }

        var share = 0.0;
        if (errors.Rose && errors.Added >= Thresholds.ErrorRatio / 2)
        {
            share = ErrorShare(caller, served, rate, errors);
            evidence.Add(Evidence.Of($"{title} errors", errors));
        }

        if (IsDown(edge.To))
        {
            share = 1;
        }
        else if (rate.HasBaseline && callsBefore >= 0.1 && rate.Before >= Thresholds.LeastRate && callsNow < callsBefore / 10 && served.Now >= Thresholds.LeastRate && !isSlower)
        {
            share = Math.Max(share, 0.5);
            evidence.Add(Evidence.Of($"{title} calls", rate));
        }

        var more = callsBefore >= 0.05 && callsNow >= 1.7 * callsBefore && served.HasBaseline;
        return new(edge, addedMs, Math.Clamp(share, 0, 1), isSlower, more, evidence);
    }

    // The part of a caller's failures that its callee's failures can explain.
    double ErrorShare(string caller, Deviation served, Deviation rate, Deviation errors)
    {
        var own = seen.Of(Subjects.Service(caller), Figure.ErrorRatio);
        var failing = served.IsKnown && own.IsKnown ? (served.Now * own.Now) - (own.HasBaseline ? served.Before * own.Before : 0) : 0;
        var below = (rate.Now * errors.Now) - (rate.Before * errors.Before);
        return failing <= 0 ? 0 : Math.Min(1, below / failing);
    }

    bool IsDown(string id) =>
        seen.Nodes.TryGetValue(id, out var node)
        && ((node.Wanted > 0 && node.Ready == 0) || (node.Probe is { } probe && StoreSuspects.IsSilent(seen.Of(Subjects.Probe(probe), Figure.Up))));

    static double PerRequest(double calls, double requests) => double.IsFinite(calls) && requests > 0 ? calls / requests : 0;

    readonly record struct Waited(EdgeKey Edge, double AddedMs, double Share, bool IsSlower, bool CallsMore, IReadOnlyList<Evidence> Why);
}
