using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>Reads all runs from etcd into a file, while nobody writes.</summary>
sealed class FlowLoad(EtcdClient client, FlowLayout layout, FlowPacker packer)
{
    /// <summary>Reads everything; the digests of the declarations that runs keep are in <paramref name="definitions"/> then.</summary>
    public async Task RunAsync(JournalFile file, HashSet<string> definitions, CancellationToken stop)
    {
        packer.Clear();
        definitions.Clear();
        await foreach (var found in client.EachAsync(layout.Runs, 0, stop))
        {
            var kept = KeptRun.Parser.ParseFrom(found.Value);
            var (run, rows) = await ReadAsync(found.Key.ToStringUtf8()[layout.Runs.Length..], kept, stop);
            definitions.Add(run.Definition);
            FlowTables.Write(file, run, kept.WakeMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(kept.WakeMs), rows.Count(r => r.Stage == FlowStage.Calling), rows, []);
        }

        foreach (var digest in definitions)
        {
            var found = await client.GetAsync(layout.Definition(digest), stop) ?? throw Damaged(layout.Definition(digest));
            FlowTables.Keep(file, digest, await JoinAsync(layout.PartsOfDefinition(digest), KeptDefinition.Parser.ParseFrom(found.Value).Parts, stop));
        }
    }

    /// <summary>Deletes declarations that no run keeps any more, and what was written for something that never came to name it.</summary>
    public async Task CleanAsync(IReadOnlySet<string> definitions, Func<IReadOnlyList<RequestOp>, Task> write, CancellationToken stop)
    {
        var used = packer.InUse().Concat(definitions.Select(layout.PartsOfDefinition)).ToHashSet(StringComparer.Ordinal);
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (var prefix in new[] { layout.Parts, layout.Rows })
        {
            await foreach (var found in client.EachAsync(prefix, 0, stop, pageSize: 1024, keysOnly: true))
            {
                if (PrefixOf(found.Key.ToStringUtf8(), prefix) is var of && !used.Contains(of))
                    gone.Add(of);
            }
        }

        var acts = gone.Select(EtcdClient.DeleteAll).ToList();
        await foreach (var found in client.EachAsync(layout.Definitions, 0, stop, keysOnly: true))
        {
            var key = found.Key.ToStringUtf8();
            if (!definitions.Contains(key[layout.Definitions.Length..]))
                acts.Add(EtcdClient.Delete(key));
        }

        foreach (var some in acts.Chunk(FlowPacker.MostActs))
            await write(some);
    }

    // DIGEST~/ of a declaration, RUN/VERSION/ of a run; what follows may have slashes, too.
    static string PrefixOf(string key, string prefix)
    {
        var end = key.IndexOf('/', prefix.Length);
        if (end > 0 && key[end - 1] != '~')
            end = key.IndexOf('/', end + 1);
        return key[..(end + 1)];
    }

    async Task<(FlowRun Run, IReadOnlyList<FlowRow> Rows)> ReadAsync(string id, KeptRun kept, CancellationToken stop)
    {
        if (kept.Version == 0)
            return (Codec.Decode<FlowRun>(kept.Run.Span), [.. kept.Rows.Select(r => Codec.Decode<FlowRow>(r.Span))]);
        packer.Know(id, kept);
        var whole = KeptRun.Parser.ParseFrom(await JoinAsync(layout.PartsOf(id, kept.Version), kept.Parts, stop));
        var rows = whole.Rows.Select(r => Codec.Decode<FlowRow>(r.Span)).ToDictionary(r => r.Path, StringComparer.Ordinal);
        var prefix = layout.RowsOf(id, kept.Version);
        await foreach (var found in client.EachAsync(prefix, 0, stop))
        {
            var path = found.Key.ToStringUtf8()[prefix.Length..];
            if (found.Value.IsEmpty)
                rows.Remove(path);
            else
                rows[path] = Codec.Decode<FlowRow>(found.Value.Span);
        }

        return (Codec.Decode<FlowRun>((kept.Run.IsEmpty ? whole.Run : kept.Run).Span), [.. rows.Values]);
    }

    async Task<byte[]> JoinAsync(string prefix, int parts, CancellationToken stop)
    {
        var whole = new MemoryStream();
        var count = 0;
        await foreach (var part in client.EachAsync(prefix, 0, stop, pageSize: 8))
        {
            whole.Write(part.Value.Span);
            count++;
        }

        return count == parts ? whole.ToArray() : throw Damaged(prefix);
    }

    static StoreUnavailableException Damaged(string key) => new($"the runs of flows are damaged: '{key}' is not whole; restore a backup");
}
