using System.Globalization;

namespace Mainstay.Observe.Collect.Probes;

/// <summary>
/// Makes samples of what MySQL and MariaDB answer. Names are those of the OpenTelemetry Collector's mysql receiver; for <c>mysql.statement.*</c>, <c>mysql.transaction.*</c>,
/// <c>mysql.connection.max</c> and <c>mysql.deadlocks</c> there is none.
/// </summary>
static class MySqlReport
{
    // Names are as SHOW GLOBAL STATUS has them.
    static readonly (string Status, string Metric, string Unit, string Label, string Value)[] Counters =
    [
        ("Questions", "mysql.query.client.count", "{query}", "", ""),
        ("Queries", "mysql.query.count", "{query}", "", ""),
        ("Slow_queries", "mysql.query.slow.count", "{query}", "", ""),
        ("Com_select", "mysql.commands", "{command}", "command", "select"),
        ("Com_insert", "mysql.commands", "{command}", "command", "insert"),
        ("Com_update", "mysql.commands", "{command}", "command", "update"),
        ("Com_delete", "mysql.commands", "{command}", "command", "delete"),
        ("Com_commit", "mysql.commands", "{command}", "command", "commit"),
        ("Com_rollback", "mysql.commands", "{command}", "command", "rollback"),
        ("Com_stmt_execute", "mysql.commands", "{command}", "command", "execute"),
        ("Connections", "mysql.connection.count", "{connection}", "", ""),
        ("Aborted_connects", "mysql.connection.errors", "{error}", "error", "aborted"),
        ("Aborted_clients", "mysql.connection.errors", "{error}", "error", "aborted_clients"),
        ("Connection_errors_max_connections", "mysql.connection.errors", "{error}", "error", "max_connections"),
        ("Bytes_received", "mysql.client.network.io", "By", "kind", "received"),
        ("Bytes_sent", "mysql.client.network.io", "By", "kind", "sent"),
        ("Innodb_buffer_pool_read_requests", "mysql.buffer_pool.operations", "{operation}", "operation", "read_requests"),
        ("Innodb_buffer_pool_reads", "mysql.buffer_pool.operations", "{operation}", "operation", "reads"),
        ("Innodb_buffer_pool_write_requests", "mysql.buffer_pool.operations", "{operation}", "operation", "write_requests"),
        ("Innodb_buffer_pool_wait_free", "mysql.buffer_pool.operations", "{operation}", "operation", "wait_free"),
        ("Innodb_data_fsyncs", "mysql.operations", "{operation}", "operation", "fsyncs"),
        ("Innodb_data_reads", "mysql.operations", "{operation}", "operation", "reads"),
        ("Innodb_data_writes", "mysql.operations", "{operation}", "operation", "writes"),
        ("Innodb_log_waits", "mysql.log_operations", "{operation}", "operation", "waits"),
        ("Innodb_os_log_fsyncs", "mysql.log_operations", "{operation}", "operation", "fsyncs"),
        ("Innodb_row_lock_waits", "mysql.row_locks", "{lock}", "kind", "waits"),
        ("Innodb_rows_read", "mysql.row_operations", "{row}", "operation", "read"),
        ("Innodb_rows_inserted", "mysql.row_operations", "{row}", "operation", "inserted"),
        ("Innodb_rows_updated", "mysql.row_operations", "{row}", "operation", "updated"),
        ("Innodb_rows_deleted", "mysql.row_operations", "{row}", "operation", "deleted"),
        ("Innodb_deadlocks", "mysql.deadlocks", "{deadlock}", "", ""),
        ("Table_locks_immediate", "mysql.locks", "{lock}", "kind", "immediate"),
        ("Table_locks_waited", "mysql.locks", "{lock}", "kind", "waited"),
        ("Created_tmp_tables", "mysql.tmp_resources", "{resource}", "resource", "tables"),
        ("Created_tmp_disk_tables", "mysql.tmp_resources", "{resource}", "resource", "disk_tables"),
        ("Select_full_join", "mysql.joins", "{join}", "kind", "full"),
        ("Select_scan", "mysql.joins", "{join}", "kind", "scan"),
        ("Sort_merge_passes", "mysql.sorts", "{sort}", "kind", "merge_passes"),
        ("Sort_rows", "mysql.sorts", "{sort}", "kind", "rows"),
    ];

    static readonly (string Status, string Metric, string Unit, string Label, string Value)[] Gauges =
    [
        ("Uptime", "mysql.uptime", "s", "", ""),
        ("Threads_connected", "mysql.threads", "{thread}", "kind", "connected"),
        ("Threads_running", "mysql.threads", "{thread}", "kind", "running"),
        ("Threads_cached", "mysql.threads", "{thread}", "kind", "cached"),
        ("Max_used_connections", "mysql.max_used_connections", "{connection}", "", ""),
        ("Open_tables", "mysql.table_open", "{table}", "", ""),
        ("Innodb_buffer_pool_bytes_data", "mysql.buffer_pool.usage", "By", "status", "data"),
        ("Innodb_buffer_pool_bytes_dirty", "mysql.buffer_pool.usage", "By", "status", "dirty"),
        ("Innodb_row_lock_current_waits", "mysql.row_locks.waiting", "{transaction}", "", ""),
    ];

