using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>The runs of several servers, of which one leads.</summary>
public sealed record SharedFlows
{
    /// <summary>Runs lie under this store's prefix.</summary>
    public required EtcdStoreOptions Store { get; init; }

    /// <summary>Of this leader. One with a later epoch takes the runs over; one with an earlier changes nothing any more.</summary>
    public required long Epoch { get; init; }

    /// <summary>Whether etcd serves nobody else, so that its history may be compacted as it grows. Default false.</summary>
    public bool OwnEtcd { get; init; }

    /// <summary>Told when another leads. Default: nobody is told.</summary>
    public Action Over { get; init; } = static () => { };

    /// <summary>Runs of a server that was alone, or of a backup: where this file is, they move in, and it is renamed. Null for none.</summary>
    public string? MovesIn { get; init; }

    /// <summary>Writes the runs that lie under a store's prefix into a file that is not there, as a server alone keeps them; false where there never were any. No server may be running.</summary>
    /// <exception cref="StoreUnavailableException">Most members do not answer, or the file cannot be written.</exception>
    public static async Task<bool> ExportAsync(EtcdStoreOptions store, string path, CancellationToken stop)
    {
        using var client = new EtcdClient(store);
        var layout = new FlowLayout(store.Prefix);
        try
        {
            if (await client.GetAsync(layout.Head, stop) is null)
                return false;
            using var file = new JournalFile(FlowTables.ShapeOf(path));
            // One thread has the file, and it waits for what it writes.
            file.InTransaction(durable: true, () => Task.Run(() => new FlowLoad(client, layout, new FlowPacker(layout)).RunAsync(file, [], stop), stop).GetAwaiter().GetResult());
            return true;
        }
        catch (EtcdFault fault)
        {
            throw fault.Explain(store.Name);
        }
        catch (SqliteFault fault)
        {
            throw fault.Explain(path);
        }
    }
}

/// <summary>Keeps runs in etcd: what a group has changed is there, under the leader's epoch, before anybody is told or called.</summary>
sealed class EtcdFlows : IJournalSource, IDisposable
{
    // etcd's members compact by themselves every five minutes; runs can fill more than they may hold in that time.
    const long CompactAfterBytes = 64L << 20;

    // As many as members keep.
    const long KeepRevisions = 1_000;

    static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    readonly SharedFlows options;
    readonly EtcdClient client;
    readonly FlowLayout layout;
    readonly FlowFence fence;
    readonly FlowPacker packer;
    readonly HashSet<string> definitions = new(StringComparer.Ordinal);
    readonly CancellationTokenSource ended = new();
    long uncompacted;

    public EtcdFlows(SharedFlows options)
    {
        this.options = options;
        client = new EtcdClient(options.Store);
        layout = new FlowLayout(options.Store.Prefix);
        fence = new FlowFence(client, layout.Head, options.Epoch, options.Store.Time);
        packer = new FlowPacker(layout);
    }

    /// <summary>Whether it was seen a moment ago that no other server goes on with the runs. Any thread may ask.</summary>
    public bool IsSure => fence.IsSure;

