using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>What waiting callers want, decided on the state as it is, as one record of the log.</summary>
/// <param name="replica">The state, at rest.</param>
/// <param name="session">This store, for the others; 0 where it keeps no lease's time.</param>
/// <param name="maxBytes">What the entries may weigh.</param>
sealed class Draft(Replica replica, long session, long maxBytes)
{
    readonly List<LogLease> grants = [];
    readonly List<LogLease> owned = [];
    long compact;

    public Staging Staging { get; } = new(replica.State);

    public bool Writes => grants.Count + owned.Count + Staging.Batches.Count + Staging.EndedLeases.Count > 0 || compact > 0;

    public long LastLease => replica.LastLease + grants.Count;

    public CommitResult Stage(Commit commit)
    {
        var puts = commit.Operations.Sum(o => o.Value is { } value ? value.Length + (2L * o.Key.Length) : 0);
        if (puts > 0 && replica.State.Bytes + Staging.Growth + puts > maxBytes)
        {
            throw new StoreUnavailableException(
                $"the store holds {replica.State.Bytes >> 20} MiB of at most {maxBytes >> 20} MiB; delete keys, or allow it more memory");
        }

        return Staging.Stage(commit);
    }

    public long Grant(TimeSpan ttl)
    {
        var id = LastLease + 1;
        grants.Add(new LogLease { Id = id, TtlMs = (long)ttl.TotalMilliseconds, Owner = session });
        return id;
    }

    public void End(long lease) => Staging.StageEnd(lease);

    /// <summary>Ends a lease whose time this store keeps; another's is left to it.</summary>
    public void Expire(long lease)
    {
        if (replica.Owner(lease) == session)
            Staging.StageEnd(lease);
    }

    /// <summary>Keeps a lease's time from now on; false where it is over.</summary>
    public bool Own(long lease)
    {
        if (replica.Owner(lease) == 0 || Staging.EndedLeases.Contains(lease))
            return false;
        owned.Add(new LogLease { Id = lease, Owner = session });
        return true;
    }

    /// <summary>Keeps the time of all leases of stores that are gone.</summary>
    public void Adopt(IReadOnlySet<long> gone)
    {
        foreach (var lease in replica.LeasesOf(gone))
            Own(lease);
    }

    public void Compact(long before)
    {
        before = Math.Min(before, Staging.Revision);
        if (before > Math.Max(replica.State.Horizon, compact))
            compact = before;
    }

    public LogRecord ToRecord(long writer, long number)
    {
        var record = new LogRecord { Writer = writer, Number = number, Before = replica.State.Revision, Compact = compact };
        record.Grants.AddRange(grants);
        record.Owned.AddRange(owned);
        record.Ended.AddRange(Staging.EndedLeases);
        foreach (var batch in Staging.Batches)
            record.Batches.Add(new LogBatch { Changes = { batch.Changes.Select(ToChange) } });
        return record;
    }

    static LogChange ToChange(Change change)
    {
        var logged = new LogChange { Key = change.Key, Previous = change.Previous?.ModRevision ?? 0 };
        if (change.Current is { } entry)
            (logged.Value, logged.Created, logged.Lease) = (UnsafeByteOperations.UnsafeWrap(entry.Value), entry.CreateRevision, entry.Lease);
        return logged;
    }
}
