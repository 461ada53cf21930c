using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;

namespace Mainstay.Host.Roles;

/// <summary>Keeps the newest events and audit entries and forgets the rest; their names begin with their time, so the oldest come first.</summary>
static class Pruner
{
    /// <summary>How many of each are kept.</summary>
    public const int Keep = 10_000;

    const int Batch = 1_000;
    static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(IStore store, KindRegistry kinds, TimeProvider time, Action<string, Exception> onFault, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.Delay(Every, time, stop);
                try
                {
                    await PruneAsync(store, kinds.Of<Event>().Prefix, Keep, stop);
                    await PruneAsync(store, kinds.Of<AuditEntry>().Prefix, Keep, stop);
                }
                catch (StoreUnavailableException fault)
                {
                    onFault("pruning", fault);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped as asked.
        }
    }

    /// <summary>Deletes the oldest entries under <paramref name="prefix"/> until <paramref name="keep"/> are left.</summary>
    public static async Task PruneAsync(IStore store, string prefix, int keep, CancellationToken stop)
    {
        var all = await store.RangeAsync(prefix, stop: stop);
        foreach (var batch in all.Entries.Take(Math.Max(0, all.Entries.Count - keep)).Chunk(Batch))
        {
            await store.CommitAsync(new Commit([], [.. batch.Select(e => new Operation(e.Key, null))]), stop);
        }
    }
}
