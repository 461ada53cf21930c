using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>The tables of the streams' file, and what is asked of them.</summary>
static class StreamTables
{
    // "MsSt", of PRAGMA application_id.
    public const int Application = 0x4D735374;

    public static readonly string[] Make =
    [
        // first: the smallest version that is kept; removed: the smallest that is still in the file.
        """
        CREATE TABLE streams (
          n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, first INTEGER NOT NULL, removed INTEGER NOT NULL, gone INTEGER NOT NULL,
          keep INTEGER NOT NULL, keepms INTEGER NOT NULL)
        """,
        "CREATE INDEX streams_dirty ON streams (n) WHERE removed < first",
        "CREATE INDEX streams_aging ON streams (n) WHERE keepms > 0",
        """
        CREATE TABLE events (
          position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, hash INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
          head BLOB NOT NULL, body BLOB NOT NULL)
        """,
        "CREATE UNIQUE INDEX events_of ON events (stream, version)",
        "CREATE INDEX events_ids ON events (stream, hash)",
        "CREATE TABLE snapshots (stream INTEGER PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL)",
        "CREATE TABLE readers (name TEXT PRIMARY KEY, position INTEGER NOT NULL, rewinds INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
        // One row: the largest position that was ever given, when, and how much there is.
        "CREATE TABLE last (position INTEGER NOT NULL, at INTEGER NOT NULL, streams INTEGER NOT NULL, events INTEGER NOT NULL)",
        "INSERT INTO last VALUES (0, 0, 0, 0)",
    ];

    /// <summary>A stream as it is written down.</summary>
    public readonly record struct Row(long N, string Name, StreamStanding Standing, long Keep, long KeepMs);

    public static StreamSums Sums(JournalFile file)
    {
        var select = file["SELECT position, at, streams, events FROM last"];
        try
        {
            select.Step();
            return new(select.Long(0), select.Long(1), select.Long(2), select.Long(3));
        }
        finally
        {
            select.Reset();
        }
    }

    public static void Keep(JournalFile file, StreamSums sums) =>
        file["UPDATE last SET position = ?1, at = ?2, streams = ?3, events = ?4"].Bind(1, sums.Position).Bind(2, sums.AtMs).Bind(3, sums.Streams).Bind(4, sums.Events).Run();

