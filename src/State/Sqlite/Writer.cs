using Mainstay.Core.Store;
using Mainstay.State.Decide;

namespace Mainstay.State.Sqlite;

/// <summary>
/// The one thread that uses the file. While it makes one group durable the next one gathers, so the disk's latency is paid once per group and
/// groups are as large as the load makes them.
/// </summary>
sealed class Writer
{
    /// <summary>Most works of one transaction.</summary>
    const int GroupSize = 512;

    /// <summary>Most works that may wait; beyond it callers are refused instead of piling up.</summary>
    const int QueueSize = 65_536;

    /// <summary>Free pages that stay in the file for the next commits: 16 MiB.</summary>
    const long SparePages = 4_096;

    readonly object gate = new();
    readonly SqliteStoreOptions options;
    readonly StoreState state;
    readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Queue<Work> queue = new();
    Database? database;
    long historyBytes;
    long lastLease;
    Exception? closed;

    /// <summary>Takes an open file over, whose content the state already shows.</summary>
    public Writer(SqliteStoreOptions options, StoreState state, Database database, long historyBytes)
    {
        (this.options, this.state, this.database, this.historyBytes) = (options, state, database, historyBytes);
        lastLease = database.LastLease;
        new Thread(Loop) { IsBackground = true, Name = "store writer" }.Start();
    }

    /// <summary>Queues a work; it is answered by its own task.</summary>
    public void Enqueue(Work work)
    {
        lock (gate)
        {
            if (closed is not null)
                throw closed is ObjectDisposedException ? new ObjectDisposedException(nameof(SqliteStore)) : closed;
            if (queue.Count >= QueueSize)
                throw new StoreUnavailableException($"the store {options.Path} has {QueueSize} writes waiting; the disk is too slow for this load");
            queue.Enqueue(work);
            if (queue.Count == 1)
                Monitor.Pulse(gate);
        }
    }

    /// <summary>Finishes what is queued and closes the file.</summary>
    public Task CloseAsync()
    {
        lock (gate)
        {
            closed ??= new ObjectDisposedException(nameof(SqliteStore));
            Monitor.Pulse(gate);
        }

        return finished.Task;
    }

    /// <summary>Whole commits from a revision on; empty where they were folded meanwhile.</summary>
    public List<WatchBatch> Read(long fromRevision) => fromRevision < state.Horizon ? [] : database!.Reader.Read(fromRevision);

    /// <summary>Folds history before a revision, slice by slice.</summary>
    public void FoldTo(long before)
    {
        before = Math.Min(before, state.Revision);
        while (state.Horizon < before)
            Fold(Math.Min(before, state.Horizon + RetentionDecide.SliceRevisions));
    }

    void Loop()
    {
        var works = new List<Work>(GroupSize);
        while (Take(works))
        {
            try
            {
                Process(works);
            }
            catch (Exception unavailable) when (unavailable is SqliteFault or StoreUnavailableException)
            {
                Refuse(works, unavailable);
            }
            catch (Exception bug)
            {
                Stop(works, bug);
                break;
            }

            works.Clear();
        }

        Close();
        finished.SetResult();
    }

    bool Take(List<Work> works)
    {
        lock (gate)
        {
            while (queue.Count == 0)
            {
                if (closed is not null)
                    return false;
                Monitor.Wait(gate);
            }

            while (works.Count < GroupSize && queue.TryDequeue(out var work))
                works.Add(work);
            return true;
        }
    }

    void Process(List<Work> works)
    {
        if (database is null)
            Reopen();
        var group = new Group(state, lastLease, options.MaxBytes);
        Each(works, work => work.Stage(group));
        if (group.Writes)
            Write(group);
        Each(works, work =>
        {
            work.Run(this);
            work.Complete();
        });
        Retain();
    }

    void Write(Group group)
    {
        var bytes = 0L;
        database!.InTransaction(() =>
        {
            foreach (var (id, ttl) in group.Grants)
                database.AddLease(id, ttl);
            foreach (var id in group.Staging.EndedLeases)
                database.EndLease(id);
            foreach (var batch in group.Staging.Batches)
                bytes += database.Append(batch);
        });
        historyBytes += bytes;
        foreach (var (id, ttl) in group.Grants)
            state.AddLease(id, ttl);
        lastLease += group.Grants.Count;
        state.Apply(group.Staging);
    }

    // Works that fail for a reason of their own are answered and leave the list; a fault of the file concerns all.
    static void Each(List<Work> works, Action<Work> act) => works.RemoveAll(work =>
    {
        try
        {
            act(work);
            return false;
        }
        catch (Exception own) when (own is OperationCanceledException or StoreUnavailableException)
        {
            work.Fail(own);
            return true;
        }
    });

    void Refuse(List<Work> works, Exception why)
    {
        var told = why is SqliteFault { } fault ? fault.Explain(options.Path) : why;
        foreach (var work in works)
            work.Fail(told);
        if (why is SqliteFault { OutcomeUnknown: true })
            Close();
    }

    // A broken invariant stops this store, and nothing else: everybody who waits or comes later is told.
    void Stop(List<Work> works, Exception bug)
    {
        var told = new StoreUnavailableException($"the store {options.Path} stopped: {bug.Message}; restart Mainstay", bug);
        lock (gate)
        {
            closed = told;
            works.AddRange(queue);
            queue.Clear();
        }

        state.Close(told);
        foreach (var work in works)
            work.Fail(told);
    }

    void Retain()
    {
        var held = state.Revision - state.Horizon + 1;
        var slice = RetentionDecide.Slice(held, historyBytes, options.KeepRevisions, options.KeepBytes);
        if (slice > 0)
            Fold(state.Horizon + slice);
    }

    void Fold(long before)
    {
        var bytes = 0L;
        database!.InTransaction(() =>
        {
            bytes = database.Fold(before);
            if (database.FreePages > SparePages)
                database.Shrink();
        });
        historyBytes -= bytes;
        state.Compact(before);
    }

    // What a failed write left behind is known only by reading the file anew.
    void Reopen()
    {
        var reopened = new Database(options);
        try
        {
            Recovery.CatchUp(reopened, state);
            lastLease = Math.Max(lastLease, reopened.LastLease);
            database = reopened;
        }
        catch
        {
            reopened.Dispose();
            throw;
        }
    }

    void Close()
    {
        database?.Dispose();
        database = null;
    }
}
