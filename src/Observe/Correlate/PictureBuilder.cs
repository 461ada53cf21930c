using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Join;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;

namespace Mainstay.Observe.Correlate;

/// <summary>Makes the picture that diagnoses look at out of the map, what is declared, and what is known beside. Pure.</summary>
public static class PictureBuilder
{
    static readonly HashSet<string> Caches = new(["redis", "memcached", "valkey", "hazelcast", "ignite"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Everything that is not on the map itself.</summary>
    /// <param name="Kinds">What the nodes are that traces have shown.</param>
    /// <param name="Edges">Those of the last hour.</param>
    /// <param name="Queues">Queues that a probe tells of.</param>
    public sealed record Beside(
        IReadOnlyDictionary<string, PeerKind> Kinds,
        IReadOnlyCollection<EdgeKey> Edges,
        IReadOnlyList<MiddlewareFigures> Middleware,
        IReadOnlyList<TopRow> Statements,
        IReadOnlyList<SeenChange> Changes,
        IReadOnlyList<string> Queues);

    public static Picture Build(Snapshot seen, MapView map, FigureHistory figures, Beside beside)
    {
        var nodes = map.Nodes.Where(n => n.Id != MapView.Gateway).ToDictionary(n => n.Id, n => Node(n, seen, beside), StringComparer.Ordinal);

        // What was there within the hour and is silent now is still there: a database that is down makes no spans.
        foreach (var id in beside.Edges.SelectMany(e => (string[])[e.From, e.To]).Concat(beside.Queues).Where(id => id != MapView.Gateway && !nodes.ContainsKey(id)).Distinct(StringComparer.Ordinal).ToList())
        {
            nodes.Add(id, new(id, KindOf(id, beside), Criticality.Medium, [], Probe: ProbeOf(id, beside)));
        }

        // A server that is watched and that no trace names can be the cause all the same.
        var linked = nodes.Values.Select(n => n.Probe).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var server in beside.Middleware.Where(m => !linked.Contains(m.Name) && StoreKind(m.Kind) is not null).DistinctBy(m => m.Name))
        {
            nodes.TryAdd(server.Name, new(server.Name, StoreKind(server.Kind)!.Value, Criticality.Medium, [], Probe: server.Name));
        }

        var declared = map.Edges.Where(e => e.Declared).Select(e => new EdgeKey(e.From, e.To));
        return new(map.At, figures, nodes.Values, seen.All<Route>().Select(r => RouteOf(r, seen)), beside.Edges.Union(declared), beside.Changes, beside.Statements.Select(s => new SeenStatement(s.Service, s.Name, s.Exemplar)));
    }

    static SeenNode Node(MapNode node, Snapshot seen, Beside beside)
    {
        var probed = beside.Middleware.FirstOrDefault(m => m.Name == node.Id);
        var instances = seen.Group<Instance>(node.Id).Where(i => i.Goal == InstanceGoal.Run)
            .Select(i => new SeenInstance(i.Name, i.Host, i.Template.Version, i.Status.State == InstanceState.Ready)).ToList();
        return node.Kind == "service"
            ? new(node.Id, probed is null ? SeenKind.Service : StoreKind(probed.Kind) ?? SeenKind.Service, node.Inherited ?? node.Criticality, instances, node.Ready, node.Wanted, probed?.Name)
            : new(node.Id, KindOf(node.Id, beside), node.Criticality, [], Probe: ProbeOf(node.Id, beside));
    }

    static SeenRoute RouteOf(Route route, Snapshot seen)
    {
        string[] to = [.. route.Spec.Services.Distinct(StringComparer.Ordinal)];
        var level = route.Spec.Criticality ?? to.Select(t => seen.Get<Service>(t)?.Spec.Criticality ?? Criticality.Medium).DefaultIfEmpty(Criticality.Medium).Max();
        return new(route.Name, level, to);
    }

    static SeenKind KindOf(string id, Beside beside)
    {
        var system = System(id);
        return beside.Kinds.GetValueOrDefault(id, beside.Queues.Contains(id) ? PeerKind.Queue : PeerKind.External) switch
        {
            PeerKind.Database => Caches.Contains(system) ? SeenKind.Cache : SeenKind.Database,
            PeerKind.Queue => SeenKind.Queue,
            PeerKind.Service => SeenKind.Service,
            _ => SeenKind.External,
        };
    }

    // Traces name a database by its system and its name, probes by what the manifest calls it: the same name, or the only one of its system.
    static string? ProbeOf(string id, Beside beside)
    {
        var kind = System(id) switch { "postgresql" => "postgres", "mysql" or "mariadb" => "mysql", "redis" => "redis", "rabbitmq" => "rabbitmq", _ => null };
        if (kind is null)
        {
            return null;
        }

        var name = id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..];
        string[] same = [.. beside.Middleware.Where(m => m.Kind == kind).Select(m => m.Name).Distinct(StringComparer.Ordinal)];
        return same.Contains(name, StringComparer.Ordinal) ? name : same.Length == 1 ? same[0] : null;
    }

    static SeenKind? StoreKind(string probe) => probe switch
    {
        "postgres" or "mysql" => SeenKind.Database,
        "redis" => SeenKind.Cache,
        "rabbitmq" => SeenKind.Queue,
        _ => null,
    };

    static string System(string id) => id.IndexOf('/', StringComparison.Ordinal) is > 0 and var at ? id[..at] : "";
}