    /// <inheritdoc/>
    public void Fill(JournalFile file) => Wait(async stop =>
    {
        await fence.ClaimAsync(stop);
        var load = new FlowLoad(client, layout, packer);
        await load.RunAsync(file, definitions, stop);
        await load.CleanAsync(definitions, acts => fence.WriteAsync(acts, stop), stop);
        if (options.MovesIn is { } path && File.Exists(path))
            await MoveInAsync(path, file, stop);
    });

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<JournalWork> works)
    {
        List<RunChange> changes = [.. works.OfType<FlowWork>().SelectMany(w => w.Changes)];
        if (options.Store.Outage?.Invoke() is { } why)
        {
            // What was known last may be read.
            if (changes.Count == 0)
                return;
            throw new SourceFault(JournalStatus.Unavailable, $"nothing can be written: {why}") { Unasked = true };
        }

        Wait(stop => changes.Count == 0 ? fence.ConfirmAsync(stop) : WriteAsync(changes, stop));
    }

    /// <summary>What is asked of etcd from now on has 2 s.</summary>
    public void EndSoon() => ended.CancelAfter(LastWords);

    public void Dispose()
    {
        client.Dispose();
        ended.Dispose();
    }

    async Task WriteAsync(List<RunChange> changes, CancellationToken stop)
    {
        var batch = new Batch(fence);
        var pending = new Dictionary<string, Pending>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            var id = change.Before.Id;
            if (change.Declared is { } declared && definitions.Add(declared.Digest))
                await batch.AddAsync(packer.Pack(declared.Digest, declared.Json), stop);
            if (change.Forgotten)
            {
                // By itself: a new run may have its id in the same group.
                pending.Remove(id);
                await batch.AddAsync(packer.Forget(id), stop);
                await batch.SendAsync(stop);
                continue;
            }

            if (!pending.TryGetValue(id, out var known))
                pending[id] = known = new(change.Live);
            known.Wake = change.Wake;
            known.Touched.UnionWith(change.Rows.Select(r => r.Path));
        }

        foreach (var (live, wake, touched) in pending.Values)
            await batch.AddAsync(packer.Pack(live, wake, touched), stop);
        await batch.SendAsync(stop);
        uncompacted += batch.Sent;
        if (!options.OwnEtcd || uncompacted < CompactAfterBytes)
            return;
        uncompacted = 0;
        await client.CompactAsync(Math.Max(1, fence.Revision - KeepRevisions), stop);
    }

    // Done again from the start where it breaks off: what is there already is left as it is.
    async Task MoveInAsync(string path, JournalFile file, CancellationToken stop)
    {
        var batch = new Batch(fence);
        using (var old = OpenOld(path))
        {
            foreach (var (digest, json) in FlowTables.Definitions(old))
            {
                FlowTables.Keep(file, digest, json);
                if (definitions.Add(digest))
                    await batch.AddAsync(packer.Pack(digest, json), stop);
            }

            foreach (var id in FlowTables.All(old).Where(id => FlowTables.Run(file, id) is null))
            {
                var (run, wake, rows) = (FlowTables.Run(old, id)!, FlowTables.WakeOf(old, id), FlowTables.Rows(old, id));
                var live = new LiveRun(run, FlowTables.Definition(old, run.Definition), rows);
                FlowTables.Write(file, run, wake, live.Calls, rows, []);
                await batch.AddAsync(packer.Pack(live, wake, [.. live.Rows.Keys]), stop);
            }
        }

        await batch.SendAsync(stop);
        File.Move(path, path + ".moved", overwrite: true);
    }

    static JournalFile OpenOld(string path)
    {
        try
        {
            return new JournalFile(FlowTables.ShapeOf(path));
        }
        catch (SqliteFault fault)
        {
            throw new SourceFault(JournalStatus.Unavailable, fault.Explain(path).Message, fault);
        }
    }

    // The journal's thread has nothing else to do, and nothing may be done before this is.
    void Wait(Func<CancellationToken, Task> act)
    {
        try
        {
            Task.Run(() => act(ended.Token)).GetAwaiter().GetResult();
        }
        catch (EtcdFault fault)
        {
            throw new SourceFault(fault.IsFull ? JournalStatus.Full : JournalStatus.Unavailable, fault.Explain(options.Store.Name).Message, fault);
        }
        catch (OperationCanceledException stopped)
        {
            throw new SourceFault(JournalStatus.Unavailable, "Mainstay is stopping", stopped);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new SourceFault(JournalStatus.Unavailable, $"{options.MovesIn} cannot be moved in: {failed.Message}", failed);
        }
        catch (SourceFault over) when (over.Status == JournalStatus.Closed)
        {
            // Whoever is told has the thread for as long as he likes.
            ThreadPool.UnsafeQueueUserWorkItem(static told => told(), options.Over, preferLocal: false);
            throw;
        }
    }

    sealed record Pending(LiveRun Live)
    {
        public DateTimeOffset? Wake { get; set; }

        public HashSet<string> Touched { get; } = new(StringComparer.Ordinal);

        public void Deconstruct(out LiveRun live, out DateTimeOffset? wake, out HashSet<string> touched) => (live, wake, touched) = (Live, Wake, Touched);
    }

    /// <summary>Acts on their way, as many to a transaction as etcd takes; what belongs together stays so.</summary>
    sealed class Batch(FlowFence fence)
    {
        readonly List<RequestOp> acts = [];
        long bytes;

        public long Sent { get; private set; }

        public async Task AddAsync(FlowParcel parcel, CancellationToken stop)
        {
            foreach (var act in parcel.Before)
            {
                await fence.WriteAsync([act], stop);
                Sent += act.Put.Value.Length;
            }

            if (acts.Count + parcel.Acts.Count > FlowPacker.MostActs || bytes + parcel.Bytes > FlowPacker.MostBytes)
                await SendAsync(stop);
            acts.AddRange(parcel.Acts);
            bytes += parcel.Bytes;
        }

        public async Task SendAsync(CancellationToken stop)
        {
            if (acts.Count > 0)
                await fence.WriteAsync(acts, stop);
            Sent += bytes;
            acts.Clear();
            bytes = 0;
        }
    }
}
