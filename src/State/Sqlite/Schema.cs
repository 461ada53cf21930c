namespace Mainstay.State.Sqlite;

/// <summary>The tables, and how a file is told to be one of ours.</summary>
/// <remarks>
/// <c>history</c> is the log: a commit only appends to it, one row per change, and its id is the revision and the change's place in the commit.
/// <c>entries</c> is what the folded part of the log came to. Folding moves the oldest revisions from the one to the other, so that writing costs
/// one append per change and opening costs reading both.
/// </remarks>
static class Schema
{
    /// <summary>Of <c>PRAGMA user_version</c>.</summary>
    public const int Version = 1;

    /// <summary>Bits of a history id that hold a change's place in its commit.</summary>
    public const int PlaceBits = 20;

    // "Msty", of PRAGMA application_id.
    const int Application = 0x4D737479;

    static readonly string[] Tables =
    [
        // value: NULL is a deletion. previous: the revision of the entry that the change replaced, 0 for none.
        """
        CREATE TABLE history (
          id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, created INTEGER NOT NULL, lease INTEGER NOT NULL, previous INTEGER NOT NULL)
        """,
        """
        CREATE TABLE entries (
          key TEXT PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, lease INTEGER NOT NULL) WITHOUT ROWID
        """,
        // AUTOINCREMENT: an id is never used twice.
        "CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms INTEGER NOT NULL)",
        // One row: history before this revision is folded.
        "CREATE TABLE horizon (revision INTEGER NOT NULL)",
        "INSERT INTO horizon VALUES (1)",
    ];

    /// <summary>Sets the connection up, takes the file, and makes or verifies its tables.</summary>
    public static void Prepare(Connection connection, SqliteStoreOptions options) =>
        FileSetup.Prepare(connection, new FileShape(options.Path, Application, Version, Tables, options.MaxFileBytes, new Dictionary<int, IReadOnlyList<string>>()));

    /// <summary>Checks the whole file where it is small enough.</summary>
    public static void Check(Connection connection, SqliteStoreOptions options)
    {
        if (connection.Number("PRAGMA page_count") * 4096 > options.CheckUpToBytes)
            return;
        if (connection.Run("PRAGMA quick_check(1)") is not "ok" and var problem)
            throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, problem ?? "no answer");
    }
}
