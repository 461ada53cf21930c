using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Join;

namespace Mainstay.Observe.Query;

/// <summary>Makes the map of what is declared, how it stands and what flows. Pure.</summary>
public static class MapBuilder
{
    /// <summary>The map as of <paramref name="seen"/>: nodes and edges in ordinal order, the gateway first.</summary>
    public static MapView Build(
        Snapshot seen,
        IReadOnlyDictionary<EdgeKey, EdgeFigures> edges,
        IReadOnlyDictionary<string, EdgeFigures> instances,
        GatewayStanding gateway,
        DateTimeOffset at,
        TracedCalls? traced = null)
    {
        var services = seen.All<Service>().OrderBy(s => s.Name, StringComparer.Ordinal).ToList();
        var declaredGateway = seen.Get<Gateway>(Gateway.TheName);
        var nodes = new List<MapNode>(services.Count + 1);
        if (declaredGateway is not null)
        {
            nodes.Add(NodeOf(declaredGateway, gateway, services));
        }

        nodes.AddRange(services.Select(s => NodeOf(s, seen.Group<Instance>(s.Name), instances)));
        var queues = seen.All<Queue>().Where(q => q.Spec.Push is not null).OrderBy(q => q.Name, StringComparer.Ordinal).ToList();
        nodes.AddRange(queues.Select(NodeOf));
        var all = traced is null ? edges : Merge(seen, edges, traced, nodes);
        return new MapView(seen.Revision, at, nodes, EdgesOf(services, queues, seen.All<Route>(), nodes, all));
    }

    // What the mesh carried it has counted better than any trace: traces add what did not pass it. What they name and nobody declared becomes a node.
    static Dictionary<EdgeKey, EdgeFigures> Merge(Snapshot seen, IReadOnlyDictionary<EdgeKey, EdgeFigures> edges, TracedCalls traced, List<MapNode> nodes)
    {
        var all = new Dictionary<EdgeKey, EdgeFigures>(edges);
        var known = nodes.Select(n => n.Id).ToHashSet(StringComparer.Ordinal);
        var places = Places(seen);
        foreach (var (edge, figures) in traced.Edges.OrderBy(e => e.Key.From, StringComparer.Ordinal).ThenBy(e => e.Key.To, StringComparer.Ordinal))
        {
            var key = edge with { To = places.GetValueOrDefault(edge.To) ?? ServerOf(seen, edge) ?? edge.To };
            if (!all.TryAdd(key, figures))
            {
                continue;
            }

            foreach (var id in new[] { key.From, key.To })
            {
                if (known.Add(id))
                {
                    nodes.Add(NodeOf(id, traced.Kinds.GetValueOrDefault(id, PeerKind.External)));
                }
            }
        }

        return all;
    }

    // A client that is not told of services sees an address: the mesh's port for it, or the instance itself.
    static Dictionary<string, string> Places(Snapshot seen)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var link in seen.All<MeshLink>())
        {
            places[$"{MeshLink.Address}:{link.Port}"] = link.Callee;
            places[$"{MeshLink.OtherAddress}:{link.Port}"] = link.Callee;
            places[$"localhost:{link.Port}"] = link.Callee;
        }

        foreach (var instance in seen.All<Instance>().Where(i => i.Status.Endpoint.Length > 0))
        {
            places[instance.Status.Endpoint] = instance.Service;
        }

        return places;
    }

    // Traces name a database by its system and its name within the server: it is the one server of that system that the caller needs.
    static string? ServerOf(Snapshot seen, EdgeKey edge)
    {
        ProbeKind? kind = edge.To.Split('/', 2)[0] switch { "postgresql" => ProbeKind.Postgres, "mysql" or "mariadb" => ProbeKind.Mysql, "redis" => ProbeKind.Redis, _ => null };
        string[] servers = kind is null || seen.Get<Service>(edge.From) is not { } caller
            ? []
            : [.. caller.Spec.Needs.Keys.Where(n => seen.Get<Service>(n)?.Spec.Probe?.Kind == kind)];
        return servers is [var only] ? only : null;
    }

    static MapNode NodeOf(string id, PeerKind kind) => new(
        id, "external", id, Criticality.Medium, Lifecycle.Run, "traced", kind switch
        {
            PeerKind.Database => "a database that traces name",
            PeerKind.Queue => "a queue that traces name",
            PeerKind.Service => "a service that sends traces and is not declared",
            _ => "something that traces name by its address",
        }, 0, 0, null, [], []);

    static MapNode NodeOf(Queue queue) => new(queue.Name, "external", queue.Name, Criticality.Medium, Lifecycle.Run, "queue", "a queue that sends its messages to a service", 0, 0, null, [], []);

    // The gateway matters as much as the most critical of what is behind it.
    static MapNode NodeOf(Gateway gateway, GatewayStanding standing, List<Service> services) => new(
        MapView.Gateway,
        "gateway",
        gateway.Listen[(gateway.Listen.IndexOf("://", StringComparison.Ordinal) + 3)..],
        services.Select(s => s.Spec.Criticality).DefaultIfEmpty(Criticality.Medium).Max(),
        standing.State,
        standing.Reason,
        standing.Message,
        standing.Ready,
        1,
        null,
        [],
        []);

    static MapNode NodeOf(Service service, IReadOnlyList<Instance> instances, IReadOnlyDictionary<string, EdgeFigures> figures) => new(
        service.Name,
        "service",
        service.Name,
        service.Spec.Criticality,
        service.Status.State,
        service.Status.Reason,
        service.Status.Message,
        service.Status.Ready,
        service.Status.Wanted,
        service.Status.Version,
        [.. instances.Select(i => i.Host).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
        [.. instances.Select(i => NodeOf(i, figures.GetValueOrDefault(i.Name)))]);

    static MapInstance NodeOf(Instance instance, EdgeFigures figures) => new(
        instance.Name, instance.Status.State, instance.Host, Round(figures.RequestsPerSecond), Round(figures.ErrorRatio), Round(figures.P99Ms), Round(figures.MeanMs));

    static List<MapEdge> EdgesOf(
        List<Service> services, List<Queue> queues, IEnumerable<Route> routes, List<MapNode> nodes, IReadOnlyDictionary<EdgeKey, EdgeFigures> figures)
    {
        var known = nodes.Select(n => n.Id).ToHashSet(StringComparer.Ordinal);
        var declared = services.SelectMany(s => s.Spec.Needs.Keys.Select(need => new EdgeKey(s.Name, need)))
            .Concat(queues.Select(q => new EdgeKey(q.Name, q.Spec.Push!.To)))
            .Concat(routes.SelectMany(r => r.Spec.Services.Select(to => new EdgeKey(MapView.Gateway, to))))
            .ToHashSet();
        return
        [
            .. declared.Union(figures.Keys)
                .Where(e => known.Contains(e.From) && known.Contains(e.To))
                .OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal)
                .Select(e => EdgeOf(e, figures.GetValueOrDefault(e), declared.Contains(e))),
        ];
    }

    static MapEdge EdgeOf(EdgeKey edge, EdgeFigures figures, bool declared) => new(
        edge.From, edge.To, Round(figures.RequestsPerSecond), Round(figures.ErrorRatio), Round(figures.P50Ms), Round(figures.P99Ms), declared, Round(figures.MeanMs));

    // Three digits are more than anybody reads, and keep an unchanged map unchanged.
    static double Round(double value) => Math.Round(value, 3);
}
