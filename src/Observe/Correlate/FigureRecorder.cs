using Mainstay.Observe.Ingest;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Correlate;

/// <summary>Writes what is measured elsewhere into the history, once a step.</summary>
/// <param name="figures">Where to.</param>
/// <param name="samples">Samples of hosts, instances, runtimes and probed servers.</param>
public sealed class FigureRecorder(FigureHistory figures, IMetricStore samples)
{
    /// <summary>The most statements that are followed: those that take the most time.</summary>
    public const int MostStatements = 200;

    /// <summary>The nodes of the queues that a probe told of, as of the last step.</summary>
    public IReadOnlyList<string> Queues { get; private set; } = [];

    /// <summary>Writes one step.</summary>
    /// <param name="map">The map as it is.</param>
    /// <param name="routes">The figures of routes, by name.</param>
    /// <param name="edges">The edges that were seen within the hour: one without calls has none now.</param>
    /// <param name="middleware">How probed servers stand.</param>
    /// <param name="statements">The top statements of the last seconds.</param>
    public void Record(
        MapView map, IReadOnlyDictionary<string, EdgeFigures> routes, IReadOnlyCollection<EdgeKey> edges, IReadOnlyList<MiddlewareFigures> middleware, IReadOnlyList<TopRow> statements)
    {
        Edges(map, edges);
        Served(map);
        foreach (var (route, of) in routes)
        {
            Red(Subjects.Route(route), of.RequestsPerSecond, of.ErrorRatio, of.MeanMs, of.P99Ms);
        }

        foreach (var instance in map.Nodes.SelectMany(n => n.Instances))
        {
            Red(Subjects.Instance(instance.Id), instance.RequestsPerSecond, instance.ErrorRatio, instance.MeanMs, instance.P99Ms);
        }

        foreach (var row in statements.Take(MostStatements))
        {
            Red(Subjects.Statement(row.Service, row.Name), row.CallsPerSecond, row.ErrorRatio, row.Calls > 0 ? row.HeatSeconds * 1000 / row.Calls : 0, row.P99Ms);
        }

        var at = map.At.ToUnixTimeMilliseconds();
        Hosts(new Readings(samples, "host.name", at));
        Instances(new Readings(samples, "service.instance.id", at));
        Services(new Readings(samples, "service.name", at));
        Middleware(middleware);
        EachQueue(new Readings(samples, "rabbitmq.queue.name", at, TimeSpan.FromSeconds(45)), map);
    }

    void Edges(MapView map, IReadOnlyCollection<EdgeKey> known)
    {
        var now = map.Edges.ToDictionary(e => new EdgeKey(e.From, e.To));
        foreach (var edge in known.Union(now.Keys))
        {
            var of = now.GetValueOrDefault(edge);
            Red(Subjects.Edge(edge.From, edge.To), of?.RequestsPerSecond ?? 0, of?.ErrorRatio ?? 0, of?.MeanMs ?? 0, of?.P99Ms ?? 0);
        }
    }

    // What a node served is what came to it by all its edges; percentiles cannot be added up, so that of the busiest edge stands for all.
    void Served(MapView map)
    {
        var to = map.Edges.Where(e => e.RequestsPerSecond > 0).ToLookup(e => e.To, StringComparer.Ordinal);
        foreach (var node in map.Nodes.Where(n => n.Id != MapView.Gateway))
        {
            var edges = to[node.Id].ToList();
            var rate = edges.Sum(e => e.RequestsPerSecond);
            var subject = Subjects.Service(node.Id);
            Red(
                subject, rate, rate > 0 ? edges.Sum(e => e.RequestsPerSecond * e.ErrorRatio) / rate : 0, rate > 0 ? edges.Sum(e => e.RequestsPerSecond * e.MeanMs) / rate : 0,
                edges.MaxBy(e => e.RequestsPerSecond)?.P99Ms ?? 0);
            if (node.Wanted > 0)
            {
                figures.Add(subject, Figure.Up, node.Ready > 0 ? 1 : 0);
            }
        }
    }

    // Without requests there is a rate, and nothing else.
    void Red(string subject, double rate, double errors, double meanMs, double p99Ms)
    {
        if (rate <= 0 && !figures.Has(subject, Figure.Rate))
        {
            return;
        }

        figures.Add(subject, Figure.Rate, rate);
        if (rate > 0)
        {
            figures.Add(subject, Figure.ErrorRatio, errors);
            figures.Add(subject, Figure.MeanMs, meanMs);
            figures.Add(subject, Figure.P99Ms, p99Ms);
        }
    }

