using System.Text;
using Google.Protobuf;
using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>A record where it lies in the log.</summary>
/// <param name="Sequence">Its place; each is one more than the one before.</param>
/// <param name="ModRevision">etcd's own revision that wrote it, and the head with it.</param>
/// <param name="Content">What it says.</param>
sealed record LoggedRecord(long Sequence, long ModRevision, LogRecord Content);

/// <summary>Everything folded, as of one revision of etcd's.</summary>
sealed record LoadedStore(List<Entry> Entries, List<LogLease> Leases, LogHead Head, LogFolded Folded, long FoldedMod, List<string> InParts);

/// <summary>Reads and writes the store's keys in etcd.</summary>
sealed class EtcdLog(EtcdClient client, EtcdLayout layout)
{
    const int Snapshots = 10;

    public EtcdLayout Layout => layout;

    /// <summary>Makes the store where there is none.</summary>
    public async Task EnsureAsync(CancellationToken stop)
    {
        var head = await client.GetAsync(layout.Head, stop);
        if (head is null)
        {
            await client.TransactAsync(
                [EtcdClient.Unchanged(layout.Head, 0)],
                [EtcdClient.Put(layout.Head, new LogHead { Format = EtcdLayout.Format }), EtcdClient.Put(layout.Folded, new LogFolded { Horizon = 1 })],
                stop);
            head = await client.GetAsync(layout.Head, stop) ?? throw new StoreUnavailableException("the store's head cannot be written; check the role's key range");
        }

        if (LogHead.Parser.ParseFrom(head.Value).Format is not EtcdLayout.Format and var format)
            throw new StoreUnavailableException($"under '{layout.All}' lies '{format}', this Mainstay reads '{EtcdLayout.Format}'; choose another prefix, or the Mainstay that wrote it");
    }

