using Mainstay.Observe.Collect.Probes;
using Npgsql;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Asks PostgreSQL for its statistics views, on one connection that is kept, reading only and with a time limit of its own. Names are those of the OpenTelemetry Collector's
/// postgresql receiver; <c>postgresql.statement.*</c>, for which there is none, come where the extension pg_stat_statements is in the database that is asked.
/// </summary>
sealed class PostgresProbe(ProbeTarget target) : IProbe
{
    // Version 13 gave the statements' time another name.
    const int RenamedIn = 130_000;

    // Of client backends: how many, in which state, waiting for what, and how long the oldest transaction lasts.
    const string Activity = """
        select coalesce(state, 'unknown'), coalesce(wait_event_type, 'none'), count(*)::float8, coalesce(max(extract(epoch from now() - xact_start)), 0)::float8
        from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() group by 1, 2
        """;

    const string Databases = """
        select d.datname::text, s.numbackends::float8, s.xact_commit::float8, s.xact_rollback::float8, s.blks_read::float8, s.blks_hit::float8, s.deadlocks::float8, s.temp_bytes::float8,
          s.tup_returned::float8, s.tup_inserted::float8, s.tup_updated::float8, s.tup_deleted::float8
        from pg_stat_database s join pg_database d on d.oid = s.datid where not d.datistemplate limit 100
        """;

    const string Locks = "select mode, granted, count(*)::float8 from pg_locks where pid <> pg_backend_pid() group by 1, 2";

    const string Replicas = """
        select application_name, coalesce(pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, replay_lsn), 0)::float8,
          coalesce(extract(epoch from replay_lag), 0)::float8 from pg_stat_replication limit 100
        """;

    const string Server = """
        select current_setting('max_connections')::float8, current_setting('server_version_num')::int, pg_is_in_recovery(),
          case when pg_is_in_recovery() then coalesce(extract(epoch from now() - pg_last_xact_replay_timestamp()), 0)::float8 else 0 end,
          exists (select 1 from pg_extension where extname = 'pg_stat_statements'), pg_database_size(current_database())::float8, current_database()::text
        """;

    // Those with most time, 50 of them, and of their texts 200 characters.
    const string Statements = """
        select s.queryid::text, d.datname::text, left(regexp_replace(s.query, '\s+', ' ', 'g'), 200), sum(s.calls)::float8, sum(s.total_exec_time)::float8 / 1000, sum(s.rows)::float8
        from pg_stat_statements s join pg_database d on d.oid = s.dbid where s.queryid is not null group by 1, 2, 3 order by 5 desc limit 50
        """;

    NpgsqlConnection? connection;

    public async Task<string?> AskAsync(ProbeSamples into, CancellationToken stop)
    {
        try
        {
            if (connection is null && await OpenAsync(stop) is { } closed)
            {
                return closed;
            }

            await ReadAsync(into, stop);
            return null;
        }
        catch (PostgresException refused)
        {
            Dispose();
            return $"it answers {refused.SqlState}: {refused.MessageText}";
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        connection?.Dispose();
        connection = null;
    }

    async Task<string?> OpenAsync(CancellationToken stop)
    {
        var (password, why) = ProbeSecret.Read(target.Password);
        if (why is not null)
        {
            return why;
        }

        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = target.Url.Host,
            Port = target.Url.Port,
            Username = target.User ?? "postgres",
            Password = password,
            Database = target.Database,
            ApplicationName = "mainstay",
            Pooling = false,
            Timeout = 5,
            CommandTimeout = 5,
            Options = "-c default_transaction_read_only=on -c statement_timeout=4000",
        };
        connection = new(settings.ConnectionString);
        await connection.OpenAsync(stop);
        return null;
    }

    async Task ReadAsync(ProbeSamples into, CancellationToken stop)
    {
        var (version, statements) = (0, false);
        await RowsAsync(Server, row =>
        {
            into.Gauge("postgresql.connection.max", "{connection}", row.GetDouble(0));
            into.Gauge("postgresql.replication.lag", "s", row.GetBoolean(2) ? row.GetDouble(3) : null);
            into.Gauge("postgresql.db_size", "By", row.GetDouble(5), ("db.namespace", row.GetString(6)));
            (version, statements) = (row.GetInt32(1), row.GetBoolean(4));
        }, stop);
        await RowsAsync(Databases, row => Database(row, into), stop);
        var oldest = 0.0;
        await RowsAsync(Activity, row =>
        {
            into.Gauge("postgresql.activity", "{connection}", row.GetDouble(2), ("state", row.GetString(0)), ("wait", row.GetString(1)));
            oldest = Math.Max(oldest, row.GetDouble(3));
        }, stop);
        into.Gauge("postgresql.transaction.longest", "s", oldest);
        var waiting = 0.0;
        await RowsAsync(Locks, row =>
        {
            into.Gauge("postgresql.database.locks", "{lock}", row.GetDouble(2), ("mode", row.GetString(0)), ("granted", row.GetBoolean(1) ? "true" : "false"));
            waiting += row.GetBoolean(1) ? 0 : row.GetDouble(2);
        }, stop);
        into.Gauge("postgresql.locks.waiting", "{lock}", waiting);
        await RowsAsync(Replicas, row =>
        {
            into.Gauge("postgresql.replication.data_delay", "By", row.GetDouble(1), ("replication_client", row.GetString(0)));
            into.Gauge("postgresql.wal.lag", "s", row.GetDouble(2), ("replication_client", row.GetString(0)));
        }, stop);
        if (statements)
        {
            await StatementsAsync(version, into, stop);
        }
    }

    async Task StatementsAsync(int version, ProbeSamples into, CancellationToken stop)
    {
        var query = version >= RenamedIn ? Statements : Statements.Replace("total_exec_time", "total_time", StringComparison.Ordinal);
        await RowsAsync(query, row =>
        {
            var labels = (ReadOnlySpan<(string, string)>)[("postgresql.queryid", row.GetString(0)), ("db.namespace", row.GetString(1)), ("db.query.text", row.GetString(2))];
            into.Counter("postgresql.statement.calls", "{call}", row.GetDouble(3), labels);
            into.Counter("postgresql.statement.time", "s", row.GetDouble(4), labels);
            into.Counter("postgresql.statement.rows", "{row}", row.GetDouble(5), labels);
        }, stop);
    }

    static void Database(NpgsqlDataReader row, ProbeSamples into)
    {
        var label = ("db.namespace", row.GetString(0));
        into.Gauge("postgresql.backends", "{connection}", row.GetDouble(1), label);
        into.Counter("postgresql.commits", "{transaction}", row.GetDouble(2), label);
        into.Counter("postgresql.rollbacks", "{transaction}", row.GetDouble(3), label);
        into.Counter("postgresql.blocks_read", "{block}", row.GetDouble(4), label, ("source", "disk"));
        into.Counter("postgresql.blocks_read", "{block}", row.GetDouble(5), label, ("source", "cache"));
        into.Counter("postgresql.deadlocks", "{deadlock}", row.GetDouble(6), label);
        into.Counter("postgresql.temp.io", "By", row.GetDouble(7), label);
        string[] operations = ["returned", "insert", "update", "delete"];
        for (var i = 0; i < operations.Length; i++)
        {
            into.Counter("postgresql.rows", "{row}", row.GetDouble(8 + i), label, ("operation", operations[i]));
        }
    }

    async Task RowsAsync(string query, Action<NpgsqlDataReader> each, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(query, connection);
        await using var rows = await command.ExecuteReaderAsync(stop);
        while (await rows.ReadAsync(stop))
        {
            each(rows);
        }
    }
}
