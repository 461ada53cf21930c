using System.Buffers.Binary;
using System.Security.Cryptography;
using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Mainstay.State.Decide;

namespace Mainstay.State.Etcd;

/// <summary>
/// The store on etcd, for several servers at once. Commits that wait together are appended as one record to a log in etcd, on condition that nobody
/// else appended before; every open store follows the log and answers reads from memory, after it has asked etcd how far the log goes.
/// </summary>
/// <remarks>
/// Reads are linearizable, also while a member is paused or cut off. The time of each lease is kept by one open store; where that one's session
/// ends, another keeps it from then on, with its whole time to live. Where most members are away, operations throw
/// <see cref="StoreUnavailableException"/> after <see cref="EtcdStoreOptions.Patience"/>, watches wait, and all go on by themselves.
/// </remarks>
public sealed class EtcdStore : IStore
{
    static readonly TimeSpan LeaseRetry = TimeSpan.FromSeconds(1);

    readonly EtcdStoreOptions options;
    readonly EtcdClient client;
    readonly EtcdLog log;
    readonly Replica replica;
    readonly Session session;
    readonly EtcdWriter writer;
    readonly Folder folder;
    readonly Archive archive;
    readonly Barrier barrier;
    readonly Retention retention;
    readonly CancellationTokenSource ended = new();
    readonly Lock arming = new();
    readonly ITimer expiry;
    Task following = Task.CompletedTask;
    Task background = Task.CompletedTask;
    int adopting;
    int compacting;
    int disposed;

    EtcdStore(EtcdStoreOptions options, EtcdClient client)
    {
        (this.options, this.client) = (options, client);
        var id = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
        log = new EtcdLog(client, new EtcdLayout(options.Prefix));
        replica = new Replica(log, options, id);
        session = new Session(options, client, log.Layout) { Lost = Lose };
        writer = new EtcdWriter(options, log, replica, session, id) { Written = Retain };
        folder = new Folder(client, log, replica);
        archive = new Archive(log, replica);
        barrier = new Barrier(() => replica.CatchUpAsync(ended.Token));
        retention = new Retention(options.KeepRevisions, options.KeepBytes, BacklogRevisions: 0, BacklogBytes: 0);
        expiry = options.Time.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public long Revision => replica.State.Revision;

    /// <summary>Opens the store, and makes it where there is none; reads all of it.</summary>
    /// <exception cref="StoreUnavailableException">Most members do not answer, refuse the user, or hold something else under the prefix.</exception>
    public static async Task<EtcdStore> OpenAsync(EtcdStoreOptions options, CancellationToken stop = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(options.Endpoints.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepRevisions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RecentRevisions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SessionTtl, TimeSpan.FromSeconds(2));
        var store = new EtcdStore(options, new EtcdClient(options));
        try
        {
            await store.StartAsync(stop);
            return store;
        }
        catch (Exception failed)
        {
            await store.DisposeAsync();
            throw failed is EtcdFault fault ? fault.Explain(options.Name) : failed;
        }
    }

    /// <summary>Fills the empty store under a prefix from a snapshot; stores that are open on it show it as soon as it is there, whole. False where there is something in it.</summary>
    /// <exception cref="StoreUnavailableException">Most members do not answer.</exception>
    public static async Task<bool> FillAsync(EtcdStoreOptions options, StoreSnapshot snapshot, CancellationToken stop = default)
    {
        using var client = new EtcdClient(options);
        var log = new EtcdLog(client, new EtcdLayout(options.Prefix));
        try
        {
            await log.EnsureAsync(stop);
            return await Filler.FillAsync(client, log, snapshot, stop);
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
    }

    /// <summary>Where it lies.</summary>
    public EtcdStoreOptions Options => options;

    /// <summary>The term of etcd's own leader, as the last answer said it; grows with each election. 0 before the first answer.</summary>
    public ulong Term => client.Term;

    /// <summary>See <see cref="EtcdStoreOptions.SessionTtl"/>.</summary>
    public TimeSpan SessionTtl => options.SessionTtl;

    /// <summary>Told when the session was lost that <see cref="SessionAsync"/> gave.</summary>
    public Action SessionLost { get; set; } = static () => { };

    /// <summary>That this store is open, for the others; made where there is none.</summary>
    public async Task<long> SessionAsync(CancellationToken stop)
    {
        ThrowIfDisposed();
        await session.EnsureAsync(stop);
        return session.Id;
    }

    /// <summary>Whether the store that made this lease is open.</summary>
    public async Task<bool> IsOpenAsync(long other, CancellationToken stop)
    {
        try
        {
            return (await log.SessionsAsync(stop)).Contains(other);
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckKey(key);
        await BeCurrentAsync(stop);
        return replica.State.Read(key);
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckPrefix(prefix);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        await BeCurrentAsync(stop);
        return replica.State.Read(prefix, after, limit);
    }

    /// <inheritdoc/>
    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckCommit(commit);
        if (options.Outage?.Invoke() is { } why)
            throw new StoreUnavailableException($"nothing can be written: {why}");
        return new(writer.DoAsync(new EtcdCommit(commit, stop)));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) =>
        WatchLoop.RunAsync(replica.State, prefix, fromRevision, ReadAsync, stop);

    /// <inheritdoc/>
    public async ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        StoreLimits.CheckTtl(ttl);
        ThrowIfDisposed();
        await session.EnsureAsync(stop);
        var lease = await DoAsync(draft => draft.Grant(ttl));
        Arm();
        return lease;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        ThrowIfDisposed();
        if (session.IsSure && replica.Owner(lease) == session.Id)
        {
            if (replica.State.Renew(lease))
                return true;
            // Its time is over: "no" is said only when its end is durable. Where another keeps it by now, it may be renewed there.
            await DoAsync(draft =>
            {
                draft.Expire(lease);
                return true;
            });
        }

        await session.EnsureAsync(stop);
        var lives = await DoAsync(draft => draft.Own(lease));
        Arm();
        return lives;
    }

    /// <inheritdoc/>
    public async ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        await DoAsync(draft =>
        {
            draft.End(lease);
            return true;
        });
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        await DoAsync(draft =>
        {
            draft.Compact(revision);
            return true;
        });
        try
        {
            await folder.RunAsync(stop);
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await expiry.DisposeAsync();
        replica.State.Close(new ObjectDisposedException(nameof(EtcdStore)));
        await writer.CloseAsync();
        await ended.CancelAsync();
        await Task.WhenAll(following, background);
        await session.DisposeAsync();
        client.Dispose();
        folder.Dispose();
        replica.Dispose();
        ended.Dispose();
    }

    async Task StartAsync(CancellationToken stop)
    {
        await log.EnsureAsync(stop);
        await replica.LoadAsync(stop);
        following = new Follower(client, log, replica) { SessionEnded = Adopt }.RunAsync(ended.Token);
        Arm();
    }

    async Task BeCurrentAsync(CancellationToken stop)
    {
        ThrowIfDisposed();
        // What was known last is better than nothing, where whoever asks is told that it is that.
        if (options.Outage?.Invoke() is not null)
            return;
        try
        {
            var current = barrier.PassAsync();
            await (stop.CanBeCanceled ? current.WaitAsync(stop) : current);
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(EtcdStore));
        }
    }

