using System.Data.Common;
using Mainstay.Client.Queues;

namespace Mainstay.Client.Outbox;

/// <summary>
/// Messages that take effect once, however often they are delivered: that a message was handled is written to a table of the consumer's own database (SQLite or PostgreSQL, by ADO.NET), in the same transaction
/// as what it changes.
/// </summary>
/// <param name="consumer">Who handles: the same message may be handled once by each consumer. Up to 200 characters.</param>
/// <param name="connect">Gives an open connection; it is disposed of.</param>
/// <param name="time">Null is the system's.</param>
public sealed class Inbox(string consumer, Func<CancellationToken, Task<DbConnection>> connect, TimeProvider? time = null)
{
    const string Table = "mainstay_inbox";

    readonly TimeProvider time = time ?? TimeProvider.System;

    /// <summary>Makes the table where there is none. Call it once at start, outside of transactions.</summary>
    public static Task CreateAsync(DbConnection connection, CancellationToken stop = default) => connection.MakeAsync(
        $"CREATE TABLE IF NOT EXISTS {Table} (consumer VARCHAR(200) NOT NULL, source VARCHAR(1000) NOT NULL, id VARCHAR(1000) NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (consumer, source, id))",
        Table,
        stop);

    /// <summary>Whether a message is seen for the first time; from then on, once the transaction is committed, it is not. A second transaction with the same message waits for the first.</summary>
    /// <param name="transaction">The one that changes what the message changes.</param>
    /// <param name="source">The message's source.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<bool> IsFirstAsync(DbTransaction transaction, string source, string id, CancellationToken stop = default) =>
        await transaction.Connection!.RunAsync(
            transaction, $"INSERT INTO {Table} (consumer, source, id, at) VALUES (@consumer, @source, @id, @at) ON CONFLICT (consumer, source, id) DO NOTHING", stop,
            ("consumer", consumer), ("source", source), ("id", id), ("at", time.GetUtcNow().ToUnixTimeMilliseconds())) == 1;

    /// <summary>Handles a message in a transaction of its own, unless it was handled before. True where it was handled now; where the handler throws, nothing is written.</summary>
    public async Task<bool> HandleAsync(QueueEvent message, Func<QueueEvent, DbTransaction, CancellationToken, Task> handle, CancellationToken stop = default)
    {
        await using var connection = await connect(stop);
        await using var transaction = await connection.BeginTransactionAsync(stop);
        if (!await IsFirstAsync(transaction, message.Source, message.Id, stop))
        {
            await transaction.RollbackAsync(stop);
            return false;
        }

        await handle(message, transaction, stop);
        await transaction.CommitAsync(stop);
        return true;
    }

    /// <summary>Takes from a queue until stopped; each message takes effect once, and is acknowledged when that is committed. One whose handler throws comes again.</summary>
    public Task ProcessAsync(QueueClient queues, string queue, Func<QueueEvent, DbTransaction, CancellationToken, Task> handle, CancellationToken stop) =>
        queues.ProcessAsync(queue, (message, end) => HandleAsync(message, handle, end), stop);

    /// <summary>Forgets messages that were handled longer ago; choose it longer than a message can be on its way (the queue's <c>retention</c>, and how long dead letters are kept). How many it was.</summary>
    public async Task<int> ForgetAsync(TimeSpan olderThan, CancellationToken stop = default)
    {
        await using var connection = await connect(stop);
        return await connection.RunAsync(null, $"DELETE FROM {Table} WHERE consumer = @consumer AND at < @at", stop, ("consumer", consumer), ("at", (time.GetUtcNow() - olderThan).ToUnixTimeMilliseconds()));
    }
}
