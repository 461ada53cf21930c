using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;

namespace Mainstay.Tests.Sim;

/// <summary>A gateway: follows the endpoints and acknowledges the revision that it serves. Between two lives it keeps its last table.</summary>
public sealed class SimGateway(SimContext sim, FaultyStore store, string name) : IDisposable
{
    static readonly Kind<Endpoints> Tables = CoreKinds.All.Of<Endpoints>();
    CancellationTokenSource? life;

    public Dictionary<string, Endpoints> Table { get; } = new(StringComparer.Ordinal);

    public void Restart()
    {
        Kill();
        life = new();
        var stop = life.Token;
        sim.Start(() => RunAsync(stop));
    }

    public void Dispose() => life?.Dispose();

    public void Kill() => life?.Cancel();

    async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await FollowAsync(stop);
            }
            catch (StoreUnavailableException)
            {
            }

            await sim.Delay(TimeSpan.FromMilliseconds(300), stop);
        }
    }

    async Task FollowAsync(CancellationToken stop)
    {
        var list = await store.RangeAsync(Tables.Prefix, stop: stop);
        Table.Clear();
        foreach (var entry in list.Entries)
        {
            Table[entry.Key[Tables.Prefix.Length..]] = Tables.Decode(entry);
        }

        await AcknowledgeAsync(list.Revision, stop);
        await foreach (var batch in store.WatchAsync(Tables.Prefix, list.Revision + 1, stop))
        {
            if (batch.Compacted)
            {
                return;
            }

            await sim.Delay(sim.Between(1, 60), stop);
            foreach (var change in batch.Changes)
            {
                var service = change.Key[Tables.Prefix.Length..];
                Table.Remove(service);
                if (change.Current is { } entry)
                {
                    Table[service] = Tables.Decode(entry);
                }
            }

            await AcknowledgeAsync(batch.Revision, stop);
        }
    }

    async Task AcknowledgeAsync(long revision, CancellationToken stop)
    {
        await sim.Delay(sim.Between(1, 40), stop);
        var node = new GatewayNode { Name = name, TableRevision = revision };
        await store.CommitAsync(new([], [new(CoreKinds.All.Of<GatewayNode>().KeyOf(name), Codec.Encode(node))]), stop);
    }
}
