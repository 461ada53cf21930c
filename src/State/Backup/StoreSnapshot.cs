using System.Text;
using Mainstay.Core.Store;

namespace Mainstay.State.Backup;

/// <summary>All entries of a store as of one revision. What lives on a lease is not among them: whoever holds it is not there any more.</summary>
/// <param name="Revision">Of the store.</param>
/// <param name="LastLease">The largest id of a lease that was given, or more.</param>
/// <param name="Entries">In ordinal order of keys.</param>
public sealed record StoreSnapshot(long Revision, long LastLease, IReadOnlyList<Entry> Entries)
{
    /// <summary>The key that says of a store that it was made from a snapshot.</summary>
    public const string Mark = "cluster/restored";

    /// <summary>Takes one of an open store, while it goes on being used.</summary>
    public static async Task<StoreSnapshot> TakeAsync(IStore store, CancellationToken stop)
    {
        // Ids of leases only grow: the next one says what was given before.
        var lease = await store.GrantLeaseAsync(StoreLimits.LeaseMin, stop);
        await store.RevokeLeaseAsync(lease, stop);
        var range = await store.RangeAsync("", stop: stop);
        return new StoreSnapshot(range.Revision, lease, [.. range.Entries.Where(e => e.Lease == 0 && e.Key != Mark)]);
    }

    /// <summary>
    /// The same for a store that begins with it: <paramref name="skip"/> revisions later, so that none comes twice that was given after the
    /// snapshot was taken, and with a mark, which is its last commit.
    /// </summary>
    public StoreSnapshot Begin(long skip, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(skip, 1);
        var revision = Revision + skip;
        var mark = new Entry(Mark, Encoding.UTF8.GetBytes($"from revision {Revision} at {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"), revision, revision);
        return new StoreSnapshot(revision, LastLease + skip, [.. Entries, mark]);
    }
}