    void Hosts(Readings read)
    {
        foreach (var (host, _) in read.All("system.cpu.logical.count"))
        {
            var subject = Subjects.Host(host);
            var processors = read.Last("system.cpu.logical.count", host);
            double? Share(string mode) => read.Rate("system.cpu.time", host, ("cpu.mode", mode)) / processors;
            figures.Add(subject, Figure.Processors, processors);
            figures.Add(subject, Figure.Busy, Share("idle") is { } idle ? Math.Clamp(1 - idle - (Share("iowait") ?? 0), 0, 1) : null);
            figures.Add(subject, Figure.Steal, Share("steal"));
            figures.Add(subject, Figure.IoWait, Share("iowait"));
            figures.Add(subject, Figure.Throttled, read.Rate("system.cpu.throttled_time", host));
            figures.Add(subject, Figure.MemoryPressure, read.Rate("system.linux.pressure.stall_time", host, ("resource", "memory"), ("scope", "some")));
            figures.Add(subject, Figure.DiskBusy, read.Series("system.disk.io_time", host).Select(s => read.Rate("system.disk.io_time", host, ("system.device", s.Label("system.device")))).Max());
            figures.Add(subject, Figure.NetworkErrors, read.Rate("system.network.errors", host) + (read.Rate("system.network.packet.dropped", host) ?? 0));
        }
    }

    void Instances(Readings read)
    {
        foreach (var (instance, _) in read.All("process.memory.usage"))
        {
            var subject = Subjects.Instance(instance);
            figures.Add(subject, Figure.Cpu, read.Rate("process.cpu.time", instance));
            figures.Add(subject, Figure.CpuWait, read.Rate("process.cpu.wait", instance));
            figures.Add(subject, Figure.Throttled, read.Rate("container.cpu.throttled_time", instance));
            figures.Add(subject, Figure.Restarts, read.Last("service.instance.restarts", instance));
            figures.Add(subject, Figure.GcPaused, read.Rate("dotnet.gc.pause.time", instance));
            figures.Add(subject, Figure.PoolQueue, read.Last("dotnet.thread_pool.queue.length", instance));
            figures.Add(subject, Figure.Contentions, read.Rate("dotnet.monitor.lock_contentions", instance));
        }
    }

    void Services(Readings read)
    {
        foreach (var name in (string[])["db.client.connection.pending_requests", "db.client.connections.pending_requests"])
        {
            foreach (var (service, _) in read.All(name))
            {
                figures.Add(Subjects.Service(service), Figure.PoolPending, read.Last(name, service));
            }
        }
    }

    void EachQueue(Readings read, MapView map)
    {
        Queues = [.. read.All("rabbitmq.message.current").Select(q => QueueNode(q.Value))];
        var traced = map.Edges.Select(e => e.To).ToHashSet(StringComparer.Ordinal);
        foreach (var (queue, _) in read.All("rabbitmq.message.current"))
        {
            var node = QueueNode(queue);
            var subject = Subjects.Service(node);
            figures.Add(subject, Figure.Backlog, read.Last("rabbitmq.message.current", queue));
            figures.Add(subject, Figure.Consumers, read.Last("rabbitmq.consumer.count", queue));
            figures.Add(subject, Figure.Delivered, read.Rate("rabbitmq.message.delivered", queue));
            if (!traced.Contains(node))
            {
                figures.Add(subject, Figure.Rate, read.Rate("rabbitmq.message.published", queue));
            }
        }
    }

    /// <summary>The name that traces give the node of a queue.</summary>
    public static string QueueNode(string queue) => $"rabbitmq/{queue}";

    void Middleware(IReadOnlyList<MiddlewareFigures> all)
    {
        foreach (var server in all.GroupBy(m => m.Name, StringComparer.Ordinal))
        {
            var subject = Subjects.Probe(server.Key);
            figures.Add(subject, Figure.Up, server.Average(s => s.Up ? 1 : 0));
            var read = server.SelectMany(s => s.Figures).ToLookup(f => f.Name, StringComparer.Ordinal);
            double? Max(string name) => read[name].Select(f => f.Value).Max();
            figures.Add(subject, Figure.WaitingLocks, Max("waitingLocks"));
            figures.Add(subject, Figure.LongestTransaction, Max("longestTransaction"));
            figures.Add(subject, Figure.ConnectionShare, Max("connectionShare"));
            figures.Add(subject, Figure.Backlog, Max("ready") + (Max("unacknowledged") ?? 0));
            figures.Add(subject, Figure.Consumers, Max("consumers"));
            figures.Add(subject, Figure.Delivered, Max("delivered"));
        }
    }
}
