namespace Mainstay.Core.Store;

/// <summary>
/// The revisioned key-value store that holds every resource. Three implementations (memory, SQLite, etcd) pass one
/// conformance suite, <c>tests/Unit/Conformance/StoreConformance.cs</c>.
/// </summary>
/// <remarks>
/// Effects, which every implementation owes:
/// <list type="number">
/// <item>The store has one revision, a counter that starts at 0 and grows by exactly 1 with each commit that changes something. All
/// writes of a commit carry that commit's revision.</item>
/// <item>A commit is atomic and, once its task completes, durable: it survives <c>kill -9</c> of any process at any time.</item>
/// <item>A commit whose comparisons do not all hold changes nothing and says so by value; it does not throw.</item>
/// <item>Reads are linearizable: they see every commit that was acknowledged before they began.</item>
/// <item>A watch delivers every change under its prefix from its revision on, in revision order, each exactly once, all changes of one
/// commit in one batch; across restarts of the store too. A watch that starts before the compaction horizon ends with
/// <see cref="WatchBatch.Compacted"/> and delivers nothing.</item>
/// <item>An expired or revoked lease deletes its keys in one commit, seen by watches as deletions.</item>
/// </list>
/// Failures: an operation on a disposed store throws <see cref="ObjectDisposedException"/>; a store whose disk fails throws
/// <see cref="StoreUnavailableException"/> with a remedy, and the commit is then not acknowledged (its outcome is unknown until the next read).
/// Invalid arguments throw <see cref="ArgumentException"/> before anything happens. Cancelling an operation that already waits for the medium may
/// let it complete; the caller then reads to know.
/// Limits (<see cref="StoreLimits"/>): keys are 1 to 512 characters of UTF-8 without control characters; values up to 4 MiB; up to 4,096 operations in a commit.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>The revision of the last commit that was applied; 0 in a new store.</summary>
    long Revision { get; }

    /// <summary>The entry at <paramref name="key"/>, or null.</summary>
    ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default);

    /// <summary>The entries whose key starts with <paramref name="prefix"/>, in ordinal order of keys.</summary>
    /// <param name="prefix">The empty string selects everything.</param>
    /// <param name="after">Only keys after this one (for paging); null from the start.</param>
    /// <param name="limit">At most this many entries; 0 is all.</param>
    /// <param name="stop">Cancels the read.</param>
    ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default);

    /// <summary>Applies all of <paramref name="commit"/>'s operations if all of its comparisons hold, or none.</summary>
    ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default);

    /// <summary>Changes under <paramref name="prefix"/> with a revision of at least <paramref name="fromRevision"/>, until stopped.</summary>
    /// <param name="prefix">The empty string selects everything.</param>
    /// <param name="fromRevision">The first revision wanted; use <c>range.Revision + 1</c> to follow a range without a gap.</param>
    /// <param name="stop">Ends the watch by <see cref="OperationCanceledException"/>.</param>
    IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default);

    /// <summary>Makes a lease that expires <paramref name="ttl"/> after its last renewal (1 s to 24 h).</summary>
    ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default);

    /// <summary>Renews a lease. False when it has expired or was revoked: it never comes back.</summary>
    ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default);

    /// <summary>Ends a lease now and deletes its keys. Unknown leases are ignored.</summary>
    ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default);

    /// <summary>
    /// Forgets history before <paramref name="revision"/> (at most before the last one); current entries stay. Watches from before it are told.
    /// An earlier revision than a former compaction's changes nothing.
    /// </summary>
    ValueTask CompactAsync(long revision, CancellationToken stop = default);
}

/// <summary>A key and its value.</summary>
/// <param name="Key">The whole key.</param>
/// <param name="Value">The bytes as written. Not to be modified.</param>
/// <param name="CreateRevision">The revision of the commit that created the key since it was last absent.</param>
/// <param name="ModRevision">The revision of the last commit that wrote it.</param>
/// <param name="Lease">The lease it is attached to; 0 for none.</param>
public sealed record Entry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, long Lease = 0);

/// <summary>What a range saw.</summary>
/// <param name="Entries">In ordinal order of keys.</param>
/// <param name="Revision">The store's revision that the entries are consistent with.</param>
/// <param name="More">True when <c>limit</c> cut the list; go on with <c>after</c> = the last key.</param>
public sealed record RangeResult(IReadOnlyList<Entry> Entries, long Revision, bool More);

/// <summary>A condition of a commit: the key's <see cref="Entry.ModRevision"/> equals <paramref name="ModRevision"/>; 0 means the key is absent.</summary>
public readonly record struct Compare(string Key, long ModRevision);

/// <summary>A write of a commit: a put where <paramref name="Value"/> is given, a deletion where it is null.</summary>
/// <param name="Key">The key; at most one operation per key in a commit.</param>
/// <param name="Value">The new bytes; null deletes. Deleting an absent key is no change.</param>
/// <param name="Lease">Attach to this lease; 0 for none. A commit that names an unknown lease fails.</param>
public readonly record struct Operation(string Key, ReadOnlyMemory<byte>? Value, long Lease = 0);

/// <summary>Comparisons and operations that are applied together or not at all.</summary>
public sealed record Commit(IReadOnlyList<Compare> Compares, IReadOnlyList<Operation> Operations);

/// <summary>What became of a commit.</summary>
/// <param name="Succeeded">Whether all comparisons held (and named leases exist).</param>
/// <param name="Revision">On success the revision that the commit made (unchanged when it changed nothing); else the store's revision.</param>
/// <param name="Failed">The first comparison or lease that did not hold, for the message; null on success.</param>
public readonly record struct CommitResult(bool Succeeded, long Revision, string? Failed = null);

/// <summary>One change of one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Current">The entry after the change; null when it was deleted.</param>
/// <param name="Previous">The entry before the change where the store still has it; null for creations and where history no longer holds it.</param>
public readonly record struct Change(string Key, Entry? Current, Entry? Previous);

/// <summary>The changes of one commit that a watch selects.</summary>
/// <param name="Revision">The commit's revision; where <paramref name="Compacted"/>, the first revision that can still be watched.</param>
/// <param name="Changes">At least one, in ordinal order of keys; none where <paramref name="Compacted"/>.</param>
/// <param name="Compacted">True once, as the last batch, when the asked-for history is gone: list again and watch from there.</param>
public sealed record WatchBatch(long Revision, IReadOnlyList<Change> Changes, bool Compacted = false);

/// <summary>The store cannot read or write its medium; the message says what to do.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
