using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>The store's file: appends commits, folds old ones, and reads all of it back. Used by one thread at a time.</summary>
sealed class Database : IDisposable
{
    readonly Connection connection;
    readonly Transactions transactions;
    readonly LogFile? log;
    readonly Statement append, addLease, endLease;
    readonly Statement foldPuts, deletions, foldDelete, foldSize, foldHistory, moveHorizon, vacuum;

    /// <summary>Opens, verifies and, when new, makes the file.</summary>
    public Database(SqliteStoreOptions options)
    {
        connection = new Connection(options.Path);
        try
        {
            Schema.Prepare(connection, options);
            Schema.Check(connection, options);
            log = LogFile.Of(options.Path);
            transactions = new Transactions(connection, log);
            append = connection.Prepare("INSERT INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
            addLease = connection.Prepare("INSERT INTO leases VALUES (?1, ?2)");
            endLease = connection.Prepare("DELETE FROM leases WHERE id = ?1");
            // In order of ids, so that what was written last stays.
            foldPuts = connection.Prepare("""
                INSERT OR REPLACE INTO entries SELECT key, value, created, id >> 20, lease FROM history WHERE id < ?1 AND value IS NOT NULL ORDER BY id
                """);
            deletions = connection.Prepare("SELECT key, id >> 20 FROM history WHERE id < ?1 AND value IS NULL");
            // A key that was written again after its deletion stays.
            foldDelete = connection.Prepare("DELETE FROM entries WHERE key = ?1 AND modified < ?2");
            foldSize = connection.Prepare("SELECT total(length(CAST(key AS BLOB)) + ifnull(length(value), 0)) FROM history WHERE id < ?1");
            foldHistory = connection.Prepare("DELETE FROM history WHERE id < ?1");
            moveHorizon = connection.Prepare("UPDATE horizon SET revision = ?1");
            vacuum = connection.Prepare("PRAGMA incremental_vacuum(512)");
            Reader = new HistoryReader(connection);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads history back for watches.</summary>
    public HistoryReader Reader { get; }

    /// <summary>The last revision; 0 in a new store.</summary>
    public long Revision => connection.Number("SELECT max(id) FROM history") >> Schema.PlaceBits;

    /// <summary>The oldest revision that history still has.</summary>
    public long Horizon => connection.Number("SELECT revision FROM horizon");

    /// <summary>The largest lease id that was ever given.</summary>
    public long LastLease => connection.Number("SELECT seq FROM sqlite_sequence WHERE name = 'leases'");

    /// <summary>Bytes of keys and values in history; reads all of it.</summary>
    public long HistoryBytes => foldSize.Bind(1, long.MaxValue).Number();

    /// <summary>Free pages inside the file.</summary>
    public long FreePages => connection.Number("PRAGMA freelist_count");

    /// <summary>
    /// Runs <paramref name="work"/> as one transaction; nothing of it stays when it throws. One that is not durable by itself survives
    /// the end of the process, and becomes durable, at the latest, with the next one that is.
    /// </summary>
    public void InTransaction(bool durable, Action work) => transactions.Run(durable, work);

    /// <summary>Appends a commit and returns its bytes of keys and values.</summary>
    public long Append(WatchBatch batch)
    {
        var bytes = 0L;
        var id = batch.Revision << Schema.PlaceBits;
        if (batch.Changes.Count >= 1 << Schema.PlaceBits)
            throw new InvalidOperationException($"a commit of {batch.Changes.Count} changes does not fit the log");
        foreach (var change in batch.Changes)
        {
            append.Bind(1, id++).Bind(2, change.Key).Bind(6, change.Previous?.ModRevision ?? 0);
            if (change.Current is { } entry)
                append.Bind(3, entry.Value.Span).Bind(4, entry.CreateRevision).Bind(5, entry.Lease);
            else
                append.BindNull(3).Bind(4, 0).Bind(5, 0);
            append.Run();
            bytes += change.Key.Length + (change.Current?.Value.Length ?? 0);
        }

        return bytes;
    }

    public void AddLease(long id, TimeSpan ttl) => addLease.Bind(1, id).Bind(2, (long)ttl.TotalMilliseconds).Run();

    public void EndLease(long id) => endLease.Bind(1, id).Run();

    /// <summary>Fills a new file, inside a transaction: the last entry is the last commit, all others are folded.</summary>
    public void Fill(IReadOnlyList<Entry> entries, long revision, long lastLease)
    {
        var insert = connection.Prepare("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5)");
        foreach (var entry in entries.SkipLast(1))
            insert.Bind(1, entry.Key).Bind(2, entry.Value.Span).Bind(3, entry.CreateRevision).Bind(4, entry.ModRevision).Bind(5, 0).Run();
        Append(new WatchBatch(revision, [new Change(entries[^1].Key, entries[^1], null)]));
        moveHorizon.Bind(1, revision).Run();
        // The table remembers the largest id it ever had.
        AddLease(lastLease, StoreLimits.LeaseMin);
        EndLease(lastLease);
    }

    /// <summary>Folds history before a revision into the entries, inside a transaction; returns the bytes of keys and values it took out.</summary>
    public long Fold(long before)
    {
        var end = before << Schema.PlaceBits;
        var bytes = foldSize.Bind(1, end).Number();
        foldPuts.Bind(1, end).Run();
        foreach (var (key, revision) in Deletions(end))
            foldDelete.Bind(1, key).Bind(2, revision).Run();
        foldHistory.Bind(1, end).Run();
        moveHorizon.Bind(1, before).Run();
        return bytes;
    }

    /// <summary>Gives up to 2 MiB of free pages back to the file system, inside a transaction.</summary>
    public void Shrink() => vacuum.Run();

    /// <summary>All leases.</summary>
    public IEnumerable<(long Id, TimeSpan Ttl)> Leases()
    {
        var select = connection.Prepare("SELECT id, ttl_ms FROM leases ORDER BY id");
        while (select.Step())
            yield return (select.Long(0), TimeSpan.FromMilliseconds(select.Long(1)));
        select.Reset();
    }

    /// <summary>The entries that folded history came to.</summary>
    public IEnumerable<Entry> Entries()
    {
        var select = connection.Prepare("SELECT key, value, created, modified, lease FROM entries ORDER BY key");
        while (select.Step())
            yield return new Entry(select.Text(0), select.Blob(1), select.Long(2), select.Long(3), select.Long(4));
        select.Reset();
    }

    IEnumerable<(string Key, long Revision)> Deletions(long endId)
    {
        deletions.Bind(1, endId);
        try
        {
            while (deletions.Step())
                yield return (deletions.Text(0), deletions.Long(1));
        }
        finally
        {
            deletions.Reset();
        }
    }

    public void Dispose()
    {
        log?.Dispose();
        connection.Dispose();
    }
}
