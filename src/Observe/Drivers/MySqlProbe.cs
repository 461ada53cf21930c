using Mainstay.Observe.Collect.Probes;

namespace Mainstay.Observe.Drivers;

/// <summary>
/// Asks MySQL or MariaDB for its status, on one connection that is kept, reading only and with a time limit of its own. What the user may not see is left out: everything but the status wants
/// <c>PROCESS</c>, replication <c>REPLICATION CLIENT</c> (MariaDB: <c>SLAVE MONITOR</c>), statements <c>SELECT</c> on <c>performance_schema</c>, where that is on.
/// No library for it restores here under a licence that suits; of the protocol only this much is needed.
/// </summary>
sealed class MySqlProbe(ProbeTarget target) : IProbe
{
    const string Variables = "show global variables where variable_name in ('max_connections', 'innodb_buffer_pool_size', 'performance_schema')";

    const string Transactions = """
        select count(*), sum(trx_state = 'LOCK WAIT'), coalesce(max(timestampdiff(microsecond, trx_started, now())), 0) / 1000000
        from information_schema.innodb_trx where trx_mysql_thread_id <> connection_id()
        """;

    const string Deadlocks = "select count from information_schema.innodb_metrics where name = 'lock_deadlocks'";

    // Those with most time, 50 of them, and of their texts 200 characters; the server has replaced literals.
    const string Statements = """
        select digest, coalesce(schema_name, ''), left(digest_text, 200), count_star, sum_timer_wait, sum_lock_time, sum_rows_sent, sum_rows_examined, sum_errors
        from performance_schema.events_statements_summary_by_digest where digest is not null order by sum_timer_wait desc limit 50
        """;

    // The same under its names: MySQL since 8.0.22, MariaDB with all its sources, and older ones.
    static readonly string[] Replication = ["show replica status", "show slave status"];
    static readonly string[] MariaDbReplication = ["show all slaves status"];

    MySqlConnection? connection;

    public async Task<string?> AskAsync(ProbeSamples into, CancellationToken stop)
    {
        try
        {
            if (connection is null)
            {
                var why = await OpenAsync(stop);
                if (why is { Code: MySqlError.TooManyConnections })
                {
                    MySqlReport.Exhausted(into);
                    return null;
                }

                if (why is not null)
                {
                    return why.ToString();
                }
            }

            var error = await ReadAsync(connection!, into, stop);
            if (error is not null)
            {
                Dispose();
            }

            return error?.ToString();
        }
        catch
        {
            // What was half read belongs to nobody; the next probe begins anew.
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        connection?.Dispose();
        connection = null;
    }

    async Task<MySqlError?> OpenAsync(CancellationToken stop)
    {
        var (password, why) = ProbeSecret.Read(target.Password);
        if (why is not null)
        {
            return new(0, why);
        }

        (connection, var error) = await MySqlConnection.OpenAsync(target.Url.Host, target.Url.Port, target.User ?? "root", password ?? "", stop);
        if (connection is not null)
        {
            // Each of the two servers has its own limit of time, in seconds and in milliseconds.
            await connection.AskAsync("set session transaction read only", stop);
            await connection.AskAsync(connection.Server.IsMariaDb ? "set session max_statement_time = 4" : "set session max_execution_time = 4000", stop);
        }

        return error;
    }

    static async Task<MySqlError?> ReadAsync(MySqlConnection from, ProbeSamples into, CancellationToken stop)
    {
        var (status, error) = await from.AskAsync("show global status", stop);
        if (error is not null)
        {
            return error;
        }

        var (bounds, refused) = await from.AskAsync(Variables, stop);
        if (refused is not null)
        {
            return refused;
        }

        var (figures, variables) = (status.Pairs(), bounds.Pairs());
        MySqlReport.Status(figures, variables, into);
        MySqlReport.Transactions((await from.AskAsync(Transactions, stop)).Rows, into);
        if (!figures.ContainsKey("Innodb_deadlocks"))
        {
            MySqlReport.Deadlocks((await from.AskAsync(Deadlocks, stop)).Rows, into);
        }

        foreach (var question in from.Server.IsMariaDb ? MariaDbReplication : Replication)
        {
            var (sources, unknown) = await from.AskAsync(question, stop);
            if (unknown is null)
            {
                MySqlReport.Replication(sources, into);
                break;
            }
        }

        if (variables.GetValueOrDefault("performance_schema") == "ON")
        {
            MySqlReport.Statements((await from.AskAsync(Statements, stop)).Rows, into);
        }

        return null;
    }
}
