using System.Diagnostics.CodeAnalysis;

namespace Mainstay.Core.Store;

/// <summary>What a <see cref="Watch"/> found when asked.</summary>
public enum WatchStep
{
    /// <summary>A batch.</summary>
    Batch,

    /// <summary>Nothing yet: wait.</summary>
    Empty,

    /// <summary>The next batch is older than what is in memory: read it from the medium and go on with <see cref="Watch.Resume"/>.</summary>
    Archived,
}

/// <summary>
/// A watch that is pulled: a place in the history and a prefix. A batch is there as soon as the commit that made it has completed, on
/// whatever thread asks, so that a simulator can drive delivery itself with <see cref="TryRead"/>; <see cref="IStore.WatchAsync"/> is the
/// loop of <see cref="TryRead"/> and <see cref="WaitAsync"/>.
/// </summary>
/// <remarks>
/// It holds no queue: a slow reader costs no memory, and learns with <see cref="WatchBatch.Compacted"/> when history was dropped before it was
/// read. One reader at a time. Waiters resume on their own synchronization context or task scheduler, never inside the commit.
/// </remarks>
public sealed class Watch : IDisposable
{
    readonly StoreState state;
    readonly string prefix;
    long next;
    bool ended;
    TaskCompletionSource? waiter;

    internal Watch(StoreState state, string prefix, long fromRevision)
    {
        this.state = state;
        this.prefix = prefix;
        next = fromRevision;
    }

    /// <summary>The revision from which it goes on.</summary>
    public long Next => Volatile.Read(ref next);

    /// <summary>The next batch, if one is there; after a compacted one there is never another.</summary>
    /// <exception cref="ObjectDisposedException">The store is disposed.</exception>
    public bool TryRead([NotNullWhen(true)] out WatchBatch? batch) => Read(out batch) == WatchStep.Batch;

    /// <summary>As <see cref="TryRead"/>, for stores that keep older history elsewhere.</summary>
    public WatchStep Read(out WatchBatch? batch) => state.Read(this, out batch);

    /// <summary>Goes on from a revision after older batches were read elsewhere.</summary>
    public void Resume(long fromRevision) => Volatile.Write(ref next, fromRevision);

    /// <summary>Completes when <see cref="TryRead"/> is worth asking again: at once where a commit came since it last said no.</summary>
    public async ValueTask WaitAsync(CancellationToken stop = default)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref waiter, mine);
        // A commit may have come between the last read and the line above.
        if (state.Readable(this))
            return;
        // Not Task.WaitAsync, which would go on from the thread pool and make a single-threaded run depend on it.
        await using var registration = stop.UnsafeRegister(static (waiting, token) => ((TaskCompletionSource)waiting!).TrySetCanceled(token), mine);
        await mine.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => state.Remove(this);

    internal void Wake() => Interlocked.Exchange(ref waiter, null)?.TrySetResult();

    // Called under the state's lock with each commit. A watch that has nothing unread moves past commits it does not select, so that
    // compaction never cuts off a reader who missed nothing.
    internal void Seen(WatchBatch batch)
    {
        if (Selects(batch))
            Wake();
        else if (next == batch.Revision)
            next = batch.Revision + 1;
    }

    internal WatchStep Step(History recent, long horizon, out WatchBatch? batch)
    {
        batch = null;
        if (ended)
            return WatchStep.Empty;
        if (next < horizon)
        {
            ended = true;
            batch = new WatchBatch(horizon, [], Compacted: true);
            return WatchStep.Batch;
        }

        if (next < recent.First)
            return WatchStep.Archived;
        while (next < recent.Next)
        {
            var whole = recent[next];
            next++;
            if ((batch = Select(whole)) is not null)
                return WatchStep.Batch;
        }

        return WatchStep.Empty;
    }

    /// <summary>True where a read would find something else than <see cref="WatchStep.Empty"/>.</summary>
    internal bool Pending(History recent, long horizon) => !ended && (next < horizon || next < recent.Next);

    /// <summary>The part of a whole commit that the watch selects, or null.</summary>
    public WatchBatch? Select(WatchBatch whole)
    {
        var selected = 0;
        foreach (var change in whole.Changes)
            selected += Selects(change) ? 1 : 0;
        if (selected == 0)
            return null;
        return selected == whole.Changes.Count ? whole : whole with { Changes = [.. whole.Changes.Where(c => Selects(c))] };
    }

    bool Selects(in Change change) => change.Key.StartsWith(prefix, StringComparison.Ordinal);

    bool Selects(WatchBatch batch)
    {
        foreach (var change in batch.Changes)
        {
            if (Selects(change))
                return true;
        }

        return false;
    }
}
