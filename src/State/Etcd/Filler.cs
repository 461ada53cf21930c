using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>
/// Fills an empty store from a snapshot. What is written is not seen before the last step, which moves the head and what is folded together, on
/// condition that the store still is empty; one that breaks off is done again from the start.
/// </summary>
static class Filler
{
    /// <summary>False where there is something in the store.</summary>
    public static async Task<bool> FillAsync(EtcdClient client, EtcdLog log, StoreSnapshot snapshot, CancellationToken stop)
    {
        var (head, mod) = await log.PlaceAsync(stop);
        if (head.Sequence > 0)
            return false;
        var still = EtcdClient.Unchanged(log.Layout.Head, mod);
        var acts = new List<RequestOp>(snapshot.Entries.Count);
        foreach (var entry in snapshot.Entries)
            acts.Add(await FoldedAsync(log, entry, stop));
        foreach (var chunk in Folder.Chunks(acts))
        {
            if (!(await client.TransactAsync([still], chunk, stop)).Succeeded)
                return false;
        }

        // One place further than empty, so that stores that are open on it read all of it.
        var filled = new LogHead { Format = EtcdLayout.Format, Sequence = 1, Revision = snapshot.Revision, LastLease = snapshot.LastLease };
        var folded = new LogFolded { Sequence = 1, Revision = snapshot.Revision, Horizon = snapshot.Revision + 1 };
        return (await client.TransactAsync(
            [still], [EtcdClient.Put(log.Layout.Head, filled), EtcdClient.Put(log.Layout.Folded, folded)], stop)).Succeeded
            || (await log.PlaceAsync(stop)).Head.Equals(filled);
    }

    static async Task<RequestOp> FoldedAsync(EtcdLog log, Entry entry, CancellationToken stop)
    {
        var folded = new FoldedEntry { Created = entry.CreateRevision, Modified = entry.ModRevision };
        var value = UnsafeByteOperations.UnsafeWrap(entry.Value);
        if (value.Length > EtcdLayout.PartBytes)
            folded.Parts = await log.SplitAsync(log.Layout.PartsOf(entry.Key, entry.ModRevision), value, stop);
        else
            folded.Value = value;
        return EtcdClient.Put(log.Layout.Key(entry.Key), folded);
    }
}
