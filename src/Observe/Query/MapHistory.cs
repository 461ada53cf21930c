using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query;

/// <summary>
/// Writes the live map into series every ten seconds, and makes the map of a past moment from them: nodes, instances and declared edges as they stood, and what flowed in the
/// ten seconds before, of the series of calls. Pure.
/// </summary>
public static class MapHistory
{
    // Two samples of the calls, ten seconds apart, and some lateness.
    const long BackMs = 25_000;

    const string Node = "mainstay.map.node";
    const string Wanted = "mainstay.map.node.wanted";
    const string Instance = "mainstay.map.instance";
    const string Edge = "mainstay.map.edge";
    const string Calls = "traces_service_graph_request_server";
    const string Failed = "traces_service_graph_request_failed_total";
    const string InstanceCalls = "mesh.server.request.duration";
    const string InstanceFailed = "mesh.server.request.failed";

    /// <summary>Adds the samples of a map.</summary>
    public static void Write(MapView map, List<MetricSample> into)
    {
        var at = map.At.ToUnixTimeMilliseconds();
        foreach (var node in map.Nodes)
        {
            into.Add(new(
                new(Node, "{instance}", MetricKind.Gauge,
                    ("node", node.Id), ("kind", node.Kind), ("title", Cut(node.Title)), ("criticality", $"{node.Criticality}"), ("state", $"{node.State}"), ("reason", Cut(node.Reason)), ("version", Cut(node.Version ?? ""))),
                node.Ready, at));
            into.Add(new(new(Wanted, "{instance}", MetricKind.Gauge, ("node", node.Id)), node.Wanted, at));
            foreach (var one in node.Instances)
            {
                into.Add(new(new(Instance, "1", MetricKind.Gauge, ("node", node.Id), ("instance", one.Id), ("state", $"{one.State}"), ("host", one.Host)), 1, at));
            }
        }

        foreach (var edge in map.Edges.Where(e => e.Declared))
        {
            into.Add(new(new(Edge, "1", MetricKind.Gauge, ("client", edge.From), ("server", edge.To)), 1, at));
        }
    }

    /// <summary>The map as it was; null where nothing is known of that time.</summary>
    public static MapView? At(IMetricStore store, DateTimeOffset at)
    {
        var toMs = at.ToUnixTimeMilliseconds();
        var nodes = Newest(store, Node, "node", toMs);
        if (nodes.Count == 0)
        {
            return null;
        }

        var wanted = Newest(store, Wanted, "node", toMs);
        var instances = Newest(store, Instance, "instance", toMs);
        var answered = Flow(store, InstanceCalls, InstanceFailed, s => s.Label("service.instance.id"), toMs);
        var all = nodes.Select(n => NodeOf(
            n.Value.Series, (int)n.Value.Last, (int)(wanted.GetValueOrDefault(n.Key)?.Last ?? 0), instances.Values.Where(i => i.Series.Label("node") == n.Key).Select(i => i.Series), answered)).ToList();
        return new(0, at, [.. all.OrderBy(n => n.Kind == "gateway" ? 0 : 1).ThenBy(n => n.Id, StringComparer.Ordinal)], Edges(store, nodes.Keys, toMs));
    }

    static MapNode NodeOf(MetricSeries series, int ready, int wanted, IEnumerable<MetricSeries> instances, Dictionary<string, Flowed> answered)
    {
        MapInstance[] all =
        [
            .. instances.OrderBy(i => i.Label("instance"), StringComparer.Ordinal).Select(i => (Series: i, Flow: answered.GetValueOrDefault(i.Label("instance")))).Select(i => new MapInstance(
                i.Series.Label("instance"), Word(i.Series.Label("state"), InstanceState.Ready), i.Series.Label("host"), i.Flow?.PerSecond ?? 0, i.Flow?.ErrorRatio ?? 0, i.Flow?.Quantile(0.99) ?? 0, i.Flow?.MeanMs ?? 0)),
        ];
        return new(
            series.Label("node"), series.Label("kind"), series.Label("title"), Word(series.Label("criticality"), Criticality.Medium), Word(series.Label("state"), Lifecycle.Run), series.Label("reason"), "",
            ready, wanted, series.Label("version") is { Length: > 0 } version ? version : null, [.. all.Select(i => i.Host).Distinct().Order(StringComparer.Ordinal)], all);
    }

