using System.Collections.Concurrent;
using System.Diagnostics;
using Mainstay.Core.Store;
using Mainstay.Tests.Conformance;

namespace Mainstay.Tests.State.Linear;

/// <summary>Clients that read and swap the same few keys at once, and write down what they saw.</summary>
sealed class Clients(int seed)
{
    /// <summary>Added to a revision it is one that no key has.</summary>
    const long Never = 1L << 40;

    readonly ConcurrentQueue<Step> history = new();
    long values;

    public IEnumerable<Step> History => history;

    public int Acknowledged => history.Count(s => s.Did == Did.Swap && s.Ended is not null);

    public int Unknown => history.Count(s => s.Ended is null);

    /// <summary>Runs so many at each store until told to end, each on keys of this round.</summary>
    public Task RunAsync(IReadOnlyList<IStore> stores, int each, string round, CancellationToken end) =>
        Task.WhenAll(stores.SelectMany((store, s) => Enumerable.Range(0, each).Select(c => Task.Run(() => ClientAsync(store, round, new Random((seed * 1000) + (s * 100) + c), end)))));

    /// <summary>Reads every key of a round once more, so that what was acknowledged has to be there.</summary>
    public async Task FinishAsync(IStore store, string round)
    {
        for (var key = 0; key < 4; key++)
            await ReadAsync(store, $"{round}/{key}");
    }

    async Task ClientAsync(IStore store, string round, Random random, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var key = $"{round}/{random.Next(4)}";
            if (await ReadAsync(store, key) is not { } seen)
                continue;
            if (random.Next(3) > 0)
                await SwapAsync(store, key, random.Next(10) == 0 ? (-1, seen.Revision + Never) : seen);
        }
    }

    async Task<(long Value, long Revision)?> ReadAsync(IStore store, string key)
    {
        var begun = Stopwatch.GetTimestamp();
        try
        {
            var entry = await store.GetAsync(key);
            var value = entry is null ? 0 : long.Parse(entry.Text());
            history.Enqueue(new Step(key, Did.Read, 0, value, begun, Stopwatch.GetTimestamp()));
            return (value, entry?.ModRevision ?? 0);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    async Task SwapAsync(IStore store, string key, (long Value, long Revision) seen)
    {
        var next = Interlocked.Increment(ref values);
        var begun = Stopwatch.GetTimestamp();
        try
        {
            var result = await store.IfAsync(key, seen.Revision, StoreWords.Put(key, $"{next}"));
            history.Enqueue(new Step(key, result.Succeeded ? Did.Swap : Did.Refused, seen.Value, next, begun, Stopwatch.GetTimestamp()));
        }
        catch (StoreUnavailableException)
        {
            // Revisions belong to values one to one, so that the swap is one of values.
            history.Enqueue(new Step(key, Did.Swap, seen.Value, next, begun, null));
        }
    }
}
