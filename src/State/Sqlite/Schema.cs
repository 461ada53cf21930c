using System.Globalization;
using Mainstay.Core.Store;

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

    /// <summary>The log is on the disk before a commit returns.</summary>
    public const string SyncAtCommit = "PRAGMA synchronous = FULL";

    /// <summary>The log is on the disk before any of it goes into the tables: a crash may undo the last commits, whole and in order.</summary>
    public const string SyncAtCheckpoint = "PRAGMA synchronous = NORMAL";

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
    public static void Prepare(Connection connection, SqliteStoreOptions options)
    {
        // Exclusive: no shared memory file, and a second opener is refused.
        connection.Run("PRAGMA locking_mode = EXCLUSIVE");
        connection.Run("PRAGMA temp_store = MEMORY");
        connection.Run("PRAGMA trusted_schema = OFF");
        // Of effect on a new file only: freed pages can be given back.
        connection.Run("PRAGMA auto_vacuum = INCREMENTAL");
        if (connection.Run("PRAGMA journal_mode = WAL") != "wal")
            throw new StoreUnavailableException($"the store {options.Path} cannot use a write-ahead log on this file system; choose a local disk with --data");
        connection.Run(SyncAtCommit);
        // 16 MiB of log between checkpoints, and no more than 64 MiB of file after a burst.
        connection.Run("PRAGMA wal_autocheckpoint = 4096");
        connection.Run("PRAGMA journal_size_limit = 67108864");
        connection.Run("PRAGMA cache_size = -16384");
        connection.Run(Invariant($"PRAGMA max_page_count = {options.MaxFileBytes / 4096}"));
        connection.Run("BEGIN IMMEDIATE");
        MakeOrVerify(connection, options.Path);
        connection.Run("COMMIT");
    }

    /// <summary>Checks the whole file where it is small enough.</summary>
    public static void Check(Connection connection, SqliteStoreOptions options)
    {
        if (connection.Number("PRAGMA page_count") * 4096 > options.CheckUpToBytes)
            return;
        if (connection.Run("PRAGMA quick_check(1)") is not "ok" and var problem)
            throw new SqliteFault(SQLitePCL.raw.SQLITE_CORRUPT, problem ?? "no answer");
    }

    static void MakeOrVerify(Connection connection, string path)
    {
        var version = connection.Number("PRAGMA user_version");
        var application = connection.Number("PRAGMA application_id");
        if (version == 0 && application == 0 && connection.Number("SELECT count(*) FROM sqlite_schema") == 0)
        {
            foreach (var statement in Tables)
                connection.Run(statement);
            connection.Run(Invariant($"PRAGMA application_id = {Application}"));
            connection.Run(Invariant($"PRAGMA user_version = {Version}"));
            return;
        }

        if (application != Application)
            throw new StoreUnavailableException($"the store {path} is a database of another program; choose another data folder with --data");
        if (version != Version)
        {
            throw new StoreUnavailableException(
                $"the store {path} has schema version {version}, this Mainstay reads version {Version}; start it with the Mainstay that wrote it, or a newer one");
        }
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
