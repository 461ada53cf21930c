namespace Mainstay.Core.Store;

/// <summary>
/// The store contract in memory, for tests and the simulator. Every operation completes synchronously, and with a fake clock and one thread
/// every run is the same.
/// </summary>
public sealed class MemoryStore : IStore
{
    readonly Lock writing = new();
    readonly StoreState state;
    readonly ITimer expiry;
    long lastLease;
    bool disposed;

    /// <param name="time">The clock of the leases; null is the system's.</param>
    /// <param name="keepRevisions">How many revisions of history are kept for watches.</param>
    public MemoryStore(TimeProvider? time = null, int keepRevisions = 100_000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keepRevisions, 1);
        time ??= TimeProvider.System;
        state = new StoreState(time, new History(keepRevisions, long.MaxValue), archived: false);
        expiry = time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public long Revision => state.Revision;

    /// <summary>How many keys there are.</summary>
    public int Count => state.Count;

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
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var staging = new Staging(state);
            var result = staging.Stage(commit);
            state.Apply(staging);
            return new(result);
        }
    }

    /// <summary>Starts a watch that the caller pulls; see <see cref="Watch"/>.</summary>
    public Watch OpenWatch(string prefix, long fromRevision)
    {
        StoreLimits.CheckPrefix(prefix);
        return state.Open(prefix, fromRevision);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) =>
        WatchLoop.RunAsync(state, prefix, fromRevision, static (_, _) => Task.FromResult(new List<WatchBatch>()), stop);

    /// <inheritdoc/>
    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckTtl(ttl);
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            state.AddLease(++lastLease, ttl);
            Arm();
            return new(lastLease);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        return new(state.Renew(lease));
    }

    /// <inheritdoc/>
    public ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            End(lease);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        lock (writing)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            state.Compact(revision);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (writing)
        {
            disposed = true;
            state.Close(new ObjectDisposedException(nameof(MemoryStore)));
        }

        await expiry.DisposeAsync();
    }

    void Expire()
    {
        lock (writing)
        {
            if (disposed)
                return;
            foreach (var lease in state.TakeDueLeases())
                End(lease);
            Arm();
        }
    }

    void End(long lease)
    {
        var staging = new Staging(state);
        staging.StageEnd(lease);
        state.Apply(staging);
    }

    void Arm()
    {
        if (state.UntilNextLease() is { } left)
            expiry.Change(left, Timeout.InfiniteTimeSpan);
    }
}