    Task<T> DoAsync<T>(Func<Draft, T> act) => writer.DoAsync(new EtcdAct<T>(act));

    async Task<List<WatchBatch>> ReadAsync(long fromRevision, CancellationToken stop)
    {
        try
        {
            return await archive.ReadAsync(fromRevision, stop);
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(options.Name);
        }
    }

    void Expire()
    {
        foreach (var lease in replica.State.TakeDueLeases())
        {
            if (replica.Owner(lease) == session.Id)
            {
                Behind(() => EndAsync(lease));
            }
            else
            {
                // Another keeps its time; where that one is gone, we will.
                replica.State.RetryLeases([lease], options.SessionTtl);
                Adopt();
            }
        }

        Arm();
    }

    async Task EndAsync(long lease)
    {
        try
        {
            await DoAsync(draft =>
            {
                draft.Expire(lease);
                return true;
            });
        }
        finally
        {
            // Where it lives on, or could not be ended, it is looked at again.
            replica.State.RetryLeases([lease], LeaseRetry);
            Arm();
        }
    }

    void Lose()
    {
        Adopt();
        SessionLost();
    }

    // Keeps the time of the leases of stores that are gone.
    void Adopt()
    {
        if (Interlocked.Exchange(ref adopting, 1) == 0)
            Behind(AdoptAsync);
    }

    async Task AdoptAsync()
    {
        Interlocked.Exchange(ref adopting, 0);
        if (replica.Owners().All(owner => owner == session.Id))
            return;
        var living = await log.SessionsAsync(ended.Token);
        var gone = replica.Owners().Where(owner => !living.Contains(owner)).ToHashSet();
        if (gone.Count == 0)
            return;
        await session.EnsureAsync(ended.Token);
        await DoAsync(draft =>
        {
            draft.Adopt(gone);
            return true;
        });
        Arm();
    }

    void Retain()
    {
        var state = replica.State;
        var slice = RetentionDecide.Slice(state.Revision - state.Horizon + 1, replica.HistoryBytes, retention, quiet: true);
        if (slice > 0 && Interlocked.Exchange(ref compacting, 1) == 0)
            Behind(() => CompactBehindAsync(state.Horizon + slice));
    }

    async Task CompactBehindAsync(long before)
    {
        try
        {
            await CompactAsync(before, ended.Token);
        }
        finally
        {
            Interlocked.Exchange(ref compacting, 0);
        }
    }

    // What is nobody's call: a failure leaves it to the next occasion, which comes by itself.
    void Behind(Func<Task> act)
    {
        lock (arming)
            background = Task.WhenAll(background.IsCompleted ? Task.CompletedTask : background, GuardAsync(act));
    }

    static async Task GuardAsync(Func<Task> act)
    {
        try
        {
            await Task.Run(act);
        }
        catch (Exception passing) when (passing is EtcdFault or StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            // The store's callers are told by their own calls.
        }
    }

    void Arm()
    {
        // The lock keeps a later deadline from overwriting an earlier one.
        lock (arming)
        {
            if (Volatile.Read(ref disposed) == 0 && replica.State.UntilNextLease() is { } left)
                expiry.Change(left, Timeout.InfiniteTimeSpan);
        }
    }

    void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
}
