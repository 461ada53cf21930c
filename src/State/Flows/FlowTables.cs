using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>The tables of runs. What is stored is always how things stand, not how they came to be: a long run costs no more to go on with than a short one.</summary>
static class FlowTables
{
    public const int Application = 0x4d53464c;

    const long MaxFileBytes = 4L << 30;

    const int Version = 1;

    public static IReadOnlyList<string> Tables { get; } =
    [
        "CREATE TABLE runs (id TEXT PRIMARY KEY, flow TEXT NOT NULL, state INTEGER NOT NULL, at INTEGER NOT NULL, wake INTEGER, calls INTEGER NOT NULL, run BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX runs_listed ON runs (at DESC, id, flow, state)",
        "CREATE INDEX runs_wake ON runs (wake) WHERE wake IS NOT NULL",
        "CREATE INDEX runs_calling ON runs (id) WHERE calls > 0",
        "CREATE TABLE steps (run TEXT NOT NULL, path TEXT NOT NULL, step BLOB NOT NULL, PRIMARY KEY (run, path)) WITHOUT ROWID",
        "CREATE TABLE definitions (digest TEXT PRIMARY KEY, definition BLOB NOT NULL) WITHOUT ROWID",
    ];

    public static FileShape ShapeOf(string path) => new(path, Application, Version, Tables, MaxFileBytes, new Dictionary<int, IReadOnlyList<string>>());

    public static FlowRun? Run(JournalFile file, string id)
    {
        var select = file["SELECT run FROM runs WHERE id = ?1"].Bind(1, id);
        try
        {
            return select.Step() ? Codec.Decode<FlowRun>(select.Blob(0)) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    public static List<FlowRow> Rows(JournalFile file, string id)
    {
        var rows = new List<FlowRow>();
        var select = file["SELECT step FROM steps WHERE run = ?1"].Bind(1, id);
        try
        {
            while (select.Step())
                rows.Add(Codec.Decode<FlowRow>(select.Blob(0)));
            return rows;
        }
        finally
        {
            select.Reset();
        }
    }

    public static FlowDefinition Definition(JournalFile file, string digest)
    {
        var select = file["SELECT definition FROM definitions WHERE digest = ?1"].Bind(1, digest);
        try
        {
            return select.Step() ? Codec.Decode<FlowDefinition>(select.Blob(0)) : throw new InvalidOperationException($"the declaration {digest} of a run is not in the file");
        }
        finally
        {
            select.Reset();
        }
    }

    public static void Keep(JournalFile file, string digest, byte[] json) => file["INSERT OR IGNORE INTO definitions VALUES (?1, ?2)"].Bind(1, digest).Bind(2, json).Run();

    /// <summary>The declarations, by digest.</summary>
    public static List<(string Digest, byte[] Json)> Definitions(JournalFile file)
    {
        var select = file["SELECT digest, definition FROM definitions"];
        var all = new List<(string, byte[])>();
        try
        {
            while (select.Step())
                all.Add((select.Text(0), select.Blob(1)));
            return all;
        }
        finally
        {
            select.Reset();
        }
    }

    public static void Write(JournalFile file, FlowRun run, DateTimeOffset? wake, int calls, IEnumerable<FlowRow> rows, IEnumerable<string> gone)
    {
        foreach (var path in gone)
            file["DELETE FROM steps WHERE run = ?1 AND path = ?2"].Bind(1, run.Id).Bind(2, path).Run();
        foreach (var row in rows)
            file["INSERT INTO steps VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET step = excluded.step"].Bind(1, run.Id).Bind(2, row.Path).Bind(3, Codec.Encode(row)).Run();
        var put = file["INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET state = excluded.state, wake = excluded.wake, calls = excluded.calls, run = excluded.run"];
        put.Bind(1, run.Id).Bind(2, run.Flow).Bind(3, (int)run.State).Bind(4, run.At.ToUnixTimeMilliseconds()).Bind(6, calls).Bind(7, Codec.Encode(run));
        (wake is { } at ? put.Bind(5, at.ToUnixTimeMilliseconds()) : put.BindNull(5)).Run();
    }

    public static void Forget(JournalFile file, string id)
    {
        file["DELETE FROM steps WHERE run = ?1"].Bind(1, id).Run();
        file["DELETE FROM runs WHERE id = ?1"].Bind(1, id).Run();
    }

    /// <summary>Runs whose time has come, at most so many.</summary>
    public static List<string> Due(JournalFile file, DateTimeOffset now, int most) =>
        Ids(file["SELECT id FROM runs WHERE wake <= ?1 ORDER BY wake LIMIT ?2"].Bind(1, now.ToUnixTimeMilliseconds()).Bind(2, most));

    /// <summary>Runs that had calls under way when they were written last.</summary>
    public static List<string> Calling(JournalFile file) => Ids(file["SELECT id FROM runs WHERE calls > 0"]);

    public static List<string> All(JournalFile file) => Ids(file["SELECT id FROM runs"]);

    /// <summary>When something has to be done about a run; null where nothing depends on time.</summary>
    public static DateTimeOffset? WakeOf(JournalFile file, string id) => At(file["SELECT wake FROM runs WHERE id = ?1"].Bind(1, id));

    /// <summary>When the next run's time comes; null where none does.</summary>
    public static DateTimeOffset? NextWake(JournalFile file) => At(file["SELECT min(wake) FROM runs WHERE wake IS NOT NULL"]);

    static DateTimeOffset? At(Statement select)
    {
        try
        {
            return select.Step() && !select.IsNull(0) ? DateTimeOffset.FromUnixTimeMilliseconds(select.Long(0)) : null;
        }
        finally
        {
            select.Reset();
        }
    }

    public static List<FlowRun> List(JournalFile file, FlowQuery query)
    {
        var select = file["""
            SELECT run FROM runs WHERE (?1 IS NULL OR flow = ?1) AND (?2 < 0 OR state = ?2) AND (at < ?3 OR (at = ?3 AND id > ?4)) AND (?5 IS NULL OR instr(id, ?5) > 0 OR instr(CAST(run AS TEXT), ?5) > 0)
            ORDER BY at DESC, id LIMIT ?6
            """];
        (query.Flow is { } flow ? select.Bind(1, flow) : select.BindNull(1)).Bind(2, query.State is { } state ? (int)state : -1).Bind(3, query.Before?.At.ToUnixTimeMilliseconds() ?? long.MaxValue)
            .Bind(6, query.Limit);
        _ = query.Before is { } before ? select.Bind(4, before.Id) : select.BindNull(4);
        _ = query.Text is { } text ? select.Bind(5, text) : select.BindNull(5);
        var runs = new List<FlowRun>();
        try
        {
            while (select.Step())
                runs.Add(Codec.Decode<FlowRun>(select.Blob(0)));
            return runs;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>How many runs of each flow are in each state.</summary>
    public static List<(string Flow, FlowState State, long Count)> Counts(JournalFile file)
    {
        var select = file["SELECT flow, state, count(*) FROM runs INDEXED BY runs_listed GROUP BY flow, state"];
        var counts = new List<(string, FlowState, long)>();
        try
        {
            while (select.Step())
                counts.Add((select.Text(0), (FlowState)select.Long(1), select.Long(2)));
            return counts;
        }
        finally
        {
            select.Reset();
        }
    }

    static List<string> Ids(Statement select)
    {
        var ids = new List<string>();
        try
        {
            while (select.Step())
                ids.Add(select.Text(0));
            return ids;
        }
        finally
        {
            select.Reset();
        }
    }
}
