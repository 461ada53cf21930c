using System.Threading.Channels;
using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>
/// Appends to the log, one record at a time; what comes meanwhile gathers for the next. A record is written on condition that the log ends where
/// this store has read it to: where another store wrote first, that is read and everything is decided anew.
/// </summary>
/// <remarks>
/// A lost answer is no riddle. The same transaction is sent again, and its condition lets it be carried out once at most; "no" then means that the
/// log goes on differently, and reading on shows whether by this very record, which has its writer and number. Only where nobody answers within
/// the patience are callers told that the outcome is unknown.
/// </remarks>
sealed class EtcdWriter
{
    /// <summary>Most works of one record.</summary>
    const int GroupSize = 512;

    /// <summary>About the most bytes of one record, where it is not one work's alone.</summary>
    const long GroupBytes = EtcdLayout.PartBytes * 3 / 4;

    /// <summary>Most works that may wait; beyond it callers are refused instead of piling up.</summary>
    const int QueueSize = 65_536;

    readonly Channel<EtcdWork> queue = Channel.CreateBounded<EtcdWork>(new BoundedChannelOptions(QueueSize) { SingleReader = true });
    readonly EtcdStoreOptions options;
    readonly EtcdLog log;
    readonly Replica replica;
    readonly Session session;
    readonly long writer;
    readonly Task running;
    volatile Exception? closed;
    long number;

    public EtcdWriter(EtcdStoreOptions options, EtcdLog log, Replica replica, Session session, long writer)
    {
        (this.options, this.log, this.replica, this.session, this.writer) = (options, log, replica, session, writer);
        running = Task.Run(RunAsync);
    }

    /// <summary>Told after each record that was written.</summary>
    public Action Written { get; set; } = static () => { };

    /// <summary>Queues a work and gives what became of it.</summary>
    public Task<T> DoAsync<T>(EtcdWork<T> work)
    {
        if (closed is { } reason)
            throw reason is ObjectDisposedException ? new ObjectDisposedException(nameof(EtcdStore)) : reason;
        if (!queue.Writer.TryWrite(work))
        {
            throw closed is null
                ? new StoreUnavailableException($"the store {options.Name} has {QueueSize} writes waiting; etcd is too slow for this load")
                : new ObjectDisposedException(nameof(EtcdStore));
        }

        return work.Done;
    }

    /// <summary>Finishes what is queued.</summary>
    public Task CloseAsync()
    {
        closed ??= new ObjectDisposedException(nameof(EtcdStore));
        queue.Writer.TryComplete();
        return running;
    }

    async Task RunAsync()
    {
        var works = new List<EtcdWork>(GroupSize);
        while (await queue.Reader.WaitToReadAsync())
        {
            Take(works);
            try
            {
                await ProcessAsync(works);
            }
            catch (EtcdFault fault)
            {
                Refuse(works, fault.Explain(options.Name));
            }
            catch (StoreUnavailableException unavailable)
            {
                Refuse(works, unavailable);
            }
            catch (Exception bug)
            {
                Stop(works, bug);
                return;
            }

            works.Clear();
        }
    }

    void Take(List<EtcdWork> works)
    {
        var bytes = 0L;
        while (works.Count < GroupSize && queue.Reader.TryPeek(out var next) && (works.Count == 0 || bytes + next.Bytes <= GroupBytes))
        {
            queue.Reader.TryRead(out _);
            works.Add(next);
            bytes += next.Bytes;
        }
    }

    async Task ProcessAsync(List<EtcdWork> works)
    {
        while (works.Count > 0 && !await AttemptAsync(works))
        {
        }

        foreach (var work in works)
            work.Complete();
    }

    // True where the works' results stand.
    async Task<bool> AttemptAsync(List<EtcdWork> works)
    {
        var mine = ++number;
        var replacedBefore = replica.Replaced;
        var (draft, record, head, place) = replica.Still(at =>
        {
            var staged = new Draft(replica, session.Id, options.MaxBytes);
            Stage(works, staged);
            var next = new LogHead
            {
                Format = EtcdLayout.Format, Sequence = at.Sequence + 1, Revision = staged.Staging.Revision, LastLease = staged.LastLease,
            };
            return (staged, staged.Writes ? staged.ToRecord(writer, mine) : null, next, at);
        });
        // An answer that changes nothing has to be as of now, too; the watch may have moved the state meanwhile as well as this does.
        if (record is null)
        {
            await replica.CatchUpAsync(CancellationToken.None);
            return replica.Place.Sequence == place.Sequence;
        }

        var (written, mod) = await log.AppendAsync(record, head, place.ModRevision, CancellationToken.None);
        if (!written)
        {
            await replica.CatchUpAsync(CancellationToken.None);
            if (replica.Replaced != replacedBefore)
                throw new StoreUnavailableException($"this store was away from {options.Name} for so long that it cannot tell whether a commit was made; read, and decide anew");
            if (replica.LastOwn != mine)
            {
                await log.DiscardAsync(record, CancellationToken.None);
                return false;
            }
        }
        else if (!replica.Apply(new LoggedRecord(head.Sequence, mod, record), draft.Staging))
        {
            throw new InvalidOperationException("a record was written beyond the log's end");
        }

        Written();
        return true;
    }

    // Works that fail for a reason of their own are answered and leave the list.
    static void Stage(List<EtcdWork> works, Draft draft) => works.RemoveAll(work =>
    {
        try
        {
            work.Stage(draft);
            return false;
        }
        catch (Exception own) when (own is OperationCanceledException or StoreUnavailableException)
        {
            work.Fail(own);
            return true;
        }
    });

    static void Refuse(List<EtcdWork> works, Exception why)
    {
        foreach (var work in works)
            work.Fail(why);
    }

    // A broken invariant stops this store, and nothing else: everybody who waits or comes later is told.
    void Stop(List<EtcdWork> works, Exception bug)
    {
        var told = new StoreUnavailableException($"the store {options.Name} stopped: {bug.Message}; restart Mainstay", bug);
        closed = told;
        queue.Writer.TryComplete();
        while (queue.Reader.TryRead(out var waiting))
            works.Add(waiting);
        replica.State.Close(told);
        Refuse(works, told);
    }
}
