using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;

namespace Mainstay.Host.Api.Traffic;

/// <summary>Makes the view of traffic from what is declared and what was counted.</summary>
public static class TrafficBuilder
{
    /// <summary>The bounds of the latency distribution, in milliseconds.</summary>
    public static IReadOnlyList<double> BoundsMs { get; } = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

    /// <summary>The name under which the statistics of routes are kept.</summary>
    public const string RouteEdge = "route";

    const string OfService = "service/";
    const int MostNotices = 100;

    /// <param name="seen">What is declared.</param>
    /// <param name="routes">The figures of routes, from <see cref="RouteEdge"/> to their names.</param>
    /// <param name="edges">The figures of calls between services.</param>
    /// <param name="policies">How policies stand.</param>
    /// <param name="notices">The newest first.</param>
    /// <param name="now">The time of the view.</param>
    public static TrafficView Build(
        Snapshot seen, EdgeStatistics routes, EdgeStatistics edges, IReadOnlyList<GatewayPolicy> policies, IReadOnlyList<GatewayNotice> notices, DateTimeOffset now)
    {
        var byAbout = policies.ToLookup(p => p.Policy.About, StringComparer.Ordinal);
        var (ofRoutes, ofEdges) = (routes.Edges(), edges.Edges());
        var ways = seen.All<Route>().OrderBy(r => r.Name, StringComparer.Ordinal)
            .Select(r => Way($"route/{r.Name}", MatchOf(r.Spec.Match), DestinationOf(r.Spec), new EdgeKey(RouteEdge, r.Name), ofRoutes, routes))
            .Concat(seen.All<MeshLink>().OrderBy(l => l.Name, StringComparer.Ordinal)
                .Select(l => Way($"need/{l.Name}", "", l.Callee, new EdgeKey(l.Caller, l.Callee), ofEdges, edges)))
            .Concat(byAbout.Select(p => p.Key).Where(about => about.StartsWith(OfService, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(Service));
        return new(
            now,
            seen.Revision,
            [.. ways],
            [.. seen.All<Intervention>().OrderBy(i => i.Until).ThenBy(i => i.Name, StringComparer.Ordinal)],
            [.. notices.Take(MostNotices).Select(n => new TrafficNotice(n.Notice.At, n.Gateway, n.Notice.About, n.Notice.Reason, n.Notice.Message, n.Notice.IsWarning))])
        {
            Door = Policies(Intervention.FrontDoor),
        };

        TrafficPolicy[] Policies(string about) =>
            [.. byAbout[about].Select(p => new TrafficPolicy(p.Gateway, p.Policy.Policy, p.Policy.Kind, p.Policy.State, p.Policy.Why, p.Policy.Numbers))];

        // What a service declares for whoever sends to it stands on no single way.
        TrafficWay Service(string about)
        {
            var service = about[OfService.Length..];
            var known = edges.Into(service, BoundsMs, out var latencies).GetValueOrDefault();
            return new(about, "", service, known.RequestsPerSecond, known.ErrorRatio, known.P50Ms, known.P99Ms, latencies, Policies(about));
        }

        TrafficWay Way(string about, string match, string to, EdgeKey key, IReadOnlyDictionary<EdgeKey, EdgeFigures> figures, EdgeStatistics statistics)
        {
            var known = figures.GetValueOrDefault(key);
            return new(
                about, match, to, known.RequestsPerSecond, known.ErrorRatio, known.P50Ms, known.P99Ms,
                statistics.Distribution(key, BoundsMs),
                Policies(about));
        }
    }

    static string MatchOf(RouteMatch match) =>
        string.Join(' ', new[] { string.Join(',', match.Methods), match.Host, match.Shown }.Where(p => !string.IsNullOrEmpty(p)));

    static string DestinationOf(RouteSpec spec) => spec.Shown;
}