    /// <summary>Of SHOW GLOBAL STATUS and the few variables that bound it.</summary>
    public static void Status(Dictionary<string, string> status, Dictionary<string, string> variables, ProbeSamples into)
    {
        foreach (var (name, metric, unit, label, value) in Counters)
        {
            into.Counter(metric, unit, Number(status, name), Labels(label, value));
        }

        foreach (var (name, metric, unit, label, value) in Gauges)
        {
            into.Gauge(metric, unit, Number(status, name), Labels(label, value));
        }

        into.Counter("mysql.row_locks.time", "s", Number(status, "Innodb_row_lock_time") / 1000);
        into.Gauge("mysql.connection.max", "{connection}", Number(variables, "max_connections"));
        into.Gauge("mysql.connection.exhausted", "1", 0);
        into.Gauge("mysql.buffer_pool.limit", "By", Number(variables, "innodb_buffer_pool_size"));
    }

    /// <summary>It answers that all its connections are taken: it is there, and nothing more can be asked.</summary>
    public static void Exhausted(ProbeSamples into) => into.Gauge("mysql.connection.exhausted", "1", 1);

    /// <summary>Of the transactions under way: how many, how many of them wait for a lock, and for how many seconds the oldest has lasted.</summary>
    public static void Transactions(MySqlRows rows, ProbeSamples into)
    {
        foreach (var row in rows.Rows)
        {
            into.Gauge("mysql.transaction.count", "{transaction}", Number(row[0]));
            into.Gauge("mysql.transaction.waiting", "{transaction}", Number(row[1]) ?? 0);
            into.Gauge("mysql.transaction.longest", "s", Number(row[2]) ?? 0);
        }
    }

    /// <summary>Of what InnoDB counts by itself, where the status does not have it.</summary>
    public static void Deadlocks(MySqlRows rows, ProbeSamples into)
    {
        foreach (var row in rows.Rows)
        {
            into.Counter("mysql.deadlocks", "{deadlock}", Number(row[0]));
        }
    }

    /// <summary>Of SHOW REPLICA STATUS, or what it is called in older versions and MariaDB: one row per source.</summary>
    public static void Replication(MySqlRows rows, ProbeSamples into)
    {
        foreach (var row in rows.Rows.Take(100))
        {
            var from = rows.Of(row, "Connection_name", "Channel_Name") is { Length: > 0 } name ? name : rows.Of(row, "Source_Host", "Master_Host") ?? "";
            bool Runs(params ReadOnlySpan<string> columns) => rows.Of(row, columns) == "Yes";
            var isLinked = Runs("Replica_IO_Running", "Slave_IO_Running") && Runs("Replica_SQL_Running", "Slave_SQL_Running");
            into.Gauge("mysql.replica.linked", "1", isLinked ? 1 : 0, ("replica.source", from));
            into.Gauge("mysql.replica.time_behind_source", "s", Number(rows.Of(row, "Seconds_Behind_Source", "Seconds_Behind_Master")), ("replica.source", from));
        }
    }

    /// <summary>Of the statements that took most time: digest, schema, text, calls, picoseconds, picoseconds of them for locks, rows sent, rows looked at, errors.</summary>
    public static void Statements(MySqlRows rows, ProbeSamples into)
    {
        foreach (var row in rows.Rows)
        {
            var labels = (ReadOnlySpan<(string, string)>)[("mysql.digest", row[0] ?? ""), ("db.namespace", row[1] ?? ""), ("db.query.text", row[2] ?? "")];
            into.Counter("mysql.statement.calls", "{call}", Number(row[3]), labels);
            into.Counter("mysql.statement.time", "s", Number(row[4]) / 1e12, labels);
            into.Counter("mysql.statement.lock_time", "s", Number(row[5]) / 1e12, labels);
            into.Counter("mysql.statement.rows", "{row}", Number(row[6]), labels);
            into.Counter("mysql.statement.rows_examined", "{row}", Number(row[7]), labels);
            into.Counter("mysql.statement.errors", "{error}", Number(row[8]), labels);
        }
    }

    static ReadOnlySpan<(string, string)> Labels(string label, string value) => label.Length == 0 ? [] : new[] { (label, value) };

    static double? Number(Dictionary<string, string> of, string name) => of.TryGetValue(name, out var text) ? Number(text) : null;

    static double? Number(string? text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
