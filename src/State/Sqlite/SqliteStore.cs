using Mainstay.Core.Store;
using Mainstay.State.Backup;

namespace Mainstay.State.Sqlite;

/// <summary>
/// The embedded store: one SQLite file with a write-ahead log. Commits that wait together become durable in one transaction; reads come from
/// memory, which holds every current entry (bounded by <see cref="SqliteStoreOptions.MaxBytes"/>) and only ever shows what is durable.
/// </summary>
/// <remarks>
/// When the file cannot be written (a full or failing disk) commits throw <see cref="StoreUnavailableException"/>, reads and watches go on, and
/// writing resumes by itself as soon as the disk does. Each lease has its whole time to live again after the store was opened.
/// </remarks>
public sealed class SqliteStore : IStore
{
    static readonly TimeSpan LeaseRetry = TimeSpan.FromSeconds(1);

    readonly Lock arming = new();
    readonly FileLock file;
    readonly StoreState state;
    readonly Writer writer;
    readonly ITimer expiry;
    int disposed;

    SqliteStore(SqliteStoreOptions options, FileLock file, Database database)
    {
        this.file = file;
        state = new StoreState(options.Time, new History(options.RecentRevisions, maxBytes: 16 << 20), archived: true);
        var historyBytes = Recovery.Load(database, state);
        writer = new Writer(options, state, database, historyBytes);
        expiry = options.Time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm();
    }

    /// <inheritdoc/>
    public long Revision => state.Revision;

    /// <summary>The oldest revision that is not compacted.</summary>
    internal long Horizon => state.Horizon;

    /// <summary>Opens or makes the store, on the calling thread: some tenths of a second for 100,000 revisions of history, seconds for 500,000 on a busy machine.</summary>
    /// <exception cref="StoreUnavailableException">The file is in use, read-only, damaged, of another program or of a newer version.</exception>
    public static SqliteStore Open(SqliteStoreOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepRevisions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RecentRevisions, 1);
        var file = FileLock.Take(options.Path);
        Database? database = null;
        try
        {
            database = new Database(options);
            return new SqliteStore(options, file, database);
        }
        catch (Exception failed)
        {
            database?.Dispose();
            file.Dispose();
            throw failed is SqliteFault fault ? fault.Explain(options.Path) : failed;
        }
    }

    /// <summary>Makes a store from a snapshot; it is there whole or not at all.</summary>
    /// <exception cref="StoreUnavailableException">There is a store already, or the folder cannot be written.</exception>
    public static void Fill(SqliteStoreOptions options, StoreSnapshot snapshot)
    {
        using var file = FileLock.Take(options.Path);
        if (File.Exists(options.Path))
            throw new StoreUnavailableException($"there is a store at {options.Path} already; move it away, or name another place");
        var making = options with { Path = options.Path + ".new" };
        foreach (var left in new[] { making.Path, making.Path + "-wal", making.Path + "-journal" })
            File.Delete(left);
        try
        {
            using (var database = new Database(making))
                database.InTransaction(durable: true, () => database.Fill(snapshot.Entries, snapshot.Revision, snapshot.LastLease));
            File.Move(making.Path, options.Path);
        }
        catch (SqliteFault fault)
        {
            throw fault.Explain(making.Path);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckKey(key);
        return new(state.Read(key));
    }

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckPrefix(prefix);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return new(state.Read(prefix, after, limit));
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckCommit(commit);
        return new(DoAsync(new CommitWork(commit, stop)));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) =>
        WatchLoop.RunAsync(state, prefix, fromRevision, (from, _) => DoAsync(new ReadWork(from)), stop);

    /// <inheritdoc/>
    public async ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckTtl(ttl);
        var lease = await DoAsync(new GrantWork(ttl));
        Arm();
        return lease;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        if (state.Renew(lease))
            return true;
        // Its time is over: "no" is said only when its end is durable, so that no restart brings it back.
        await DoAsync(new EndWork(lease));
        return false;
    }

    /// <inheritdoc/>
    public async ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        await DoAsync(new EndWork(lease));
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        await DoAsync(new CompactWork(revision));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await expiry.DisposeAsync();
        state.Close(new ObjectDisposedException(nameof(SqliteStore)));
        await writer.CloseAsync();
        file.Dispose();
    }

    Task<T> DoAsync<T>(Work<T> work)
    {
        writer.Enqueue(work);
        return work.Done;
    }

    void Expire()
    {
        foreach (var lease in state.TakeDueLeases())
            _ = EndAsync(lease);
        Arm();
    }

    async Task EndAsync(long lease)
    {
        try
        {
            await DoAsync(new EndWork(lease));
        }
        catch (StoreUnavailableException)
        {
            // Whoever writes is told that the disk fails; the lease stays over and is ended when the disk is back.
            state.RetryLeases([lease], LeaseRetry);
            Arm();
        }
        catch (ObjectDisposedException)
        {
            // It ends, by its time to live, after the store is opened again.
        }
    }

    void Arm()
    {
        // The lock keeps a later deadline from overwriting an earlier one.
        lock (arming)
        {
            if (state.UntilNextLease() is { } left)
                expiry.Change(left, Timeout.InfiniteTimeSpan);
        }
    }
}
