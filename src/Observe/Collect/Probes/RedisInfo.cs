using System.Text;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>Reads Redis' answer to INFO: <c>key:value</c> lines. Names are those of the OpenTelemetry Collector's redis receiver.</summary>
public static class RedisInfo
{
    /// <summary>Why the text is none; null where it was read.</summary>
    public static string? Read(ReadOnlySpan<byte> text, ProbeSamples into)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var databases = new List<(string Name, double Keys, double Expires)>();
        while (ProcText.Line(ref text, out var line))
        {
            line = line.TrimEnd((byte)'\r');
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[0] == (byte)'#' || values.Count > 1000)
            {
                continue;
            }

            var key = Encoding.UTF8.GetString(line[..colon]);
            var value = line[(colon + 1)..];
            if (key.StartsWith("db", StringComparison.Ordinal) && key.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0 && value.StartsWith("keys="u8))
            {
                databases.Add((key[2..], Part(value, "keys="u8), Part(value, "expires="u8)));
            }
            else
            {
                values[key] = Encoding.UTF8.GetString(value);
            }
        }

        if (!values.ContainsKey("redis_version"))
        {
            return "the answer to INFO is not that of Redis";
        }

        double? Of(string key) => values.TryGetValue(key, out var shown) ? ProcText.Decimal(Encoding.UTF8.GetBytes(shown)) : null;
        Write(Of, into);
        foreach (var (name, keys, expires) in databases)
        {
            into.Gauge("redis.db.keys", "{key}", keys, ("db", name));
            into.Gauge("redis.db.expires", "{key}", expires, ("db", name));
        }

        into.Gauge("redis.replication.linked", "1", values.GetValueOrDefault("role") == "slave" ? values.GetValueOrDefault("master_link_status") == "up" ? 1 : 0 : null);
        return null;
    }

    static void Write(Func<string, double?> of, ProbeSamples into)
    {
        into.Gauge("redis.uptime", "s", of("uptime_in_seconds"));
        into.Gauge("redis.clients.connected", "{client}", of("connected_clients"));
        into.Gauge("redis.clients.blocked", "{client}", of("blocked_clients"));
        into.Gauge("redis.clients.max", "{client}", of("maxclients"));
        into.Gauge("redis.memory.used", "By", of("used_memory"));
        into.Gauge("redis.memory.rss", "By", of("used_memory_rss"));
        into.Gauge("redis.memory.peak", "By", of("used_memory_peak"));
        into.Gauge("redis.memory.fragmentation_ratio", "1", of("mem_fragmentation_ratio"));
        into.Gauge("redis.maxmemory", "By", of("maxmemory") is > 0 and var most ? most : null);
        into.Counter("redis.commands.processed", "{command}", of("total_commands_processed"));
        into.Counter("redis.connections.received", "{connection}", of("total_connections_received"));
        into.Counter("redis.connections.rejected", "{connection}", of("rejected_connections"));
        into.Counter("redis.keyspace.hits", "{hit}", of("keyspace_hits"));
        into.Counter("redis.keyspace.misses", "{miss}", of("keyspace_misses"));
        into.Counter("redis.keys.evicted", "{key}", of("evicted_keys"));
        into.Counter("redis.keys.expired", "{key}", of("expired_keys"));
        into.Counter("redis.net.input", "By", of("total_net_input_bytes"));
        into.Counter("redis.net.output", "By", of("total_net_output_bytes"));
        into.Counter("redis.cpu.time", "s", of("used_cpu_user"), ("state", "user"));
        into.Counter("redis.cpu.time", "s", of("used_cpu_sys"), ("state", "sys"));
        into.Gauge("redis.slaves.connected", "{replica}", of("connected_slaves"));
        into.Gauge("redis.latest_fork", "us", of("latest_fork_usec"));
        into.Gauge("redis.rdb.changes_since_last_save", "{change}", of("rdb_changes_since_last_save"));
    }

    static double Part(ReadOnlySpan<byte> value, ReadOnlySpan<byte> key)
    {
        var at = value.IndexOf(key);
        if (at < 0)
        {
            return 0;
        }

        value = value[(at + key.Length)..];
        var end = value.IndexOf((byte)',');
        return ProcText.Decimal(end < 0 ? value : value[..end]) ?? 0;
    }
}