    /// <summary>The stream of this name; null where none was ever made.</summary>
    public static Row? Find(JournalFile file, string name)
    {
        var select = file["SELECT n, name, version, first, gone, keep, keepms FROM streams WHERE name = ?1"].Bind(1, name);
        try
        {
            return select.Step() ? RowOf(select) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    static Row RowOf(Statement select) => new(select.Long(0), select.Text(1), new(select.Long(2), select.Long(3), select.Long(4) == 1), select.Long(5), select.Long(6));

    public static long Insert(JournalFile file, string name, StreamStanding standing, long keep = 0, long keepMs = 0)
    {
        file["INSERT INTO streams (name, version, first, removed, gone, keep, keepms) VALUES (?1, ?2, ?3, 1, 0, ?4, ?5)"].Bind(1, name).Bind(2, standing.Version).Bind(3, standing.First).Bind(4, keep).Bind(5, keepMs).Run();
        return file.LastId;
    }

    public static void Stand(JournalFile file, long n, StreamStanding standing) =>
        file["UPDATE streams SET version = ?2, first = ?3, gone = ?4 WHERE n = ?1"].Bind(1, n).Bind(2, standing.Version).Bind(3, standing.First).Bind(4, standing.IsGone ? 1 : 0).Run();

    public static void SetTerms(JournalFile file, long n, long keep, long keepMs) =>
        file["UPDATE streams SET keep = ?2, keepms = ?3 WHERE n = ?1"].Bind(1, n).Bind(2, keep).Bind(3, keepMs).Run();

    public static void Insert(JournalFile file, long stream, long version, long position, long atMs, NewEvent one) =>
        file["INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"].Bind(1, position).Bind(2, stream).Bind(3, version).Bind(4, atMs).Bind(5, HashOf(one.Id)).Bind(6, one.Id).Bind(7, one.Type)
            .Bind(8, one.Head.Span).Bind(9, one.Body.Span).Run();

    /// <summary>The version at which an id is in a stream; 0 where it is not.</summary>
    public static long VersionOf(JournalFile file, long stream, string id, long first) =>
        // The plus keeps SQLite from walking the whole stream by its versions instead of asking for the hash.
        file["SELECT version FROM events WHERE stream = ?1 AND hash = ?2 AND id = ?3 AND +version >= ?4"].Bind(1, stream).Bind(2, HashOf(id)).Bind(3, id).Bind(4, first).Number();

    /// <summary>The position of a version; 0 where it is not kept.</summary>
    public static long PositionOf(JournalFile file, long stream, long version) =>
        file["SELECT position FROM events WHERE stream = ?1 AND version = ?2"].Bind(1, stream).Bind(2, version).Number();

    /// <summary>When a version was appended; null where it is not kept.</summary>
    public static DateTimeOffset? AtOf(JournalFile file, long stream, long version) =>
        file["SELECT at FROM events WHERE stream = ?1 AND version = ?2"].Bind(1, stream).Bind(2, version).Number() is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    public static IReadOnlyList<Row> List(JournalFile file, string prefix, string after, int limit)
    {
        // A prefix of ASCII, so that what begins with it lies before its successor.
        var select = file["SELECT n, name, version, first, gone, keep, keepms FROM streams WHERE name > ?1 AND name >= ?2 AND name < ?3 ORDER BY name LIMIT ?4"]
            .Bind(1, after).Bind(2, prefix).Bind(3, prefix + "\x7f").Bind(4, limit);
        List<Row> rows = [];
        try
        {
            while (select.Step())
                rows.Add(RowOf(select));
            return rows;
        }
        finally
        {
            select.Reset();
        }
    }

    public static StreamSnapshot? Snapshot(JournalFile file, long stream)
    {
        var select = file["SELECT version, type, body FROM snapshots WHERE stream = ?1"].Bind(1, stream);
        try
        {
            return select.Step() ? new(select.Long(0), select.Text(1), select.Blob(2)) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    public static long SnapshotVersion(JournalFile file, long stream) => file["SELECT version FROM snapshots WHERE stream = ?1"].Bind(1, stream).Number();

    public static void Put(JournalFile file, long stream, StreamSnapshot snapshot) =>
        file["INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4)"].Bind(1, stream).Bind(2, snapshot.Version).Bind(3, snapshot.Type).Bind(4, snapshot.Body.Span).Run();

    public static void DropSnapshot(JournalFile file, long stream) => file["DELETE FROM snapshots WHERE stream = ?1"].Bind(1, stream).Run();

    public static IReadOnlyList<StreamReaderInfo> Readers(JournalFile file)
    {
        var select = file["SELECT name, position, rewinds, at FROM readers ORDER BY name"];
        List<StreamReaderInfo> readers = [];
        try
        {
            while (select.Step())
                readers.Add(ReaderOf(select));
            return readers;
        }
        finally
        {
            select.Reset();
        }
    }

    public static StreamReaderInfo? Reader(JournalFile file, string name)
    {
        var select = file["SELECT name, position, rewinds, at FROM readers WHERE name = ?1"].Bind(1, name);
        try
        {
            return select.Step() ? ReaderOf(select) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    static StreamReaderInfo ReaderOf(Statement select) => new(select.Text(0), select.Long(1), select.Long(2), DateTimeOffset.FromUnixTimeMilliseconds(select.Long(3)));

    public static void Put(JournalFile file, StreamReaderInfo reader) =>
        file["INSERT OR REPLACE INTO readers VALUES (?1, ?2, ?3, ?4)"].Bind(1, reader.Name).Bind(2, reader.Position).Bind(3, reader.Rewinds).Bind(4, reader.At.ToUnixTimeMilliseconds()).Run();

    public static void DropReader(JournalFile file, string name) => file["DELETE FROM readers WHERE name = ?1"].Bind(1, name).Run();

    /// <summary>Deletes a slice of what is kept no more; how many events, and whether there may be more.</summary>
    public static (int Removed, bool HasMore) Sweep(JournalFile file)
    {
        const int Streams = 20, Slice = 500;
        List<(long N, long From, long Until)> dirty = [];
        var select = file["SELECT n, removed, first FROM streams WHERE removed < first LIMIT ?1"].Bind(1, Streams);
        try
        {
            while (select.Step())
                dirty.Add((select.Long(0), select.Long(1), Math.Min(select.Long(2), select.Long(1) + Slice)));
        }
        finally
        {
            select.Reset();
        }

        var removed = 0;
        foreach (var (n, from, until) in dirty)
        {
            file["DELETE FROM events WHERE stream = ?1 AND version >= ?2 AND version < ?3"].Bind(1, n).Bind(2, from).Bind(3, until).Run();
            removed += file.Changed;
            file["UPDATE streams SET removed = ?2 WHERE n = ?1"].Bind(1, n).Bind(2, until).Run();
        }

        return (removed, dirty.Count > 0);
    }

    /// <summary>Gives up what is too old, of some streams after this one; the last of them, or 0 where there are no more.</summary>
    public static long Age(JournalFile file, long afterN, long nowMs)
    {
        const int Streams = 100;
        List<Row> rows = [];
        var select = file["SELECT n, name, version, first, gone, keep, keepms FROM streams WHERE keepms > 0 AND n > ?1 ORDER BY n LIMIT ?2"].Bind(1, afterN).Bind(2, Streams);
        try
        {
            while (select.Step())
                rows.Add(RowOf(select));
        }
        finally
        {
            select.Reset();
        }

        foreach (var row in rows)
        {
            var first = file["SELECT version FROM events WHERE stream = ?1 AND version >= ?2 AND at > ?3 ORDER BY version LIMIT 1"].Bind(1, row.N).Bind(2, row.Standing.First).Bind(3, nowMs - row.KeepMs).Number();
            first = first == 0 ? row.Standing.Version + 1 : first;
            if (first > row.Standing.First)
                Stand(file, row.N, row.Standing with { First = first });
        }

        return rows.Count == Streams ? rows[^1].N : 0;
    }

    // FNV-1a: the same in every process and version, unlike string hashes; ids that share it are told apart by themselves.
    static long HashOf(string id)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in id)
            hash = (hash ^ letter) * 1099511628211UL;
        return (long)hash;
    }
}

/// <summary>What the streams come to together.</summary>
/// <param name="Position">The largest that was given.</param>
/// <param name="AtMs">When the last event was appended.</param>
/// <param name="Streams">How many there are.</param>
/// <param name="Events">In the file.</param>
readonly record struct StreamSums(long Position, long AtMs, long Streams, long Events);
