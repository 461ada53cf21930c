using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Queues;

/// <summary>The tables of the queues' file, and what is asked of them.</summary>
/// <remarks>A message is written once and deleted once; what changes about it is in a small row beside it, so that a delivery writes few bytes.</remarks>
static class QueueTables
{
    // "MsQu", of PRAGMA application_id.
    public const int Application = 0x4D735175;

    public static readonly string[] Make =
    [
        """
        CREATE TABLE messages (
          id INTEGER PRIMARY KEY, queue TEXT NOT NULL, key TEXT, priority INTEGER NOT NULL, due INTEGER NOT NULL, at INTEGER NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL)
        """,
        // state: 1 in flight until due, 2 waiting until due, 3 dead.
        "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, due INTEGER NOT NULL, state INTEGER NOT NULL, why TEXT)",
        // Grows with time, so that what is over lies at its beginning.
        "CREATE TABLE seen (n INTEGER PRIMARY KEY, queue TEXT NOT NULL, dedupe TEXT NOT NULL, at INTEGER NOT NULL, message INTEGER NOT NULL, UNIQUE (queue, dedupe))",
        // One row: the largest id that was ever given.
        "CREATE TABLE last (id INTEGER NOT NULL)",
        "INSERT INTO last VALUES (0)",
    ];

    const int InFlight = 1, Waiting = 2, Dead = 3;

    /// <summary>A message as it was written down.</summary>
    public readonly record struct Row(string Queue, QueuedMessage Message, MessageState State, int Attempts, long DueMs, string? Why);

    public static long LastId(JournalFile file) => file["SELECT id FROM last"].Number();

    public static void KeepLastId(JournalFile file, long id) => file["UPDATE last SET id = ?1"].Bind(1, id).Run();

    /// <summary>All messages, in the order of their ids.</summary>
    public static IEnumerable<Row> All(JournalFile file)
    {
        var select = file[
            """
            SELECT m.id, m.queue, m.key, m.priority, m.due, m.at, length(m.head) + length(m.body), d.attempts, d.due, d.state, d.why
            FROM messages m LEFT JOIN deliveries d ON d.id = m.id ORDER BY m.id
            """];
        try
        {
            while (select.Step())
            {
                var message = new QueuedMessage
                {
                    Id = select.Long(0), Key = select.IsNull(2) ? null : select.Text(2), Priority = (int)select.Long(3), AtMs = select.Long(5), Bytes = (int)select.Long(6),
                };
                yield return select.IsNull(7)
                    ? new(select.Text(1), message, MessageState.Ready, 0, select.Long(4), null)
                    : new(select.Text(1), message, StateOf(select.Long(9)), (int)select.Long(7), select.Long(8), select.IsNull(10) ? null : select.Text(10));
            }
        }
        finally
        {
            select.Reset();
        }
    }

    public static void Insert(JournalFile file, string queue, QueuedMessage message, long dueMs, NewMessage content)
    {
        var insert = file["INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"]
            .Bind(1, message.Id).Bind(2, queue).Bind(4, message.Priority).Bind(5, dueMs).Bind(6, message.AtMs).Bind(7, content.Head.Span).Bind(8, content.Body.Span);
        (message.Key is { } key ? insert.Bind(3, key) : insert.BindNull(3)).Run();
    }

    /// <summary>Writes down how a message stands after a delivery.</summary>
    public static void Mark(JournalFile file, QueuedMessage message)
    {
        var upsert = file["INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5)"].Bind(1, message.Id).Bind(2, message.Attempts).Bind(3, message.DueMs)
            .Bind(4, message.State switch { MessageState.InFlight => InFlight, MessageState.Dead => Dead, _ => Waiting });
        (message.Why is { } why ? upsert.Bind(5, why) : upsert.BindNull(5)).Run();
    }

    public static void Delete(JournalFile file, long id)
    {
        file["DELETE FROM messages WHERE id = ?1"].Bind(1, id).Run();
        file["DELETE FROM deliveries WHERE id = ?1"].Bind(1, id).Run();
    }

    /// <summary>A dead letter becomes a new message.</summary>
    public static void Renew(JournalFile file, long id, long newId, long nowMs)
    {
        file["UPDATE messages SET id = ?2, at = ?3, due = 0 WHERE id = ?1"].Bind(1, id).Bind(2, newId).Bind(3, nowMs).Run();
        file["DELETE FROM deliveries WHERE id = ?1"].Bind(1, id).Run();
    }

    public static (byte[] Head, byte[] Body) Content(JournalFile file, long id)
    {
        var select = file["SELECT head, body FROM messages WHERE id = ?1"].Bind(1, id);
        try
        {
            return select.Step() ? (select.Blob(0), select.Blob(1)) : throw new InvalidOperationException($"message {id} has no content");
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>The message that came with this id since then; 0 where none did.</summary>
    public static long Seen(JournalFile file, string queue, string dedupe, long sinceMs) =>
        file["SELECT message FROM seen WHERE queue = ?1 AND dedupe = ?2 AND at >= ?3"].Bind(1, queue).Bind(2, dedupe).Bind(3, sinceMs).Number();

    public static void Remember(JournalFile file, string queue, string dedupe, long nowMs, long message) =>
        file["INSERT OR REPLACE INTO seen (queue, dedupe, at, message) VALUES (?1, ?2, ?3, ?4)"].Bind(1, queue).Bind(2, dedupe).Bind(3, nowMs).Bind(4, message).Run();

    /// <summary>Forgets a slice of the oldest ids of duplicates, as far as they are older than this; true where there may be more of them.</summary>
    public static bool Forget(JournalFile file, long beforeMs)
    {
        const int Slice = 2_000;
        file["DELETE FROM seen WHERE n IN (SELECT n FROM seen ORDER BY n LIMIT ?2) AND at < ?1"].Bind(1, beforeMs).Bind(2, Slice).Run();
        return file.Changed == Slice;
    }

    /// <summary>How many ids of duplicates are remembered.</summary>
    public static long Remembered(JournalFile file) => file["SELECT count(*) FROM seen"].Number();

    static MessageState StateOf(long state) => state switch { InFlight => MessageState.InFlight, Dead => MessageState.Dead, _ => MessageState.Later };
}