    // What the mesh carried it has counted better than any trace.
    static List<MapEdge> Edges(IMetricStore store, IReadOnlyCollection<string> nodes, long toMs)
    {
        var declared = Newest(store, Edge, "", toMs).Values.Select(e => (From: e.Series.Label("client"), To: e.Series.Label("server"))).ToHashSet();
        var flows = new Dictionary<(string From, string To), Flowed>();
        foreach (var (key, flow) in Flow(store, Calls, Failed, s => $"{s.Label("source")}\n{s.Label("client")}\n{s.Label("server")}", toMs).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            // Ordinal order has the mesh before traces.
            var parts = key.Split('\n');
            flows.TryAdd((parts[1], parts[2]), flow);
        }

        var known = nodes.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. declared.Union(flows.Keys).Where(e => known.Contains(e.From) && known.Contains(e.To))
                .OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal)
                .Select(e => (Edge: e, Flow: flows.GetValueOrDefault(e)))
                .Select(e => new MapEdge(
                    e.Edge.From, e.Edge.To, e.Flow?.PerSecond ?? 0, e.Flow?.ErrorRatio ?? 0, e.Flow?.Quantile(0.5) ?? 0, e.Flow?.Quantile(0.99) ?? 0, declared.Contains(e.Edge), e.Flow?.MeanMs ?? 0)),
        ];
    }

    static Dictionary<string, Flowed> Flow(IMetricStore store, string calls, string failed, Func<MetricSeries, string> keyOf, long toMs)
    {
        var flows = new Dictionary<string, Flowed>(StringComparer.Ordinal);
        foreach (var part in (string[])["_count", "_sum", "_bucket", ""])
        {
            foreach (var (series, points) in store.Read(part.Length > 0 ? calls + part : failed, _ => true, toMs - BackMs, toMs))
            {
                if (points.Count < 2)
                {
                    continue;
                }

                // A smaller value is a new beginning.
                var (before, last) = (points[^2], points[^1]);
                var grown = last.Value >= before.Value ? last.Value - before.Value : last.Value;
                if (!flows.TryGetValue(keyOf(series), out var flow))
                {
                    flows[keyOf(series)] = flow = new();
                }

                flow.Add(part, series.Label("le"), grown, (last.AtMs - before.AtMs) / 1000.0);
            }
        }

        return flows.Where(f => f.Value.PerSecond > 0).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
    }

    // Where what stands changed within the time, the newest holds.
    static Dictionary<string, Seen> Newest(IMetricStore store, string name, string label, long toMs)
    {
        var newest = new Dictionary<string, Seen>(StringComparer.Ordinal);
        foreach (var (series, points) in store.Read(name, _ => true, toMs - BackMs, toMs))
        {
            var key = label.Length > 0 ? series.Label(label) : series.Key;
            if (!newest.TryGetValue(key, out var known) || points[^1].AtMs > known.AtMs)
            {
                newest[key] = new(series, points[^1].Value, points[^1].AtMs);
            }
        }

        // What was not in the last map that was written was gone by then.
        var last = newest.Values.Select(s => s.AtMs).DefaultIfEmpty().Max();
        return newest.Where(n => n.Value.AtMs == last).ToDictionary(n => n.Key, n => n.Value, StringComparer.Ordinal);
    }

    static T Word<T>(string word, T other)
        where T : struct, Enum => Enum.TryParse<T>(word, out var value) ? value : other;

    static string Cut(string text) => text.Length > 200 ? text[..200] : text;

    sealed record Seen(MetricSeries Series, double Last, long AtMs);

    /// <summary>What flowed between two samples.</summary>
    sealed class Flowed
    {
        readonly SortedDictionary<double, double> buckets = [];
        double count;
        double sum;
        double failed;
        double seconds = 1;

        public double PerSecond => Math.Round(count / seconds, 3);

        public double ErrorRatio => count > 0 ? Math.Round(Math.Min(1, failed / count), 3) : 0;

        public double MeanMs => count > 0 ? Math.Round(sum * 1000 / count, 3) : 0;

        public void Add(string part, string le, double grown, double over)
        {
            seconds = over;
            switch (part)
            {
                case "_count":
                    count = grown;
                    break;
                case "_sum":
                    sum = grown;
                    break;
                case "_bucket":
                    buckets[le == "+Inf" ? double.PositiveInfinity : double.Parse(le, CultureInfo.InvariantCulture)] = grown;
                    break;
                default:
                    failed = grown;
                    break;
            }
        }

        /// <summary>In milliseconds, by the place within its bucket.</summary>
        public double Quantile(double share)
        {
            var (rank, below, lower) = (share * count, 0.0, 0.0);
            foreach (var (bound, cumulative) in buckets)
            {
                if (cumulative >= rank && cumulative > below)
                {
                    return Math.Round((double.IsPositiveInfinity(bound) ? lower : lower + ((bound - lower) * (rank - below) / (cumulative - below))) * 1000, 3);
                }

                (below, lower) = (cumulative, bound);
            }

            return 0;
        }
    }
}