    /// <summary>What is folded, all of it as of one moment.</summary>
    public async Task<LoadedStore> LoadAsync(CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await LoadOnceAsync(stop);
            }
            catch (EtcdFault compacted) when (compacted.Code == EtcdCode.OutOfRange && attempt < Snapshots)
            {
                // etcd forgot the moment that was read: read a later one.
            }
        }
    }

    /// <summary>Records after a place, oldest first, up to about a page; empty where there are none.</summary>
    public async Task<List<LoggedRecord>> ReadAsync(long revision, long sequence, int limit, CancellationToken stop) =>
        await ReadFromAsync(layout.Record(revision, sequence + 1), limit, stop);

    /// <summary>Records from the one that made a revision on.</summary>
    public Task<List<LoggedRecord>> ReadOfAsync(long revision, int limit, CancellationToken stop) => ReadFromAsync(layout.RecordOf(revision), limit, stop);

    /// <summary>The record of a key; null where its parts are gone, as it was folded meanwhile.</summary>
    public async Task<LoggedRecord?> ReadAsync(KeyValue found, CancellationToken stop)
    {
        var record = LogRecord.Parser.ParseFrom(found.Value);
        if (record.Parts > 0)
        {
            if (await JoinAsync(layout.PartsOf(record.Writer, record.Number), record.Parts, 0, stop) is not { } whole)
                return null;
            record = LogRecord.Parser.ParseFrom(whole);
        }

        return new LoggedRecord(EtcdLayout.Sequence(found.Key.ToStringUtf8()), found.ModRevision, record);
    }

    /// <summary>Appends a record where the log still ends as it was seen; false where it does not, or where this very record is there already.</summary>
    public async Task<(bool Written, long ModRevision)> AppendAsync(LogRecord record, LogHead head, long headMod, CancellationToken stop)
    {
        var value = record.ToByteString();
        if (value.Length > EtcdLayout.PartBytes)
        {
            var parts = await SplitAsync(layout.PartsOf(record.Writer, record.Number), value, stop);
            value = new LogRecord { Writer = record.Writer, Number = record.Number, Parts = parts }.ToByteString();
        }

        return await client.TransactAsync(
            [EtcdClient.Unchanged(layout.Head, headMod)],
            [EtcdClient.Put(layout.Head, head), EtcdClient.Put(layout.Record(head.Revision, head.Sequence), value)],
            stop);
    }

    /// <summary>Takes back the parts of a record that was not written and never will be.</summary>
    public async Task DiscardAsync(LogRecord record, CancellationToken stop)
    {
        if (record.CalculateSize() <= EtcdLayout.PartBytes)
            return;
        var parts = layout.PartsOf(record.Writer, record.Number);
        await client.DeleteAsync(parts, EtcdClient.EndOf(parts), stop);
    }

    /// <summary>The last revision of etcd's that wrote the head, with what it says.</summary>
    public async Task<(LogHead Head, long ModRevision)> PlaceAsync(CancellationToken stop)
    {
        var found = await client.GetAsync(layout.Head, stop) ?? throw Gone();
        return (LogHead.Parser.ParseFrom(found.Value), found.ModRevision);
    }

    /// <summary>A folded entry; null where there is none.</summary>
    public async Task<Entry?> FoldedAsync(string key, CancellationToken stop) =>
        await client.GetAsync(layout.Key(key), stop) is { } found ? (await EntryAsync(found, 0, stop)).Entry : null;

    /// <summary>The stores that are open.</summary>
    public async Task<HashSet<long>> SessionsAsync(CancellationToken stop)
    {
        var found = await client.RangeAsync(
            new RangeRequest { Key = EtcdClient.Key(layout.Sessions), RangeEnd = EtcdClient.EndOf(layout.Sessions), KeysOnly = true }, stop);
        return [.. found.Kvs.Select(k => EtcdLayout.Id(k.Key.ToStringUtf8()))];
    }

    /// <summary>Writes a value in parts, which nobody sees until something names them.</summary>
    public async Task<int> SplitAsync(string prefix, ByteString value, CancellationToken stop)
    {
        var parts = 0;
        for (var at = 0; at < value.Length; at += EtcdLayout.PartBytes)
        {
            var part = UnsafeByteOperations.UnsafeWrap(value.Memory.Slice(at, Math.Min(EtcdLayout.PartBytes, value.Length - at)));
            await client.PutAsync($"{prefix}{parts++:x4}", part, stop);
        }

        return parts;
    }

    async Task<LoadedStore> LoadOnceAsync(CancellationToken stop)
    {
        var first = await client.RangeAsync(new RangeRequest { Key = EtcdClient.Key(layout.Head) }, stop);
        var at = first.Header.Revision;
        var head = LogHead.Parser.ParseFrom((first.Kvs.FirstOrDefault() ?? throw Gone()).Value);
        var folded = (await client.RangeAsync(new RangeRequest { Key = EtcdClient.Key(layout.Folded), Revision = at }, stop)).Kvs.FirstOrDefault() ?? throw Gone();
        var marker = LogFolded.Parser.ParseFrom(folded.Value);
        var (entries, inParts) = (new List<Entry>(), new List<string>());
        await foreach (var found in client.EachAsync(layout.Keys, at, stop))
        {
            var (entry, parts) = await EntryAsync(found, at, stop);
            if (parts)
                inParts.Add(entry.Key);
            // Written by folding that did not come to its end: the log still has it.
            if (entry.ModRevision <= marker.Revision)
                entries.Add(entry);
        }

        var leases = new List<LogLease>();
        await foreach (var found in client.EachAsync(layout.Leases, at, stop))
            leases.Add(LogLease.Parser.ParseFrom(found.Value));
        return new LoadedStore(entries, leases, head, marker, folded.ModRevision, inParts);
    }

    async Task<(Entry Entry, bool InParts)> EntryAsync(KeyValue found, long at, CancellationToken stop)
    {
        var key = found.Key.ToStringUtf8()[layout.Keys.Length..];
        var folded = FoldedEntry.Parser.ParseFrom(found.Value);
        var value = folded.Parts == 0 ? folded.Value : await JoinAsync(layout.PartsOf(key, folded.Modified), folded.Parts, at, stop)
            ?? throw new StoreUnavailableException($"the store under '{layout.All}' is damaged: '{key}' is not whole; restore a backup");
        return (new Entry(key, value.Memory, folded.Created, folded.Modified, folded.Lease), folded.Parts > 0);
    }

    async Task<ByteString?> JoinAsync(string prefix, int parts, long at, CancellationToken stop)
    {
        var whole = new MemoryStream();
        var count = 0;
        await foreach (var part in client.EachAsync(prefix, at, stop, pageSize: 8))
        {
            whole.Write(part.Value.Span);
            count++;
        }

        return count == parts ? UnsafeByteOperations.UnsafeWrap(whole.ToArray()) : null;
    }

    async Task<List<LoggedRecord>> ReadFromAsync(string from, int limit, CancellationToken stop)
    {
        var found = await client.RangeAsync(
            new RangeRequest { Key = EtcdClient.Key(from), RangeEnd = EtcdClient.EndOf(layout.Log), Limit = limit }, stop);
        var records = new List<LoggedRecord>(found.Kvs.Count);
        foreach (var each in found.Kvs)
        {
            if (await ReadAsync(each, stop) is not { } record)
                break;
            records.Add(record);
        }

        return records;
    }

    StoreUnavailableException Gone() => new($"the store under '{layout.All}' is gone: somebody deleted its keys; restore a backup");
}
