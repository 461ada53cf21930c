using Mainstay.Core.Kinds;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api;

/// <summary>
/// What the server's endpoints read: the decoded resources of some kinds, kept current by one watch. Reads take a lock and no I/O.
/// When the store fails or compacts, the last known is served on and the watch starts over.
/// </summary>
public sealed class Mirror(IStore store, KindRegistry kinds, TimeProvider time, params IEnumerable<Type> types)
{
    static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    readonly Lock gate = new();
    readonly Snapshot seen = new(kinds);
    readonly Dictionary<string, long> revisions = new(StringComparer.Ordinal);
    readonly HashSet<Type> mirrored = [.. types];
    readonly List<Subscription> subscriptions = [];
    TaskCompletionSource pulse = NewPulse();

    /// <summary>Called with what went wrong and is being retried.</summary>
    public Action<string, Exception>? OnFault { get; init; }

    /// <summary>True once the first list is in.</summary>
    public bool IsFilled { get; private set; }

    /// <summary>The revision up to which it is current.</summary>
    public long Revision
    {
        get
        {
            lock (gate)
            {
                return seen.Revision;
            }
        }
    }

    /// <summary>Reads under the lock; <paramref name="read"/> keeps nothing of the snapshot but resources.</summary>
    public T Read<T>(Func<Snapshot, T> read)
    {
        lock (gate)
        {
            return read(seen);
        }
    }

    /// <summary>Reads, and from there on is told of every change. <paramref name="onChange"/> runs under the lock: it notes and returns.</summary>
    public (T First, IDisposable Subscription) Subscribe<T>(Func<Snapshot, T> first, Action<Resource?, Resource?> onChange)
    {
        lock (gate)
        {
            var subscription = new Subscription(this, onChange);
            subscriptions.Add(subscription);
            return (first(seen), subscription);
        }
    }

    /// <summary>Waits until it holds everything up to <paramref name="revision"/>, at most <paramref name="most"/> (default 1 s); false when it does not by then.</summary>
    public async ValueTask<bool> ReachAsync(long revision, CancellationToken stop, TimeSpan? most = null)
    {
        try
        {
            while (true)
            {
                Task changed;
                lock (gate)
                {
                    if (IsFilled && seen.Revision >= revision)
                    {
                        return true;
                    }

                    changed = pulse.Task;
                }

                await changed.WaitAsync(most ?? TimeSpan.FromSeconds(1), time, stop);
            }
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Lists and watches until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                OnFault?.Invoke("mirror", fault);
                await Task.Delay(Retry, time, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    async Task FollowAsync(CancellationToken stop)
    {
        var listedAt = new Dictionary<Type, long>();
        foreach (var kind in mirrored.Select(kinds.Of))
        {
            var range = await store.RangeAsync(kind.Prefix, stop: stop);
            listedAt[kind.Type] = range.Revision;
            lock (gate)
            {
                Relist(kind, range);
            }
        }

        var from = listedAt.Values.Min();
        Advance(from);
        await foreach (var batch in store.WatchAsync("", from + 1, stop))
        {
            if (batch.Compacted)
            {
                return;
            }

            lock (gate)
            {
                foreach (var change in batch.Changes)
                {
                    if (kinds.OfKey(change.Key) is { } kind && mirrored.Contains(kind.Type) && batch.Revision > listedAt[kind.Type])
                    {
                        Take(change, batch.Revision);
                    }
                }
            }

            Advance(batch.Revision);
        }
    }

    // A second list is taken in as the differences to the first, so that subscribers miss nothing.
    void Relist(Kind kind, RangeResult range)
    {
        var listed = range.Entries.Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in revisions.Keys.Where(k => k.StartsWith(kind.Prefix, StringComparison.Ordinal) && !listed.Contains(k)).ToArray())
        {
            Take(new Change(gone, null, null), 0);
        }

        foreach (var entry in range.Entries.Where(e => revisions.GetValueOrDefault(e.Key) != e.ModRevision))
        {
            Take(new Change(entry.Key, entry, null), 0);
        }
    }

    void Take(Change change, long revision)
    {
        if (change.Current is { } entry)
        {
            revisions[change.Key] = entry.ModRevision;
        }
        else
        {
            revisions.Remove(change.Key);
        }

        var (before, after) = seen.Take(change, revision);
        foreach (var subscription in subscriptions)
        {
            subscription.OnChange(before, after);
        }
    }

    void Advance(long revision)
    {
        TaskCompletionSource passed;
        lock (gate)
        {
            seen.At(revision);
            IsFilled = true;
            (passed, pulse) = (pulse, NewPulse());
        }

        passed.SetResult();
    }

    static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    sealed class Subscription(Mirror owner, Action<Resource?, Resource?> onChange) : IDisposable
    {
        public Action<Resource?, Resource?> OnChange => onChange;

        public void Dispose()
        {
            lock (owner.gate)
            {
                owner.subscriptions.Remove(this);
            }
        }
    }
}
