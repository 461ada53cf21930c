namespace Mainstay.Core.Store;

/// <summary>
/// What a store shows to its readers: current entries, leases, recent history and watches. A store evaluates commits in a <see cref="Staging"/>,
/// makes them durable in its own way and then shows them with <see cref="Apply(Staging)"/>.
/// </summary>
/// <remarks>
/// Readers call from any thread. One writer at a time calls <see cref="Apply(Staging)"/>, <see cref="AddLease"/>, <see cref="Compact"/> and
/// the restoring methods; what <see cref="Staging"/> reads between them needs no lock, as nobody else changes it.
/// </remarks>
/// <param name="time">The clock of the leases.</param>
/// <param name="recent">The history that is held in memory.</param>
/// <param name="archived">True where older history can be read elsewhere: then dropping it from memory does not move <see cref="Horizon"/>.</param>
public sealed class StoreState(TimeProvider time, History recent, bool archived)
{
    readonly Lock gate = new();
    Keyspace keys = new();
    Leases leases = new(time);
    readonly List<Watch> watches = [];
    long revision;
    long horizon = 1;
    Exception? closed;

    /// <summary>The revision of the last applied commit.</summary>
    public long Revision => Volatile.Read(ref revision);

    /// <summary>The oldest revision whose changes can still be watched.</summary>
    public long Horizon => Volatile.Read(ref horizon);

    /// <summary>What the current entries weigh in memory.</summary>
    public long Bytes => keys.Bytes;

    /// <summary>How many current entries there are.</summary>
    public int Count => keys.Count;

    /// <summary>The current entry, read by the writer without a lock.</summary>
    public Entry? Get(string key) => keys.Get(key);

    internal bool HasLease(long lease) => leases.Get(lease) is not null;

    internal IReadOnlyCollection<string> KeysOf(long lease) => leases.Get(lease)?.Keys ?? [];

    /// <summary>The current entry.</summary>
    public Entry? Read(string key)
    {
        lock (gate)
        {
            ThrowIfClosed();
            return keys.Get(key);
        }
    }

    /// <summary>A consistent range; see <see cref="IStore.RangeAsync"/>.</summary>
    public RangeResult Read(string prefix, string? after, int limit)
    {
        lock (gate)
        {
            ThrowIfClosed();
            var (entries, more) = keys.Range(prefix, after, limit);
            return new RangeResult(entries, revision, more);
        }
    }

    /// <summary>Sets or (with null) removes an entry as it was read from a medium when the store opens, after its leases.</summary>
    public void RestoreEntry(string key, Entry? current)
    {
        var previous = current is null ? keys.Remove(key) : keys.Put(current);
        leases.Attach(new Change(key, current, previous));
    }

    /// <summary>Sets the counters that were read from a medium when the store opens.</summary>
    public void RestoreCounters(long atRevision, long atHorizon)
    {
        revision = atRevision;
        horizon = atHorizon;
        recent.StartAfter(atRevision);
    }

    /// <summary>
    /// Puts everything in the place of what is shown, where the commits between are not to be had any more. Watches that did not read up to
    /// <paramref name="atHorizon"/> are told so.
    /// </summary>
    public void Replace(IEnumerable<Entry> entries, IEnumerable<(long Id, TimeSpan Ttl)> living, long atRevision, long atHorizon)
    {
        lock (gate)
        {
            (keys, leases) = (new Keyspace(), new Leases(time));
            foreach (var (id, ttl) in living)
                leases.Add(id, ttl);
            foreach (var entry in entries)
                RestoreEntry(entry.Key, entry);
            recent.StartAfter(atRevision);
            Volatile.Write(ref revision, atRevision);
            Volatile.Write(ref horizon, Math.Max(horizon, atHorizon));
            foreach (var watch in watches)
                watch.Wake();
        }
    }

    /// <summary>The leases that live.</summary>
    public IReadOnlyList<long> LeaseIds()
    {
        lock (gate)
            return leases.Ids;
    }

    /// <summary>Shows what was staged, in order, and wakes the watches it concerns.</summary>
    public void Apply(Staging staged) => Apply(staged.Batches, staged.EndedLeases);

    /// <summary>Shows whole commits, in order, and forgets leases.</summary>
    public void Apply(IReadOnlyList<WatchBatch> batches, IReadOnlyList<long> endedLeases)
    {
        lock (gate)
        {
            foreach (var batch in batches)
            {
                foreach (var change in batch.Changes)
                    RestoreEntry(change.Key, change.Current);
                recent.Add(batch);
                Volatile.Write(ref revision, batch.Revision);
                foreach (var watch in watches)
                    watch.Seen(batch);
            }

            foreach (var lease in endedLeases)
                leases.Remove(lease);
            if (!archived && recent.First > horizon)
                Volatile.Write(ref horizon, recent.First);
        }
    }

    /// <summary>Moves the horizon, never back, and wakes watches that fell behind it.</summary>
    public void Compact(long before)
    {
        lock (gate)
        {
            Volatile.Write(ref horizon, Math.Max(horizon, Math.Min(before, revision)));
            recent.DropBefore(horizon);
            foreach (var watch in watches)
                watch.Wake();
        }
    }

    /// <summary>Adds a lease whose time starts now.</summary>
    public void AddLease(long id, TimeSpan ttl)
    {
        lock (gate)
            leases.Add(id, ttl);
    }

    /// <summary>Renews a lease; false when it is gone or over.</summary>
    public bool Renew(long lease)
    {
        lock (gate)
        {
            ThrowIfClosed();
            return leases.Renew(lease);
        }
    }

    /// <summary>Starts a lease's time anew, also where it seemed over: another kept its time so far.</summary>
    public void Restart(long lease)
    {
        lock (gate)
            leases.Restart(lease);
    }

    /// <summary>Takes the leases whose time is over; see <see cref="Leases.TakeDue"/>.</summary>
    public List<long> TakeDueLeases()
    {
        lock (gate)
            return leases.TakeDue();
    }

    /// <summary>Offers leases that could not be ended again, later.</summary>
    public void RetryLeases(IEnumerable<long> ids, TimeSpan after)
    {
        lock (gate)
        {
            foreach (var id in ids)
                leases.Retry(id, after);
        }
    }

    /// <summary>How long until a lease may be due; null for never.</summary>
    public TimeSpan? UntilNextLease()
    {
        lock (gate)
            return leases.UntilNext();
    }

    /// <summary>Starts a watch; see <see cref="Watch"/>.</summary>
    public Watch Open(string prefix, long fromRevision)
    {
        lock (gate)
        {
            ThrowIfClosed();
            var watch = new Watch(this, prefix, Math.Max(1, fromRevision));
            watches.Add(watch);
            return watch;
        }
    }

    /// <summary>Ends every read and watch from now on with <paramref name="reason"/>.</summary>
    public void Close(Exception reason)
    {
        lock (gate)
        {
            closed ??= reason;
            foreach (var watch in watches)
                watch.Wake();
        }
    }

    internal void Remove(Watch watch)
    {
        lock (gate)
            watches.Remove(watch);
    }

    internal WatchStep Read(Watch watch, out WatchBatch? batch)
    {
        lock (gate)
        {
            ThrowIfClosed();
            return watch.Step(recent, horizon, out batch);
        }
    }

    internal bool Readable(Watch watch)
    {
        lock (gate)
            return closed is not null || watch.Pending(recent, horizon);
    }

    void ThrowIfClosed()
    {
        if (closed is not null)
            throw closed is ObjectDisposedException ? new ObjectDisposedException(nameof(IStore)) : closed;
    }
}
