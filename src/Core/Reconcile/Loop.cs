using System.Threading.Channels;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;

namespace Mainstay.Core.Reconcile;

/// <summary>
/// The one reconcile loop. Its steps, for ever:
/// <list type="number">
/// <item>List the watched kinds, then watch from there; a compacted or broken watch starts over.</item>
/// <item>Every change names the keys that it affects; a key waits in the queue at most once, and at most one pass per key is under way.</item>
/// <item>A pass asks the reconciler for a plan against the snapshot, never against one that lacks the key's own last commit.</item>
/// <item>The plan's writes are committed together if none of the resources it writes or expects changed since they were seen; if one did, the key waits for that change and is asked again.</item>
/// <item>Only after the commit the driver acts.</item>
/// <item>The key comes back on the next change, at the plan's time, or after a backoff when something failed.</item>
/// </list>
/// It starts no threads and reads no clock but <paramref name="time"/>: under a single-threaded synchronization context it is deterministic.
/// </summary>
public sealed class Loop(IStore store, KindRegistry kinds, IReconciler reconciler, IDriver driver, TimeProvider time, LoopOptions? options = null)
{
    readonly LoopOptions options = options ?? new();
    readonly Channel<object> inbox = Channel.CreateBounded<object>(new BoundedChannelOptions(1024) { SingleReader = true });
    readonly KeyQueue queue = new();
    readonly HashSet<Type> watched = [.. reconciler.Watches];
    Snapshot? last;
    int underWay;
    long eventNumber;

    /// <summary>What it has done so far.</summary>
    public LoopCounters Counters { get; } = new();

    /// <summary>Called with what went wrong and is being retried, for the log. Default: nothing, the counters tell.</summary>
    public Action<string, Exception>? OnFault { get; init; }

