using System.Data.Common;
using System.Text;
using System.Text.Json;
using Mainstay.Client.Queues;

namespace Mainstay.Client.Outbox;

/// <summary>
/// Messages that are published if and only if the service's own transaction is committed: written to a table of its database (SQLite or PostgreSQL, by ADO.NET) in that transaction, and from there sent on by
/// <see cref="OutboxRelay"/>.
/// </summary>
public static class OutboxTable
{
    internal const string Table = "mainstay_outbox";

    /// <summary>Makes the table where there is none. Call it once at start, outside of transactions.</summary>
    public static Task CreateAsync(DbConnection connection, CancellationToken stop = default) => connection.MakeAsync(
        $"CREATE TABLE IF NOT EXISTS {Table} (n {(Sql.IsPostgres(connection) ? "BIGINT GENERATED ALWAYS AS IDENTITY" : "INTEGER")} PRIMARY KEY, target VARCHAR(200) NOT NULL, topic INTEGER NOT NULL, event TEXT NOT NULL, why TEXT NULL)",
        Table,
        stop);

    /// <summary>Puts a message in, to be published to a queue once the transaction is committed.</summary>
    /// <param name="transaction">The service's own.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="message">Known by its source and id: they stay the same however often it is sent.</param>
    /// <param name="stop">Gives up.</param>
    public static Task EnqueueAsync(DbTransaction transaction, string queue, QueueEvent message, CancellationToken stop = default) => InsertAsync(transaction, queue, isTopic: false, message, stop);

    /// <summary>Puts a message in, to be published to a topic once the transaction is committed.</summary>
    public static Task EnqueueToTopicAsync(DbTransaction transaction, string topic, QueueEvent message, CancellationToken stop = default) => InsertAsync(transaction, topic, isTopic: true, message, stop);

    static Task<int> InsertAsync(DbTransaction transaction, string target, bool isTopic, QueueEvent message, CancellationToken stop)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            message.Write(writer);
        }

        return transaction.Connection!.RunAsync(
            transaction, $"INSERT INTO {Table} (target, topic, event) VALUES (@target, @topic, @event)", stop, ("target", target), ("topic", isTopic ? 1 : 0), ("event", Encoding.UTF8.GetString(into.ToArray())));
    }
}
