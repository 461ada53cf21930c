using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>
/// Moves the log's oldest records, whose history was given up, into entries. Each step is written on condition that nobody else folded since; what
/// breaks off is done again, as the log loses a record only together with the step that says so.
/// </summary>
sealed class Folder(EtcdClient client, EtcdLog log, Replica replica) : IDisposable
{
    /// <summary>Most acts of one transaction; etcd takes 128 unless told otherwise.</summary>
    const int Acts = 100;

    const int PageRecords = 256;

    readonly SemaphoreSlim one = new(1, 1);

    /// <summary>Folds all records before the horizon; returns early where another store folds.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await one.WaitAsync(stop);
        try
        {
            while (await StepAsync(stop))
            {
            }
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    async Task<bool> StepAsync(CancellationToken stop)
    {
        if (await client.GetAsync(log.Layout.Folded, stop) is not { } found)
            return false;
        var marker = LogFolded.Parser.ParseFrom(found.Value);
        var horizon = replica.State.Horizon;
        var records = (await log.ReadAsync(marker.Revision, marker.Sequence, PageRecords, stop))
            .TakeWhile(r => r.Content.Before + r.Content.Batches.Count < horizon).ToList();
        if (records.Count == 0 || records[0].Sequence != marker.Sequence + 1)
            return false;
        var still = EtcdClient.Unchanged(log.Layout.Folded, found.ModRevision);
        foreach (var chunk in Chunks(await ActsAsync(records, stop)))
        {
            if (!(await client.TransactAsync([still], chunk, stop)).Succeeded)
                return false;
        }

        var last = records[^1];
        var revision = last.Content.Before + last.Content.Batches.Count;
        var next = new LogFolded { Sequence = last.Sequence, Revision = revision, Horizon = Math.Max(marker.Horizon, horizon) };
        var (moved, _) = await client.TransactAsync(
            [still],
            [EtcdClient.Put(log.Layout.Folded, next), EtcdClient.DeleteRange(log.Layout.Log, EtcdClient.Key(log.Layout.Record(revision, last.Sequence + 1)))],
            stop);
        if (!moved)
            return false;
        replica.Folded(records.Sum(r => Replica.Weigh(r.Content)));
        foreach (var record in records.Where(r => r.Content.CalculateSize() > EtcdLayout.PartBytes))
        {
            var parts = log.Layout.PartsOf(record.Content.Writer, record.Content.Number);
            await client.DeleteAsync(parts, EtcdClient.EndOf(parts), stop);
        }

        return true;
    }

    // What the records came to, in acts whose order does not matter.
    async Task<List<RequestOp>> ActsAsync(List<LoggedRecord> records, CancellationToken stop)
    {
        var entries = new Dictionary<string, (LogChange Change, long Revision)>(StringComparer.Ordinal);
        var leases = new Dictionary<long, LogLease?>();
        foreach (var record in records.Select(r => r.Content))
        {
            foreach (var grant in record.Grants)
                leases[grant.Id] = grant;
            for (var i = 0; i < record.Batches.Count; i++)
            {
                foreach (var change in record.Batches[i].Changes)
                    entries[change.Key] = (change, record.Before + i + 1);
            }

            foreach (var ended in record.Ended)
                leases[ended] = null;
            foreach (var owned in record.Owned)
                await OwnAsync(leases, owned, stop);
        }

        var acts = new List<RequestOp>(entries.Count + leases.Count);
        foreach (var (id, lease) in leases)
            acts.Add(lease is null ? EtcdClient.Delete(log.Layout.Lease(id)) : EtcdClient.Put(log.Layout.Lease(id), lease));
        foreach (var (change, revision) in entries.Values)
            await AddAsync(acts, change, revision, stop);
        return acts;
    }

    async Task OwnAsync(Dictionary<long, LogLease?> leases, LogLease owned, CancellationToken stop)
    {
        if (!leases.TryGetValue(owned.Id, out var lease))
            lease = await client.GetAsync(log.Layout.Lease(owned.Id), stop) is { } found ? LogLease.Parser.ParseFrom(found.Value) : null;
        if (lease is not null)
            leases[owned.Id] = new LogLease { Id = lease.Id, TtlMs = lease.TtlMs, Owner = owned.Owner };
    }

    async Task AddAsync(List<RequestOp> acts, LogChange change, long revision, CancellationToken stop)
    {
        var key = log.Layout.Key(change.Key);
        if (!change.HasValue)
        {
            acts.Add(EtcdClient.Delete(key));
        }
        else
        {
            var folded = new FoldedEntry { Created = change.Created, Modified = revision, Lease = change.Lease };
            if (change.Value.Length > EtcdLayout.PartBytes)
                folded.Parts = await log.SplitAsync(log.Layout.PartsOf(change.Key, revision), change.Value, stop);
            else
                folded.Value = change.Value;
            acts.Add(EtcdClient.Put(key, folded));
        }

        // Parts of earlier revisions, which nothing names after this.
        if (replica.InParts(change.Key))
            acts.Add(EtcdClient.DeleteRange(log.Layout.AllPartsOf(change.Key), EtcdClient.Key(log.Layout.PartsOf(change.Key, revision))));
    }

    /// <summary>The acts in transactions that etcd takes.</summary>
    public static IEnumerable<List<RequestOp>> Chunks(List<RequestOp> acts)
    {
        var (chunk, bytes) = (new List<RequestOp>(), 0L);
        foreach (var act in acts)
        {
            var weight = act.CalculateSize();
            if (chunk.Count == Acts || (chunk.Count > 0 && bytes + weight > EtcdLayout.PartBytes))
            {
                yield return chunk;
                (chunk, bytes) = ([], 0);
            }

            chunk.Add(act);
            bytes += weight;
        }

        if (chunk.Count > 0)
            yield return chunk;
    }
}