    /// <summary>Runs until stopped; passes under way are waited for.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var alarm = time.CreateTimer(_ => inbox.Writer.TryWrite(Alarm.Rang), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(alarm, () => failures = 0, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }
            catch (Exception fault)
            {
                Counters.Failures++;
                OnFault?.Invoke($"{reconciler.Name}: list or watch", fault);
                await WaitAsync(Backoff.After(++failures, options.Backoff, options.MaxBackoff), stop);
            }
        }

        while (underWay > 0)
        {
            Note(await inbox.Reader.ReadAsync(CancellationToken.None), null);
        }
    }

    // 1. List, watch, and serve until the watch ends.
    async Task FollowAsync(ITimer alarm, Action healthy, CancellationToken stop)
    {
        var ranges = new List<(Kind Kind, RangeResult Range)>();
        foreach (var type in reconciler.Watches)
        {
            ranges.Add((kinds.Of(type), await store.RangeAsync(kinds.Of(type).Prefix, stop: stop)));
        }

        Mourn(ranges);
        var seen = last = new Snapshot(kinds);
        foreach (var entry in ranges.SelectMany(r => r.Range.Entries))
        {
            Affect(seen.Take(new Change(entry.Key, entry, null), 0), seen);
        }

        var listedAt = ranges.ToDictionary(r => r.Kind.Type, r => r.Range.Revision);
        var from = listedAt.Values.Min();
        seen.At(from);
        healthy();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var watch = WatchAsync(from + 1, watching.Token);
        try
        {
            while (Dispatch(seen, alarm, stop) && await inbox.Reader.WaitToReadAsync(stop))
            {
                while (inbox.Reader.TryRead(out var message))
                {
                    if (message is WatchEnded ended)
                    {
                        ended.Why?.Throw();
                        return;
                    }

                    Note(message, (seen, listedAt));
                }
            }
        }
        finally
        {
            // Not CancelAsync, which would go on from the thread pool.
            watching.Cancel();
            await DrainWatchAsync(watch);
        }
    }

    // What was deleted while nobody watched is in no list; whom it concerns is told from what was last seen.
    void Mourn(List<(Kind Kind, RangeResult Range)> ranges)
    {
        if (last is not { } before)
        {
            return;
        }

        foreach (var (kind, range) in ranges)
        {
            var listed = range.Entries.Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
            foreach (var key in before.Names(kind.Type).Select(kind.KeyOf).Where(k => !listed.Contains(k)).ToArray())
            {
                Affect(before.Take(new Change(key, null, null), 0), before);
            }
        }
    }

    async Task WatchAsync(long from, CancellationToken stop)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? why = null;
        try
        {
            await foreach (var batch in store.WatchAsync("", from, stop))
            {
                if (batch.Compacted)
                {
                    break;
                }

                await inbox.Writer.WriteAsync(batch, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception fault)
        {
            why = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(fault);
        }

        await inbox.Writer.WriteAsync(new WatchEnded(why), CancellationToken.None);
    }

    // The watch may be waiting for room in the inbox; completions that lie between must not be lost.
    async Task DrainWatchAsync(Task watch)
    {
        while (!watch.IsCompleted || inbox.Reader.TryPeek(out _))
        {
            if (inbox.Reader.TryRead(out var message))
            {
                Note(message, null);
            }
            else
            {
                await watch;
            }
        }
    }

    // 2. Take a message in. Without a snapshot (between two watches) only completions matter: the next list sees everything else.
    void Note(object message, (Snapshot Seen, Dictionary<Type, long> ListedAt)? state)
    {
        if (message is Done done)
        {
            Finish(done);
        }
        else if (message is WatchBatch batch && state is { } s)
        {
            foreach (var change in batch.Changes)
            {
                if (kinds.OfKey(change.Key) is { } kind && watched.Contains(kind.Type) && batch.Revision > s.ListedAt[kind.Type])
                {
                    Affect(s.Seen.Take(change, batch.Revision), s.Seen);
                }
            }

            s.Seen.At(batch.Revision);
        }
    }

    // 6. Every outcome is taken in here, on the loop's own thread of control.
    void Finish(Done done)
    {
        underWay--;
        Counters.Acts += done.Acts;
        Counters.Commits += done.Outcome == Outcome.Committed && done.Revision > 0 ? 1 : 0;
        Counters.Conflicts += done.Outcome == Outcome.Conflict ? 1 : 0;
        if (done.Fault is { } fault)
        {
            Fail(done.Key, fault, done.Revision);
            return;
        }

        queue.Succeeded(done.Key);
        queue.Finished(done.Key, done.Revision, done.Outcome == Outcome.Conflict ? time.GetUtcNow() : done.Until);
    }

    void Affect((Resource? Before, Resource? After) change, Snapshot seen)
    {
        foreach (var key in reconciler.Affected(change.Before, change.After, seen))
        {
            queue.Add(key);
        }
    }

    // 3. Start what may run now, then set the alarm for what may run later.
    bool Dispatch(Snapshot seen, ITimer alarm, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        while (underWay < options.Parallel && queue.TryTake(now, seen.Revision, out var key))
        {
            Pass(key, seen, now, stop);
        }

        // With no room for another pass, the end of one comes back here.
        alarm.Change(underWay < options.Parallel && queue.NextDue is { } due ? Max(due - now, TimeSpan.Zero) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return true;
    }

    void Pass(string key, Snapshot seen, DateTimeOffset now, CancellationToken stop)
    {
        Counters.Passes++;
        Plan? plan;
        try
        {
            plan = reconciler.Next(key, seen, now);
        }
        catch (Exception fault)
        {
            // A reconciler that throws is a defect; it costs its own key a backoff and nobody else anything.
            Fail(key, fault, 0);
            return;
        }

        if (plan is null or { IsNothing: true })
        {
            queue.Succeeded(key);
            queue.Finished(key, 0, plan?.Until);
            return;
        }

        underWay++;
        _ = ExecuteAsync(key, plan, now, stop);
    }

    void Fail(string key, Exception fault, long revision)
    {
        Counters.Failures++;
        OnFault?.Invoke($"{reconciler.Name} {key}", fault);
        queue.Finished(key, revision, time.GetUtcNow() + Backoff.After(queue.Failed(key), options.Backoff, options.MaxBackoff));
    }

    // 4. and 5. Commit, then act. Always ends in exactly one Done, and touches nothing of the loop's: it may go on on any thread.
    async Task ExecuteAsync(string key, Plan plan, DateTimeOffset now, CancellationToken stop)
    {
        var done = new Done(key, plan.Until);
        try
        {
            var result = plan.Puts.Count + plan.Deletes.Count + plan.Notes.Count > 0
                ? await store.CommitAsync(CommitOf(plan, now), stop)
                : new CommitResult(true, 0);
            done = done with { Revision = result.Revision, Outcome = result.Succeeded ? Outcome.Committed : Outcome.Conflict };
            foreach (var act in result.Succeeded ? plan.Acts : [])
            {
                await driver.DoAsync(act, stop);
                done = done with { Acts = done.Acts + 1 };
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception fault)
        {
            done = done with { Fault = fault };
        }

        await inbox.Writer.WriteAsync(done, CancellationToken.None);
    }

    Commit CommitOf(Plan plan, DateTimeOffset now)
    {
        var compares = new List<Compare>(plan.Puts.Count + plan.Deletes.Count);
        var operations = new List<Operation>(compares.Capacity + plan.Notes.Count);
        foreach (var put in plan.Puts)
        {
            var at = kinds.Of(put.GetType()).KeyOf(put.Name);
            compares.Add(new(at, put.Revision));
            operations.Add(new(at, Codec.Encode(put)));
        }

        foreach (var delete in plan.Deletes)
        {
            var at = kinds.Of(delete.GetType()).KeyOf(delete.Name);
            compares.Add(new(at, delete.Revision));
            operations.Add(new(at, null));
        }

        foreach (var expected in plan.Expected)
        {
            compares.Add(new(kinds.Of(expected.GetType()).KeyOf(expected.Name), expected.Revision));
        }

        foreach (var note in plan.Notes)
        {
            var record = new Event
            {
                Name = $"{now.ToUnixTimeMilliseconds():D13}-{reconciler.Name}-{eventNumber++:D6}",
                At = now,
                About = note.About,
                Reason = note.Reason,
                Message = note.Message,
                Severity = note.Severity,
            };
            operations.Add(new(kinds.Of<Event>().KeyOf(record.Name), Codec.Encode(record)));
        }

        return new Commit(compares, operations);
    }

    async Task WaitAsync(TimeSpan span, CancellationToken stop)
    {
        try
        {
            await Task.Delay(span, time, stop);
        }
        catch (OperationCanceledException)
        {
        }
    }

    static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    enum Outcome
    {
        /// <summary>Nothing is known: it threw or was stopped.</summary>
        Unknown,
        Committed,
        Conflict,
    }

    sealed record Done(string Key, DateTimeOffset? Until, long Revision = 0, Outcome Outcome = Outcome.Unknown, int Acts = 0, Exception? Fault = null);

    sealed record WatchEnded(System.Runtime.ExceptionServices.ExceptionDispatchInfo? Why);

    sealed class Alarm
    {
        public static Alarm Rang { get; } = new();
    }
}

/// <summary>The bounds of a loop.</summary>
public sealed record LoopOptions
{
    /// <summary>Passes under way at the same time, each for another key. Default 64.</summary>
    public int Parallel { get; init; } = 64;

    /// <summary>Wait after the first failure of a key; doubles with each. Default 50ms.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait after failures. Default 10s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>What a loop has done since it was made.</summary>
public sealed class LoopCounters
{
    /// <summary>How often the reconciler was asked.</summary>
    public long Passes { get; internal set; }

    /// <summary>Commits that succeeded.</summary>
    public long Commits { get; internal set; }

    /// <summary>Commits refused because something had changed.</summary>
    public long Conflicts { get; internal set; }

    /// <summary>Acts given to the driver.</summary>
    public long Acts { get; internal set; }

    /// <summary>Passes, lists and watches that threw; each is retried with backoff.</summary>
    public long Failures { get; internal set; }
}
