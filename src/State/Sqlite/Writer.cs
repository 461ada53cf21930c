using System.Diagnostics;
using Mainstay.Core.Store;
using Mainstay.State.Decide;

namespace Mainstay.State.Sqlite;

/// <summary>
/// The one thread that uses the file. While it makes one group durable the next one gathers, so the disk's latency is paid once per group and
/// groups are as large as the load makes them. A caller who comes alone writes on his own thread. Folding waits until nobody writes, as long as its
/// backlog allows.
/// </summary>
sealed class Writer
{
    /// <summary>Most works of one transaction.</summary>
    const int GroupSize = 512;

    /// <summary>Most works that may wait; beyond it callers are refused instead of piling up.</summary>
    const int QueueSize = 65_536;

    /// <summary>Free pages that stay in the file for the next commits: 16 MiB.</summary>
    const long SparePages = 4_096;

    /// <summary>Milliseconds without a work after which the store folds a slice, and then waits as long again.</summary>
    const int QuietMs = 5;

    readonly SqliteStoreOptions options;
    readonly StoreState state;
    readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly WorkLine<Work> line = new(QueueSize, GroupSize);
    readonly List<Work> alone = new(1);
    Database? database;
    readonly Retention retention;
    long historyBytes;
    long lastLease;
    bool foldable = true;

    /// <summary>Takes an open file over, whose content the state already shows.</summary>
    public Writer(SqliteStoreOptions options, StoreState state, Database database, long historyBytes)
    {
        (this.options, this.state, this.database, this.historyBytes) = (options, state, database, historyBytes);
        retention = new Retention(options.KeepRevisions, options.KeepBytes, options.BacklogRevisions, options.BacklogBytes);
        lastLease = database.LastLease;
        new Thread(Loop) { IsBackground = true, Name = "store writer" }.Start();
    }

    /// <summary>Queues a work, or does it; it is answered by its own task.</summary>
    public void Enqueue(Work work)
    {
        switch (line.Enqueue(work, self: work.IsBrief))
        {
            case LineEntry.Turn:
                DoAlone(work);
                break;
            case LineEntry.Closed:
                throw line.ClosedBy is StoreUnavailableException stopped ? stopped : new ObjectDisposedException(nameof(SqliteStore));
            case LineEntry.Full:
                throw new StoreUnavailableException($"the store {options.Path} has {QueueSize} writes waiting; the disk is too slow for this load");
        }
    }

    /// <summary>Finishes what is queued and closes the file.</summary>
    public Task CloseAsync()
    {
        line.Close(new ObjectDisposedException(nameof(SqliteStore)));
        return finished.Task;
    }

    /// <summary>Whole commits from a revision on; empty where they were folded meanwhile.</summary>
    public List<WatchBatch> Read(long fromRevision) => fromRevision < state.Horizon ? [] : database!.Reader.Read(fromRevision);

    /// <summary>Folds history before a revision, slice by slice.</summary>
    public void FoldTo(long before)
    {
        before = Math.Min(before, state.Revision);
        while (state.Horizon < before)
        {
            var slice = Math.Min(before, state.Horizon + RetentionDecide.SliceRevisions);
            Fold(slice, durable: slice == before);
        }
    }

    void Loop()
    {
        var works = new List<Work>(GroupSize);
        // Nothing taken: nobody writes and there is something to fold.
        while (line.Take(works, () => Slice(quiet: true) == 0 ? Timeout.Infinite : QuietMs))
        {
            Do(works);
            works.Clear();
        }

        Close();
        finished.SetResult();
    }

    void DoAlone(Work work)
    {
        alone.Add(work);
        Do(alone);
        alone.Clear();
        line.EndTurn(wake: Slice(quiet: true) != 0);
    }

    void Do(List<Work> works)
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
        }
    }

    void Process(List<Work> works)
    {
        if (works.Count == 0)
        {
            Retain(quiet: true);
            return;
        }

        if (database is null)
            Reopen();
        var group = new Group(state, lastLease, options.MaxBytes);
        Each(works, work => work.Stage(group));
        var written = TimeSpan.Zero;
        if (group.Writes)
        {
            var start = Stopwatch.GetTimestamp();
            Write(group);
            written = Stopwatch.GetElapsedTime(start);
            foldable = true;
        }

        Each(works, work =>
        {
            work.Run(this);
            work.Complete();
        });
        line.Answered(works.Count, written);
        Retain(quiet: false);
    }

    void Write(Group group)
    {
        var bytes = 0L;
        database!.InTransaction(durable: true, () =>
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

    // A broken invariant stops this store, and nothing else: everybody who waits or comes later is told, and the thread finds nothing more to do.
    void Stop(List<Work> works, Exception bug)
    {
        var told = new StoreUnavailableException($"the store {options.Path} stopped: {bug.Message}; restart Mainstay", bug);
        works.AddRange(line.Abandon(told));
        state.Close(told);
        foreach (var work in works)
            work.Fail(told);
    }

    void Retain(bool quiet)
    {
        if (Slice(quiet) is > 0 and var slice)
            Fold(state.Horizon + slice, durable: false);
    }

    long Slice(bool quiet) => foldable && database is not null
        ? RetentionDecide.Slice(state.Revision - state.Horizon + 1, historyBytes, retention, quiet)
        : 0;

    // Not durable by itself: folding that a crash undoes is done again, and whatever is synced after it syncs it too.
    void Fold(long before, bool durable)
    {
        var bytes = 0L;
        // Set again by the next commit that succeeds: a disk that refuses is not asked all the time.
        foldable = false;
        database!.InTransaction(durable, () =>
        {
            bytes = database.Fold(before);
            if (database.FreePages > SparePages)
                database.Shrink();
        });
        foldable = true;
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
            historyBytes = reopened.HistoryBytes;
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
