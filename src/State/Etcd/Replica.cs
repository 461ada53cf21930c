using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>Where the log ends for this store, as a transaction compares it.</summary>
readonly record struct LogPlace(long Sequence, long ModRevision);

/// <summary>
/// The state that the log's records came to, as far as this store has read them. Records are applied in their order, each once, whoever brings
/// them: the writer, the watch, or a read that has to be current.
/// </summary>
sealed class Replica(EtcdLog log, EtcdStoreOptions options, long writer) : IDisposable
{
    const int PageRecords = 64;

    /// <summary>How often what is folded is read anew, to no avail, before records count as lost.</summary>
    const int MostLoads = 5;

    readonly Lock applying = new();
    readonly SemaphoreSlim reading = new(1, 1);
    readonly Dictionary<long, long> owners = [];
    readonly HashSet<string> inParts = new(StringComparer.Ordinal);
    LogPlace place;
    long lastLease;
    long lastOwn;
    int replaced;

    public StoreState State { get; } = new(options.Time, new History(options.RecentRevisions, maxBytes: 16 << 20), archived: true);

    public LogPlace Place
    {
        get
        {
            lock (applying)
                return place;
        }
    }

    /// <summary>The largest id of a lease that was ever given.</summary>
    public long LastLease => lastLease;

    /// <summary>The number of the last applied record that this store wrote.</summary>
    public long LastOwn
    {
        get
        {
            lock (applying)
                return lastOwn;
        }
    }

    /// <summary>How often records were gone before they were read, and everything was read anew.</summary>
    public int Replaced => Volatile.Read(ref replaced);

    /// <summary>Bytes of keys and values in the log, about.</summary>
    public long HistoryBytes { get; private set; }

    /// <summary>Decides something on the state while nobody applies to it.</summary>
    public T Still<T>(Func<LogPlace, T> decide)
    {
        lock (applying)
            return decide(place);
    }

    /// <summary>Who keeps a lease's time; 0 for a lease that is not known.</summary>
    public long Owner(long lease)
    {
        lock (applying)
            return owners.GetValueOrDefault(lease);
    }

    /// <summary>All who keep some lease's time.</summary>
    public List<long> Owners()
    {
        lock (applying)
            return [.. owners.Values.Distinct()];
    }

    public List<long> LeasesOf(IReadOnlySet<long> gone)
    {
        lock (applying)
            return [.. owners.Where(o => gone.Contains(o.Value)).Select(o => o.Key).Order()];
    }

    /// <summary>Whether some revision of a key may lie in parts.</summary>
    public bool InParts(string key)
    {
        lock (applying)
            return inParts.Contains(key);
    }

    /// <summary>Reads everything, in a new store.</summary>
    public async Task LoadAsync(CancellationToken stop)
    {
        Show(await log.LoadAsync(stop), first: true);
        await CatchUpAsync(stop);
    }

