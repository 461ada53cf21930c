using System.Runtime.CompilerServices;
using Mainstay.Core.Store;

namespace Mainstay.Tests.Sim;

/// <summary>A store whose answers and watches can be made to fail, be late or be lost; what it acknowledges is true.</summary>
public sealed class FaultyStore(MemoryStore inner, TimeProvider time) : IStore
{
    readonly List<CancellationTokenSource> watches = [];
    readonly List<TaskCompletionSource> waiting = [];
    bool isHeld;

    /// <summary>Every operation throws as a store does whose disk fails.</summary>
    public bool IsAway { get; set; }

    /// <summary>So many of the next commits throw, before or after they were made.</summary>
    public int FailCommits { get; set; }

    /// <summary>With <see cref="FailCommits"/>: the commit is made all the same.</summary>
    public bool FailAfterwards { get; set; }

    /// <summary>When commits failed, in order.</summary>
    public List<DateTimeOffset> Failures { get; } = [];

    /// <summary>How long operations and deliveries take; null is no time at all.</summary>
    public Func<TimeSpan>? Delay { get; set; }

    public long Revision => inner.Revision;

    /// <summary>From now on watches deliver nothing, until released.</summary>
    public void Hold() => isHeld = true;

    public void Release()
    {
        isHeld = false;
        foreach (var one in waiting.ToArray())
        {
            one.TrySetResult();
        }

        waiting.Clear();
    }

    /// <summary>Ends all watches with an error, held ones too.</summary>
    public void BreakWatches()
    {
        foreach (var watch in watches.ToArray())
        {
            watch.Cancel();
        }

        watches.Clear();
        Release();
    }

    public async ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default)
    {
        await Pass(stop);
        return await inner.GetAsync(key, stop);
    }

    public async ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default)
    {
        await Pass(stop);
        return await inner.RangeAsync(prefix, after, limit, stop);
    }

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default)
    {
        await Pass(stop);
        if (FailCommits > 0)
        {
            FailCommits--;
            Failures.Add(time.GetUtcNow());
            if (FailAfterwards)
            {
                await inner.CommitAsync(commit, stop);
            }

            throw new StoreUnavailableException("the commit's outcome is unknown");
        }

        return await inner.CommitAsync(commit, stop);
    }

    public async IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, [EnumeratorCancellation] CancellationToken stop = default)
    {
        await Pass(stop);
        using var watch = inner.OpenWatch(prefix, fromRevision);
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        watches.Add(broken);
        try
        {
            WatchBatch batch;
            do
            {
                batch = await NextAsync(watch, broken.Token, stop);
                yield return batch;
            }
            while (!batch.Compacted);
        }
        finally
        {
            watches.Remove(broken);
        }
    }

    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default) => inner.GrantLeaseAsync(ttl, stop);

    public ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default) => inner.KeepAliveAsync(lease, stop);

    public ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default) => inner.RevokeLeaseAsync(lease, stop);

    public ValueTask CompactAsync(long revision, CancellationToken stop = default) => inner.CompactAsync(revision, stop);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    async ValueTask Pass(CancellationToken stop)
    {
        await Late(stop);
        if (IsAway)
        {
            throw new StoreUnavailableException("the store is away");
        }
    }

    async ValueTask Late(CancellationToken stop)
    {
        if (Delay?.Invoke() is { } delay && delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, time, stop);
        }
    }

    async ValueTask<WatchBatch> NextAsync(Watch watch, CancellationToken broken, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                broken.ThrowIfCancellationRequested();
                if (isHeld)
                {
                    await ReleasedAsync(broken);
                }
                else if (watch.TryRead(out var batch))
                {
                    await Late(broken);
                    return batch;
                }
                else
                {
                    await watch.WaitAsync(broken);
                }
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new StoreUnavailableException("the watch broke");
        }
    }

    async ValueTask ReleasedAsync(CancellationToken broken)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Add(mine);
        await using var registration = broken.UnsafeRegister(static (one, token) => ((TaskCompletionSource)one!).TrySetCanceled(token), mine);
        await mine.Task;
    }
}
