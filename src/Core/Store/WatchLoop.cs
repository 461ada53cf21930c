using System.Runtime.CompilerServices;

namespace Mainstay.Core.Store;

/// <summary>Reads whole commits back from where a store keeps older history.</summary>
/// <param name="fromRevision">The first one wanted.</param>
/// <param name="stop">Gives up.</param>
/// <returns>Some commits from there on, in order; empty where they were given up meanwhile, which the next read then says.</returns>
public delegate Task<List<WatchBatch>> ReadHistory(long fromRevision, CancellationToken stop);

/// <summary>What <see cref="IStore.WatchAsync"/> is for every store: a <see cref="Watch"/> that waits where there is nothing yet.</summary>
public static class WatchLoop
{
    /// <summary>Everything under a prefix from a revision on; ends with a compacted batch alone.</summary>
    /// <param name="state">What is shown.</param>
    /// <param name="prefix">Of the keys.</param>
    /// <param name="fromRevision">The first one wanted.</param>
    /// <param name="older">Reads what is in memory no more; never asked by a store that keeps nothing elsewhere.</param>
    /// <param name="stop">Ends the watch.</param>
    public static async IAsyncEnumerable<WatchBatch> RunAsync(
        StoreState state, string prefix, long fromRevision, ReadHistory older, [EnumeratorCancellation] CancellationToken stop)
    {
        StoreLimits.CheckPrefix(prefix);
        using var watch = state.Open(prefix, fromRevision);
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            switch (watch.Read(out var batch))
            {
                case WatchStep.Batch:
                    yield return batch!;
                    if (batch!.Compacted)
                        yield break;
                    break;
                case WatchStep.Empty:
                    await watch.WaitAsync(stop);
                    break;
                case WatchStep.Archived:
                    var whole = await older(watch.Next, stop);
                    if (whole.Count > 0)
                        watch.Resume(whole[^1].Revision + 1);
                    foreach (var archived in whole)
                    {
                        if (watch.Select(archived) is { } selected)
                            yield return selected;
                    }

                    break;
            }
        }
    }
}
