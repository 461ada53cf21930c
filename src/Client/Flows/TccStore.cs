using System.Data.Common;
using System.Globalization;

namespace Mainstay.Client.Flows;

/// <summary>A call of a tcc, by the headers that Mainstay sends with it.</summary>
/// <param name="Branch">Which branch of which run: <c>Mainstay-Branch</c>. 1 to 300 characters.</param>
/// <param name="Phase">try, confirm or cancel: <c>Mainstay-Phase</c>.</param>
public sealed record TccCall(string Branch, string Phase);

/// <summary>What came of a call.</summary>
/// <param name="Verdict">What was found.</param>
/// <param name="Status">The status to answer with: 200, 409 or 503.</param>
/// <param name="Begun">Of a try that was begun, tells it from others of its branch; else 0.</param>
public sealed record TccOutcome(TccVerdict Verdict, int Status, long Begun = 0);

/// <summary>
/// Fences the branches of a tcc in a service's own database, in the transaction that changes its data: an empty cancel is noted and refuses the try that comes later, repeats do nothing again, and a cancel waits for a try that
/// still runs. SQLite and PostgreSQL; any other that has <c>INSERT … ON CONFLICT DO NOTHING</c>.
/// </summary>
/// <remarks>
/// What a call does is one transaction of the given connection, which has to be open and in no transaction: either both its work and what is noted of it are there, or neither. A try that may take long is begun
/// (<see cref="BeginTryAsync"/>) and ended (<see cref="EndTryAsync"/>) in two; between them others are told to ask later.
/// </remarks>
public sealed class TccStore
{
    /// <summary>The table, one row per branch.</summary>
    public const string Table = "mainstay_tcc";

    /// <summary>The longest name of a branch, in characters.</summary>
    public const int MostBranch = 300;

    readonly TimeProvider time;

    /// <param name="time">The clock; null is the system's.</param>
    public TccStore(TimeProvider? time = null) => this.time = time ?? TimeProvider.System;