    /// <summary>Applies everything that was acknowledged before; true where there was something.</summary>
    public async Task<bool> CatchUpAsync(CancellationToken stop)
    {
        await reading.WaitAsync(stop);
        try
        {
            var (head, mod) = await log.PlaceAsync(stop);
            var moved = false;
            var loads = 0;
            while (Place.Sequence < head.Sequence)
            {
                moved = true;
                var records = await log.ReadAsync(State.Revision, Place.Sequence, PageRecords, stop);
                // Folded before they were read, unless the watch brought them meanwhile.
                var at = Place.Sequence;
                if (at < head.Sequence && (records.Count == 0 || records[0].Sequence > at + 1))
                {
                    if (++loads > MostLoads)
                        throw new StoreUnavailableException($"the store {options.Name} is damaged: record {Place.Sequence + 1} is missing; restore a backup");
                    Show(await log.LoadAsync(stop), first: false);
                }

                foreach (var record in records)
                    Apply(record, null);
            }

            // A restored store's head was written without a record.
            lock (applying)
                place = place.Sequence == head.Sequence ? new LogPlace(head.Sequence, mod) : place;
            return moved;
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>Applies a record that comes next; false where others are missing before it. One that was applied before changes nothing.</summary>
    /// <param name="record">The record.</param>
    /// <param name="staged">What it came from, where this store wrote it on the state as it is.</param>
    public bool Apply(LoggedRecord record, Staging? staged)
    {
        lock (applying)
        {
            if (record.Sequence <= place.Sequence)
                return true;
            if (record.Sequence != place.Sequence + 1)
                return false;
            var content = record.Content;
            if (content.Before != State.Revision)
                throw new InvalidOperationException($"record {record.Sequence} follows revision {content.Before}, but the state is at {State.Revision}");
            foreach (var grant in content.Grants)
                Grant(grant);
            inParts.UnionWith(content.Batches.SelectMany(b => b.Changes).Where(c => c.Value.Length > EtcdLayout.PartBytes).Select(c => c.Key));
            if (staged is not null)
                State.Apply(staged.Batches, []);
            else
                Replay(content);
            HistoryBytes += Weigh(content);
            State.Apply([], [.. content.Ended]);
            foreach (var ended in content.Ended)
                owners.Remove(ended);
            foreach (var owned in content.Owned.Where(o => owners.ContainsKey(o.Id)))
            {
                owners[owned.Id] = owned.Owner;
                State.Restart(owned.Id);
            }

            if (content.Compact > 0)
                State.Compact(content.Compact);
            if (content.Writer == writer)
                lastOwn = content.Number;
            place = new LogPlace(record.Sequence, record.ModRevision);
            return true;
        }
    }

    /// <summary>So much of the log was folded.</summary>
    public void Folded(long bytes)
    {
        lock (applying)
            HistoryBytes = Math.Max(0, HistoryBytes - bytes);
    }

    /// <summary>What a record weighs in history, in bytes of keys and values.</summary>
    public static long Weigh(LogRecord record) => record.Batches.Sum(b => b.Changes.Sum(c => (long)c.Key.Length + c.Value.Length));

    public void Dispose() => reading.Dispose();

    void Show(LoadedStore loaded, bool first)
    {
        lock (applying)
        {
            // What is shown never goes back: who reads meanwhile has seen it.
            if (!first && loaded.Folded.Sequence <= place.Sequence)
                return;
            owners.Clear();
            inParts.UnionWith(loaded.InParts);
            lastLease = Math.Max(lastLease, loaded.Head.LastLease);
            foreach (var lease in loaded.Leases)
                owners[lease.Id] = lease.Owner;
            State.Replace(
                loaded.Entries, loaded.Leases.Select(l => (l.Id, TimeSpan.FromMilliseconds(l.TtlMs))), loaded.Folded.Revision, loaded.Folded.Horizon);
            place = new LogPlace(loaded.Folded.Sequence, 0);
            HistoryBytes = 0;
            replaced += first ? 0 : 1;
        }
    }

    void Grant(LogLease grant)
    {
        State.AddLease(grant.Id, TimeSpan.FromMilliseconds(grant.TtlMs));
        owners[grant.Id] = grant.Owner;
        lastLease = Math.Max(lastLease, grant.Id);
    }

    // Commit by commit, as one may replace what the one before wrote.
    void Replay(LogRecord record)
    {
        foreach (var batch in record.Batches)
        {
            var revision = State.Revision + 1;
            var changes = new List<Change>(batch.Changes.Count);
            foreach (var change in batch.Changes)
                changes.Add(new Change(change.Key, Current(change, revision), State.Get(change.Key)));

            State.Apply([new WatchBatch(revision, changes)], []);
        }
    }

    /// <summary>The entry that a change left; null where it deleted it.</summary>
    public static Entry? Current(LogChange change, long revision) =>
        change.HasValue ? new Entry(change.Key, change.Value.Memory, change.Created, revision, change.Lease) : null;
}
