using System.Globalization;
using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>What a file holds and how it is told to be one of ours.</summary>
/// <param name="Path">The database; SQLite puts <c>-wal</c> beside it.</param>
/// <param name="Application">Of <c>PRAGMA application_id</c>: whose file it is.</param>
/// <param name="Version">Of <c>PRAGMA user_version</c>.</param>
/// <param name="Tables">The statements that make it.</param>
/// <param name="MaxFileBytes">Largest size, in bytes; beyond it writes fail as on a full disk.</param>
/// <param name="Upgrades">By version, the statements that make the next one of it; a file whose way to <paramref name="Version"/> is not here is refused.</param>
/// <param name="IsShared">Several processes of this machine use it; each waits up to 5 s for the others' writes.</param>
sealed record FileShape(string Path, int Application, int Version, IReadOnlyList<string> Tables, long MaxFileBytes, IReadOnlyDictionary<int, IReadOnlyList<string>> Upgrades, bool IsShared = false);

/// <summary>Sets up a connection that one thread uses: write-ahead log, every commit synced, and exclusive but for files that are shared.</summary>
static class FileSetup
{
    /// <summary>Sets the connection up, takes the file, and makes or verifies its tables.</summary>
    public static void Prepare(Connection connection, FileShape shape)
    {
        // Exclusive: no shared memory file, and a second opener is refused.
        connection.Run(shape.IsShared ? "PRAGMA busy_timeout = 5000" : "PRAGMA locking_mode = EXCLUSIVE");
        connection.Run("PRAGMA temp_store = MEMORY");
        connection.Run("PRAGMA trusted_schema = OFF");
        // Of effect on a new file only: freed pages can be given back.
        connection.Run("PRAGMA auto_vacuum = INCREMENTAL");
        if (connection.Run("PRAGMA journal_mode = WAL") != "wal")
            throw new StoreUnavailableException($"the store {shape.Path} cannot use a write-ahead log on this file system; choose a local disk with --data");
        connection.Run(Transactions.SyncAtCommit);
        // 16 MiB of log between checkpoints, and no more than 64 MiB of file after a burst.
        connection.Run("PRAGMA wal_autocheckpoint = 4096");
        connection.Run("PRAGMA journal_size_limit = 67108864");
        connection.Run("PRAGMA cache_size = -16384");
        connection.Run(Invariant($"PRAGMA max_page_count = {shape.MaxFileBytes / 4096}"));
        connection.Run("BEGIN IMMEDIATE");
        MakeOrVerify(connection, shape);
        connection.Run("COMMIT");
    }

    static void MakeOrVerify(Connection connection, FileShape shape)
    {
        var version = connection.Number("PRAGMA user_version");
        var application = connection.Number("PRAGMA application_id");
        if (version == 0 && application == 0 && connection.Number("SELECT count(*) FROM sqlite_schema") == 0)
        {
            foreach (var statement in shape.Tables)
                connection.Run(statement);
            connection.Run(Invariant($"PRAGMA application_id = {shape.Application}"));
            connection.Run(Invariant($"PRAGMA user_version = {shape.Version}"));
            return;
        }

        if (application != shape.Application)
            throw new StoreUnavailableException($"the store {shape.Path} is a database of another program; choose another data folder with --data");
        for (; version < shape.Version && shape.Upgrades.TryGetValue((int)version, out var statements); version++)
        {
            foreach (var statement in statements)
                connection.Run(statement);
            connection.Run(Invariant($"PRAGMA user_version = {version + 1}"));
        }

        if (version != shape.Version)
        {
            throw new StoreUnavailableException(
                $"the store {shape.Path} has schema version {version}, this Mainstay reads version {shape.Version}; start it with the Mainstay that wrote it, or a newer one");
        }
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