    /// <summary>Makes the table where it is not there.</summary>
    public static async Task CreateAsync(DbConnection connection, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE TABLE IF NOT EXISTS {Table} (branch VARCHAR({MostBranch}) PRIMARY KEY, state INTEGER NOT NULL, begun_until BIGINT NOT NULL, changed_at BIGINT NOT NULL)";
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Does a call's work where the rules say so, and notes it, in one transaction. What the work throws undoes both.</summary>
    /// <param name="connection">Open, in no transaction.</param>
    /// <param name="call">The call.</param>
    /// <param name="work">Reserves, makes final or releases: with the transaction that its commands have to be in.</param>
    /// <param name="stop">Ends it before it is committed.</param>
    /// <exception cref="ArgumentException">The branch or the phase is none.</exception>
    public async Task<TccOutcome> DoAsync(DbConnection connection, TccCall call, Func<DbTransaction, Task> work, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return await TakeAsync(connection, call, default, work, stop);
    }

    /// <summary>Notes that a try has begun whose work is done outside the database, or takes long; only with <see cref="TccVerdict.Go"/> it is to be done.</summary>
    /// <param name="connection">Open, in no transaction.</param>
    /// <param name="branch">Its branch.</param>
    /// <param name="most">How long it may take; it is taken for dead after that. 1s to 1h.</param>
    /// <param name="stop">Ends it before it is committed.</param>
    public Task<TccOutcome> BeginTryAsync(DbConnection connection, string branch, TimeSpan most, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(most, TimeSpan.FromHours(1));
        return TakeAsync(connection, new(branch, "try"), time.GetUtcNow() + most, null, stop);
    }

    /// <summary>Ends a try that was begun: with its last work, or undone. False where it took too long, and was cancelled or tried anew meanwhile: what it did is to be undone.</summary>
    /// <param name="connection">Open, in no transaction.</param>
    /// <param name="branch">Its branch.</param>
    /// <param name="begun">As <see cref="BeginTryAsync"/> told it.</param>
    /// <param name="done">Whether it is reserved; where not, the branch is as if it had never been tried.</param>
    /// <param name="work">In the same transaction; null for none.</param>
    /// <param name="stop">Ends it before it is committed.</param>
    public async Task<bool> EndTryAsync(DbConnection connection, string branch, long begun, bool done, Func<DbTransaction, Task>? work = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Check(new(branch, "try"));
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await using (var end = Command(connection, transaction, $"UPDATE {Table} SET state = @next, changed_at = @now WHERE branch = @branch AND state = @trying AND begun_until = @begun", ("@begun", begun), ("@branch", branch), ("@next", (int)(done ? TccState.Tried : TccState.None)), ("@trying", (int)TccState.Trying), ("@now", Now())))
        {
            if (await end.ExecuteNonQueryAsync(stop) != 1)
            {
                return false;
            }
        }

        if (work is not null)
        {
            await work(transaction);
        }

        await transaction.CommitAsync(stop);
        return true;
    }

    /// <summary>How a branch stands.</summary>
    public static async Task<TccState> StateOfAsync(DbConnection connection, string branch, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return (await ReadAsync(connection, null, branch, stop)).State;
    }

    /// <summary>Forgets branches that have not changed for so long. Longer than any run may take to ask again: a branch that is forgotten can be tried anew.</summary>
    /// <returns>How many.</returns>
    public async Task<int> ForgetAsync(DbConnection connection, TimeSpan after, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = Command(connection, null, $"DELETE FROM {Table} WHERE changed_at < @before AND state <> @trying", ("@before", (time.GetUtcNow() - after).ToUnixTimeMilliseconds()), ("@trying", (int)TccState.Trying));
        return await command.ExecuteNonQueryAsync(stop);
    }

    async Task<TccOutcome> TakeAsync(DbConnection connection, TccCall call, DateTimeOffset begunUntil, Func<DbTransaction, Task>? work, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Check(call);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await using (var first = Command(connection, transaction, $"INSERT INTO {Table} (branch, state, begun_until, changed_at) VALUES (@branch, 0, 0, @now) ON CONFLICT (branch) DO NOTHING", ("@branch", call.Branch), ("@now", Now())))
        {
            // The write comes first: it holds the row (in SQLite the file) until the end, so that two calls of a branch come one after the other.
            await first.ExecuteNonQueryAsync(stop);
        }

        await using (var hold = Command(connection, transaction, $"UPDATE {Table} SET changed_at = @now WHERE branch = @branch", ("@branch", call.Branch), ("@now", Now())))
        {
            await hold.ExecuteNonQueryAsync(stop);
        }

        var (state, until) = await ReadAsync(connection, transaction, call.Branch, stop);
        var (verdict, next) = TccRules.Next(state, call.Phase, until, time.GetUtcNow());

        // With its work in the same transaction a try ends with it.
        if (verdict == TccVerdict.Go && work is not null)
        {
            await work(transaction);
            next = next == TccState.Trying ? TccState.Tried : next;
        }

        if (next != state || verdict == TccVerdict.Go)
        {
            await using var note = Command(
                connection, transaction, $"UPDATE {Table} SET state = @state, begun_until = @until WHERE branch = @branch", ("@branch", call.Branch), ("@state", (int)next), ("@until", begunUntil == default ? 0L : begunUntil.ToUnixTimeMilliseconds()));
            await note.ExecuteNonQueryAsync(stop);
        }

        await transaction.CommitAsync(stop);
        return new(verdict, verdict switch { TccVerdict.Refused => 409, TccVerdict.Later => 503, _ => 200 }, verdict == TccVerdict.Go && work is null ? begunUntil.ToUnixTimeMilliseconds() : 0);
    }

    long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    static async Task<(TccState State, DateTimeOffset Until)> ReadAsync(DbConnection connection, DbTransaction? transaction, string branch, CancellationToken stop)
    {
        await using var command = Command(connection, transaction, $"SELECT state, begun_until FROM {Table} WHERE branch = @branch", ("@branch", branch));
        await using var reader = await command.ExecuteReaderAsync(stop);
        return await reader.ReadAsync(stop)
            ? ((TccState)Convert.ToInt32(reader.GetValue(0), CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture)))
            : (TccState.None, default);
    }

    static void Check(TccCall call)
    {
        if (call.Branch.Length is 0 or > MostBranch || call.Branch.Any(char.IsControl))
        {
            throw new ArgumentException($"a branch has 1 to {MostBranch} characters", nameof(call));
        }

        if (call.Phase is not ("try" or "confirm" or "cancel"))
        {
            throw new ArgumentException("the phase is try, confirm or cancel", nameof(call));
        }
    }

    static DbCommand Command(DbConnection connection, DbTransaction? transaction, string text, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
