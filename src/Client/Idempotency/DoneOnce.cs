using System.Data;
using System.Data.Common;
using System.Text;

namespace Mainstay.Client.Idempotency;

/// <summary>
/// Does what a request with an <c>Idempotency-Key</c> asks once, in the database and the transaction of the service itself (PostgreSQL or SQLite, over the provider that the service uses):
/// the key, what was done and the answer become durable together or not at all, so that no outcome is ever unknown.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>The key is written first; of two requests with a key one does the work. In PostgreSQL the other gets 409 meanwhile; in SQLite, which has one writer at a time, it waits and gets the answer.</item>
/// <item>An answer below 500 is kept with its work. Where the work throws or answers 500 and above, all of it is rolled back and the key is free.</item>
/// <item>The same key with another print gets 422; one that is <c>keep</c> old is free again.</item>
/// </list>
/// </remarks>
/// <param name="table">The table's name, of letters, digits and <c>_</c>.</param>
/// <param name="keep">How long an answer is kept. Default 24 hours.</param>
/// <param name="time">The clock; null for the system's.</param>
public sealed class DoneOnce(string table = "mainstay_done_once", TimeSpan? keep = null, TimeProvider? time = null)
{
    readonly string table = table.Length is > 0 and <= 60 && table.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? table : throw new ArgumentException("a table's name has letters, digits and '_'", nameof(table));
    readonly long keepMs = (long)(keep ?? TimeSpan.FromHours(24)).TotalMilliseconds;
    readonly TimeProvider time = time ?? TimeProvider.System;

    /// <summary>The statement that makes the table where it is not; both databases understand it.</summary>
    public string Table => $"CREATE TABLE IF NOT EXISTS {table} (owner text NOT NULL, key text NOT NULL, print text NOT NULL, ends bigint NOT NULL, status int, type text, body bytea, PRIMARY KEY (owner, key))";

    internal string Insert => $"INSERT INTO {table} (owner, key, print, ends) VALUES (@owner, @key, @print, @ends) ON CONFLICT (owner, key) DO NOTHING";

    internal string Select => $"SELECT print, ends, status, type, body FROM {table} WHERE owner = @owner AND key = @key";

    internal string Update => $"UPDATE {table} SET status = @status, type = @type, body = @body, ends = @ends WHERE owner = @owner AND key = @key";

    internal string Delete => $"DELETE FROM {table} WHERE owner = @owner AND key = @key";

    internal string Sweep => $"DELETE FROM {table} WHERE ends < @ends";

    /// <summary>Makes the table where it is not.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="stop">Gives up.</param>
    public async Task PrepareAsync(DbConnection connection, CancellationToken stop = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Table;
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Forgets keys that were kept for long enough; gives how many.</summary>
    /// <param name="connection">An open connection without a transaction.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<int> ForgetAsync(DbConnection connection, CancellationToken stop = default)
    {
        await using var command = Command(connection, null, Sweep, ("ends", NowMs));
        return await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Does the work, or gives the answer that it had.</summary>
    /// <param name="connection">An open connection without a transaction; nobody else uses it meanwhile.</param>
    /// <param name="request">The request.</param>
    /// <param name="work">Does what is asked within the transaction, which it neither commits nor rolls back, and gives the answer.</param>
    /// <param name="stop">Gives up; then nothing is done.</param>
    public async Task<OnceAnswer> RunAsync(DbConnection connection, OnceRequest request, Func<DbTransaction, CancellationToken, Task<OnceAnswer>> work, CancellationToken stop = default)
    {
        if (request.Bare is not { } key || request.Owner.Length > 200)
            return Told(400, "An Idempotency-Key is 1 to 255 visible characters.");
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, stop);
        if (!await IsAloneAsync(connection, transaction, $"{table}\n{request.Owner}\n{key}", stop))
            return Told(409, "The request with this Idempotency-Key is being done.");
        (string, object)[] whose = [("owner", request.Owner), ("key", key)];
        if (!await InsertAsync(connection, transaction, whose, request.Print, stop))
        {
            var (known, isOver) = await ReadAsync(connection, transaction, whose, request.Print, stop);
            if (!isOver)
                return known!;
            await using var delete = Command(connection, transaction, Delete, whose);
            await delete.ExecuteNonQueryAsync(stop);
            await InsertAsync(connection, transaction, whose, request.Print, stop);
        }

        // Disposed without a commit, the transaction takes everything back.
        var answer = await work(transaction, stop);
        if (answer.Status >= 500)
            return answer;
        await using var update = Command(connection, transaction, Update, [.. whose, ("status", answer.Status), ("type", answer.ContentType), ("body", answer.Body), ("ends", NowMs + keepMs)]);
        await update.ExecuteNonQueryAsync(stop);
        await transaction.CommitAsync(stop);
        return answer;
    }

    long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    // In PostgreSQL an insertion would wait for the other's transaction; whoever does not get the lock is told at once.
    static async Task<bool> IsAloneAsync(DbConnection connection, DbTransaction transaction, string what, CancellationToken stop)
    {
        if (connection.GetType().Namespace != "Npgsql")
            return true;
        await using var command = Command(connection, transaction, "SELECT pg_try_advisory_xact_lock(hashtextextended(@what, 7072))", ("what", what));
        return await command.ExecuteScalarAsync(stop) is true;
    }

    async Task<bool> InsertAsync(DbConnection connection, DbTransaction transaction, (string, object)[] whose, string print, CancellationToken stop)
    {
        await using var insert = Command(connection, transaction, Insert, [.. whose, ("print", print), ("ends", NowMs + keepMs)]);
        return await insert.ExecuteNonQueryAsync(stop) == 1;
    }

    async Task<(OnceAnswer? Known, bool IsOver)> ReadAsync(DbConnection connection, DbTransaction transaction, (string, object)[] whose, string print, CancellationToken stop)
    {
        await using var select = Command(connection, transaction, Select, whose);
        await using var row = await select.ExecuteReaderAsync(stop);
        if (!await row.ReadAsync(stop) || row.GetInt64(1) < NowMs)
            return (null, true);
        return row.GetString(0) != print
            ? (Told(422, "This Idempotency-Key was used for another request."), false)
            : (new(row.GetInt32(2), row.GetString(3), row.GetFieldValue<byte[]>(4), IsReplay: true), false);
    }

    static DbCommand Command(DbConnection connection, DbTransaction? transaction, string sql, params (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    // RFC 9457.
    static OnceAnswer Told(int status, string detail) => new(status, "application/problem+json", Encoding.UTF8.GetBytes($"{{\"type\":\"about:blank\",\"status\":{status},\"detail\":\"{detail}\"}}"));
}
