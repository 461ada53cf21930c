using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Core.Time;

namespace Mainstay.Host.Rehearse;

/// <summary>The gateways that run now: they follow the endpoints, serve them a moment later, and say so.</summary>
sealed class RehearsedGateways(VirtualRun run, MemoryStore store, IReadOnlyList<GatewayNode> nodes)
{
    // From a change of endpoints until requests go by it.
    static readonly TimeSpan Way = TimeSpan.FromMilliseconds(50);
    static readonly Kind<Endpoints> Tables = CoreKinds.All.Of<Endpoints>();

    long served;
    bool tells;

    /// <summary>What they serve, by service.</summary>
    public Dictionary<string, Endpoints> Table { get; } = new(StringComparer.Ordinal);

    /// <summary>Grows whenever the table changes.</summary>
    public long Changes { get; private set; }

    public void Start(Snapshot seen, CancellationToken stop)
    {
        foreach (var endpoints in seen.All<Endpoints>())
        {
            Table[endpoints.Name] = endpoints;
        }

        served = store.Revision;
        var from = store.Revision + 1;
        Tell();
        run.Start(() => FollowAsync(from, stop));
    }

    async Task FollowAsync(long from, CancellationToken stop)
    {
        await foreach (var batch in store.WatchAsync(Tables.Prefix, from, stop))
        {
            run.After(Way, () => Take(batch));
        }
    }

    void Take(WatchBatch batch)
    {
        Changes++;
        served = batch.Revision;
        foreach (var change in batch.Changes)
        {
            var service = change.Key[Tables.Prefix.Length..];
            Table.Remove(service);
            if (change.Current is { } entry)
            {
                Table[service] = (Endpoints)Tables.Decode(entry);
            }
        }

        if (!tells)
        {
            tells = true;
            run.After(Way, Tell);
        }
    }

    void Tell()
    {
        tells = false;
        store.Write([.. nodes.Select(n => InstantStore.Put(n with { TableRevision = served }))]);
    }
}
