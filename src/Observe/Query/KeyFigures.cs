using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Query;

/// <summary>The few figures of each kind of server that tell most, made of its samples.</summary>
public static class KeyFigures
{
    /// <summary>Completes how servers stand with their figures.</summary>
    public static IReadOnlyList<MiddlewareFigures> Complete(IMetricStore store, IReadOnlyList<MiddlewareFigures> standing, DateTimeOffset now)
    {
        // Probes are 10 s apart by default: a rate needs two of them.
        var read = new Readings(store, "probe.target", now.ToUnixTimeMilliseconds(), TimeSpan.FromSeconds(45));
        return [.. standing.Select(s => s.Up ? s with { Figures = Of(read, s.Kind, s.Target) } : s)];
    }

    static KeyFigure[] Of(Readings read, string kind, string target) => kind switch
    {
        "nginx" => Nginx(read, target),
        "redis" => Redis(read, target),
        "rabbitmq" => Rabbit(read, target),
        "postgres" => Postgres(read, target),
        "mysql" => MySql(read, target),
        _ => [new("probeTime", "s", read.Last("mainstay.probe.duration", target))],
    };

    static KeyFigure[] Nginx(Readings read, string target) =>
    [
        new("requests", "/s", read.Rate("nginx.requests", target)),
        new("active", "1", read.Last("nginx.connections_current", target, ("state", "active"))),
        new("writing", "1", read.Last("nginx.connections_current", target, ("state", "writing"))),
        new("waiting", "1", read.Last("nginx.connections_current", target, ("state", "waiting"))),
        new("dropped", "/s", read.Rate("nginx.connections_accepted", target) - read.Rate("nginx.connections_handled", target)),
    ];

    static KeyFigure[] Redis(Readings read, string target)
    {
        var (hits, misses) = (read.Rate("redis.keyspace.hits", target), read.Rate("redis.keyspace.misses", target));
        return
        [
            new("commands", "/s", read.Rate("redis.commands.processed", target)),
            new("clients", "1", read.Last("redis.clients.connected", target)),
            new("blocked", "1", read.Last("redis.clients.blocked", target)),
            new("memory", "By", read.Last("redis.memory.used", target)),
            new("memoryShare", "share", read.Last("redis.memory.used", target) / read.Last("redis.maxmemory", target)),
            new("hitRatio", "share", hits + misses > 0 ? hits / (hits + misses) : null),
            new("evicted", "/s", read.Rate("redis.keys.evicted", target)),
            new("keys", "1", read.Last("redis.db.keys", target)),
        ];
    }

    static KeyFigure[] Rabbit(Readings read, string target) =>
    [
        new("ready", "1", read.Last("rabbitmq.message.current", target, ("state", "ready"))),
        new("unacknowledged", "1", read.Last("rabbitmq.message.current", target, ("state", "unacknowledged"))),
        new("consumers", "1", read.Last("rabbitmq.consumer.total", target)),
        new("published", "/s", read.Rate("rabbitmq.message.published", target)),
        new("delivered", "/s", read.Rate("rabbitmq.message.delivered", target)),
        new("connections", "1", read.Last("rabbitmq.connection.count", target)),
        new("memoryShare", "share", read.Last("rabbitmq.node.mem_used", target) / read.Last("rabbitmq.node.mem_limit", target)),
        new("alarms", "1", (read.Last("rabbitmq.node.mem_alarm", target) ?? 0) + (read.Last("rabbitmq.node.disk_free_alarm", target) ?? 0)),
    ];

    static KeyFigure[] Postgres(Readings read, string target)
    {
        var connections = read.Last("postgresql.backends", target);
        var (commits, rollbacks) = (read.Rate("postgresql.commits", target), read.Rate("postgresql.rollbacks", target));
        var (disk, cache) = (read.Rate("postgresql.blocks_read", target, ("source", "disk")), read.Rate("postgresql.blocks_read", target, ("source", "cache")));
        return
        [
            new("transactions", "/s", commits + rollbacks),
            new("rolledBack", "share", commits + rollbacks > 0 ? rollbacks / (commits + rollbacks) : null),
            new("connections", "1", connections),
            new("connectionShare", "share", connections / read.Last("postgresql.connection.max", target)),
            new("cacheHits", "share", disk + cache > 0 ? cache / (disk + cache) : null),
            new("waitingLocks", "1", read.Last("postgresql.locks.waiting", target)),
            new("longestTransaction", "s", read.Last("postgresql.transaction.longest", target)),
            new("deadlocks", "/s", read.Rate("postgresql.deadlocks", target)),
            new("replicationLag", "s", read.Last("postgresql.replication.lag", target) ?? read.Last("postgresql.wal.lag", target)),
        ];
    }

    static KeyFigure[] MySql(Readings read, string target)
    {
        var connections = read.Last("mysql.threads", target, ("kind", "connected"));
        var (disk, all) = (read.Rate("mysql.buffer_pool.operations", target, ("operation", "reads")), read.Rate("mysql.buffer_pool.operations", target, ("operation", "read_requests")));
        return
        [
            new("queries", "/s", read.Rate("mysql.query.client.count", target)),
            new("slowQueries", "/s", read.Rate("mysql.query.slow.count", target)),
            new("connections", "1", connections),
            new("connectionShare", "share", read.Last("mysql.connection.exhausted", target) > 0 ? 1 : connections / read.Last("mysql.connection.max", target)),
            new("running", "1", read.Last("mysql.threads", target, ("kind", "running"))),
            new("cacheHits", "share", all > 0 ? 1 - Math.Min(1, disk / all ?? 0) : null),
            new("waitingLocks", "1", read.Last("mysql.transaction.waiting", target) ?? read.Last("mysql.row_locks.waiting", target)),
            new("longestTransaction", "s", read.Last("mysql.transaction.longest", target)),
            new("deadlocks", "/s", read.Rate("mysql.deadlocks", target)),
            new("replicationLag", "s", read.Last("mysql.replica.time_behind_source", target)),
        ];
    }
}
