namespace Mainstay.Core.Store;

/// <summary>
/// Evaluates commits one after another on top of a <see cref="StoreState"/> without touching it, so that a group of them can be made durable
/// before any becomes visible; each sees the ones before it and keeps its own outcome and revision.
/// </summary>
/// <remarks>Pure but for its own fields: no clock, no I/O. One thread at a time, which must also be the only one that applies to the state.</remarks>
public sealed class Staging(StoreState state)
{
    readonly Dictionary<string, Entry?> overlay = new(StringComparer.Ordinal);
    readonly List<WatchBatch> batches = [];
    readonly List<long> endedLeases = [];
    long growth;

    /// <summary>What was staged and changes something, in order of revision.</summary>
    public IReadOnlyList<WatchBatch> Batches => batches;

    /// <summary>Leases that end with this group.</summary>
    public IReadOnlyList<long> EndedLeases => endedLeases;

    /// <summary>The revision after everything staged.</summary>
    public long Revision => state.Revision + batches.Count;

    /// <summary>What the state's <see cref="StoreState.Bytes"/> grows by, as far as keys and values go.</summary>
    public long Growth => growth;

    /// <summary>Decides a commit; where it succeeds and changes something, a batch is added.</summary>
    public CommitResult Stage(Commit commit)
    {
        if (FirstFailure(commit) is { } failure)
            return new CommitResult(false, Revision, failure);
        var changes = new List<Change>(commit.Operations.Count);
        var next = Revision + 1;
        foreach (var operation in commit.Operations)
        {
            var previous = Current(operation.Key);
            if (operation.Value is { } value)
                changes.Add(new Change(operation.Key, Put(operation, value, previous, next), previous));
            else if (previous is not null)
                changes.Add(new Change(operation.Key, null, previous));
        }

        Add(changes);
        return new CommitResult(true, Revision);
    }

    /// <summary>Ends a lease and deletes its keys in one commit; an unknown lease changes nothing.</summary>
    public void StageEnd(long lease)
    {
        if (!Lives(lease))
            return;
        var changes = new List<Change>();
        foreach (var key in state.KeysOf(lease))
        {
            if (Current(key) is { } entry && entry.Lease == lease)
                changes.Add(new Change(key, null, entry));
        }

        foreach (var (key, entry) in overlay)
        {
            if (entry?.Lease == lease && state.Get(key)?.Lease != lease)
                changes.Add(new Change(key, null, entry));
        }

        endedLeases.Add(lease);
        Add(changes);
    }

    string? FirstFailure(Commit commit)
    {
        foreach (var compare in commit.Compares)
        {
            var found = Current(compare.Key)?.ModRevision ?? 0;
            if (found != compare.ModRevision)
                return $"key '{compare.Key}' is {Name(found)}, expected {Name(compare.ModRevision)}";
        }

        foreach (var operation in commit.Operations)
        {
            if (operation.Lease != 0 && operation.Value is not null && !Lives(operation.Lease))
                return $"lease {operation.Lease} does not exist";
        }

        return null;
    }

    static string Name(long revision) => revision == 0 ? "absent" : $"at revision {revision}";

    static Entry Put(in Operation operation, ReadOnlyMemory<byte> value, Entry? previous, long revision) =>
        // The bytes are copied: callers reuse their buffers.
        new(operation.Key, value.ToArray(), previous?.CreateRevision ?? revision, revision, operation.Lease);

    void Add(List<Change> changes)
    {
        if (changes.Count == 0)
            return;
        changes.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        foreach (var change in changes)
        {
            overlay[change.Key] = change.Current;
            growth += (change.Current is { } entry ? Keyspace.Weigh(entry) : 0) - (change.Previous is { } old ? Keyspace.Weigh(old) : 0);
        }

        batches.Add(new WatchBatch(Revision + 1, changes));
    }

    Entry? Current(string key) => overlay.TryGetValue(key, out var entry) ? entry : state.Get(key);

    bool Lives(long lease) => state.HasLease(lease) && !endedLeases.Contains(lease);
}
