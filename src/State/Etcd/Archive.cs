using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>Reads commits back from the log, for watches that are further behind than memory goes.</summary>
sealed class Archive(EtcdLog log, Replica replica)
{
    const int PageRecords = 64;

    /// <summary>Whole commits from a revision on; empty where they were folded meanwhile.</summary>
    public async Task<List<WatchBatch>> ReadAsync(long fromRevision, CancellationToken stop)
    {
        var records = await log.ReadOfAsync(fromRevision, PageRecords, stop);
        if (records.Count == 0 || records[0].Content.Before >= fromRevision)
        {
            // What folded it said so before it did.
            await replica.CatchUpAsync(stop);
            return [];
        }

        var known = new Dictionary<(string Key, long Revision), Entry>();
        var batches = new List<WatchBatch>();
        foreach (var record in records.Select(r => r.Content))
        {
            for (var i = 0; i < record.Batches.Count; i++)
            {
                var revision = record.Before + i + 1;
                foreach (var change in record.Batches[i].Changes)
                {
                    if (Replica.Current(change, revision) is { } entry)
                        known[(change.Key, revision)] = entry;
                }

                if (revision >= fromRevision)
                    batches.Add(new WatchBatch(revision, await ChangesAsync(record.Batches[i], revision, known, stop)));
            }
        }

        return batches;
    }

    async Task<List<Change>> ChangesAsync(LogBatch batch, long revision, Dictionary<(string Key, long Revision), Entry> known, CancellationToken stop)
    {
        var changes = new List<Change>(batch.Changes.Count);
        foreach (var change in batch.Changes)
            changes.Add(new Change(change.Key, Replica.Current(change, revision), await PreviousAsync(change, known, stop)));
        return changes;
    }

    async Task<Entry?> PreviousAsync(LogChange change, Dictionary<(string Key, long Revision), Entry> known, CancellationToken stop)
    {
        if (change.Previous == 0)
            return null;
        if (known.TryGetValue((change.Key, change.Previous), out var entry))
            return entry;
        if ((await log.ReadOfAsync(change.Previous, 1, stop)).FirstOrDefault()?.Content is { } record && record.Before < change.Previous)
        {
            var batch = record.Batches[(int)(change.Previous - record.Before - 1)];
            return batch.Changes.FirstOrDefault(c => c.Key == change.Key) is { } made ? Replica.Current(made, change.Previous) : null;
        }

        return await log.FoldedAsync(change.Key, stop) is { } folded && folded.ModRevision == change.Previous ? folded : null;
    }
}
