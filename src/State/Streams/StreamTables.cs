using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>The tables of the streams' file, and what is asked of them.</summary>
static class StreamTables
{
    // "MsSt", of PRAGMA application_id.
    public const int Application = 0x4D735374;

    public const int Version = 2;

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
        Places,
        Ids,
        "CREATE TABLE snapshots (stream INTEGER PRIMARY KEY, version INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL)",
        "CREATE TABLE readers (name TEXT PRIMARY KEY, position INTEGER NOT NULL, rewinds INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID",
        // One row: the position up to which places, ids and streams have the events, when that was appended, and how much there was.
        "CREATE TABLE last (position INTEGER NOT NULL, at INTEGER NOT NULL, streams INTEGER NOT NULL, events INTEGER NOT NULL)",
        "INSERT INTO last VALUES (0, 0, 0, 0)",
    ];

    /// <summary>From version 1, whose events were indexed one by one.</summary>
    public static readonly IReadOnlyDictionary<int, IReadOnlyList<string>> Upgrades = new Dictionary<int, IReadOnlyList<string>>
    {
        [1] =
        [
            Places,
            "INSERT INTO places SELECT stream, version, position FROM events ORDER BY stream, version",
            "DROP INDEX events_of",
            Ids,
            "INSERT INTO ids SELECT stream, hash, version FROM events ORDER BY stream, hash, version",
            "DROP INDEX events_ids",
        ],
    };

    // Written for many events at a time, in their own order; see StreamTail.
    const string Places = "CREATE TABLE places (stream INTEGER NOT NULL, version INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, version)) WITHOUT ROWID";
    const string Ids = "CREATE TABLE ids (stream INTEGER NOT NULL, hash INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (stream, hash, version)) WITHOUT ROWID";

    /// <summary>A stream as it is written down.</summary>
    public readonly record struct Row(long N, string Name, StreamStanding Standing, long Keep, long KeepMs);

    /// <summary>What they come to, and what the indexes do not have yet.</summary>
    public static (StreamSums Sums, StreamTail Tail) Load(JournalFile file)
    {
        var sums = Sums(file);
        var tail = new StreamTail(sums.Position);
        foreach (var (position, stream, version, atMs, id) in Since(file, sums.Position))
        {
            var row = tail.Now(Find(file, stream));
            var after = row.Standing with { Version = version };
            tail.Add(row, after with { First = StreamDecide.FirstOf(after, row.Keep) }, position, [id]);
            sums = sums with { Position = position, AtMs = Math.Max(sums.AtMs, atMs), Events = sums.Events + 1 };
        }

        // No row of theirs is ever removed.
        return (sums with { Streams = file["SELECT max(n) FROM streams"].Number() }, tail);
    }

    static StreamSums Sums(JournalFile file)
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

    /// <summary>Writes down what is known of events since the last time: where they lie, their ids, how their streams stand and what all come to.</summary>
    public static void Settle(JournalFile file, StreamTail tail, StreamSums sums)
    {
        file["INSERT INTO places SELECT stream, version, position FROM events WHERE position > ?1 ORDER BY stream, version"].Bind(1, tail.From).Run();
        file["INSERT INTO ids SELECT stream, hash, version FROM events WHERE position > ?1 ORDER BY stream, hash, version"].Bind(1, tail.From).Run();
        foreach (var row in tail.Streams)
            Stand(file, row.N, row.Standing);
        Keep(file, sums);
    }

    static List<(long Position, long Stream, long Version, long AtMs, string Id)> Since(JournalFile file, long position)
    {
        List<(long, long, long, long, string)> events = [];
        var select = file["SELECT position, stream, version, at, id FROM events WHERE position > ?1 ORDER BY position"].Bind(1, position);
        try
        {
            while (select.Step())
                events.Add((select.Long(0), select.Long(1), select.Long(2), select.Long(3), select.Text(4)));
            return events;
        }
        finally
        {
            select.Reset();
        }
    }

    static Row Find(JournalFile file, long n)
    {
        var select = file["SELECT n, name, version, first, gone, keep, keepms FROM streams WHERE n = ?1"].Bind(1, n);
        try
        {
            return select.Step() ? RowOf(select) : throw new InvalidOperationException($"stream {n} has events and is not there");
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>The stream of this name, as far as it is settled; null where none was ever made.</summary>
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

    /// <summary>Makes a stream without events.</summary>
    public static Row Insert(JournalFile file, string name)
    {
        file["INSERT INTO streams (name, version, first, removed, gone, keep, keepms) VALUES (?1, 0, 1, 1, 0, 0, 0)"].Bind(1, name).Run();
        return new(file.LastId, name, StreamStanding.New, 0, 0);
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
        // A cross join is done in the order in which it is written.
        file[
            """
            SELECT i.version FROM ids i CROSS JOIN places p ON p.stream = i.stream AND p.version = i.version CROSS JOIN events e ON e.position = p.position
            WHERE i.stream = ?1 AND i.hash = ?2 AND i.version >= ?4 AND e.id = ?3
            """].Bind(1, stream).Bind(2, HashOf(id)).Bind(3, id).Bind(4, first).Number();

    /// <summary>The position of a version; 0 where it is not kept.</summary>
    public static long PositionOf(JournalFile file, long stream, long version) =>
        file["SELECT position FROM places WHERE stream = ?1 AND version = ?2"].Bind(1, stream).Bind(2, version).Number();

    /// <summary>When the event at a position was appended; null where there is none.</summary>
    public static DateTimeOffset? AtOf(JournalFile file, long position) =>
        file["SELECT at FROM events WHERE position = ?1"].Bind(1, position).Number() is > 0 and var at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

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

    /// <summary>Deletes a slice of what is kept no more, where all is settled; how many events, and whether there may be more.</summary>
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
            file[
                """
                DELETE FROM ids WHERE stream = ?1 AND (hash, version) IN
                  (SELECT e.hash, e.version FROM places p CROSS JOIN events e ON e.position = p.position WHERE p.stream = ?1 AND p.version >= ?2 AND p.version < ?3)
                """].Bind(1, n).Bind(2, from).Bind(3, until).Run();
            file["DELETE FROM events WHERE position IN (SELECT position FROM places WHERE stream = ?1 AND version >= ?2 AND version < ?3)"].Bind(1, n).Bind(2, from).Bind(3, until).Run();
            removed += file.Changed;
            file["DELETE FROM places WHERE stream = ?1 AND version >= ?2 AND version < ?3"].Bind(1, n).Bind(2, from).Bind(3, until).Run();
            file["UPDATE streams SET removed = ?2 WHERE n = ?1"].Bind(1, n).Bind(2, until).Run();
        }

        return (removed, dirty.Count > 0);
    }

    /// <summary>Gives up what is too old, where all is settled, of some streams after this one; the last of them, or 0 where there are no more.</summary>
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
            var first = file["SELECT p.version FROM places p CROSS JOIN events e ON e.position = p.position WHERE p.stream = ?1 AND p.version >= ?2 AND e.at > ?3 ORDER BY p.version LIMIT 1"].Bind(1, row.N).Bind(2, row.Standing.First).Bind(3, nowMs - row.KeepMs).Number();
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
