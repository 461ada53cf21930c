using System.Diagnostics;
using Mainstay.State.Decide;

namespace Mainstay.State.Sqlite;

/// <summary>What became of a work that was to be queued.</summary>
enum LineEntry
{
    Queued,
    Full,
    Closed,
}

/// <summary>
/// The works that wait for the one thread of a file. While that thread makes one group durable the next one gathers, so the disk's latency is paid once
/// per group and groups are as large as the load makes them.
/// </summary>
/// <param name="most">Most works that may wait; beyond it callers are refused instead of piling up.</param>
/// <param name="groupSize">Most works of one group.</param>
sealed class WorkLine<TWork>(int most, int groupSize)
    where TWork : class
{
    readonly object gate = new();
    readonly Queue<TWork> queue = new();
    int waiting;
    int wanted;
    long gatherUntil;
    Exception? closed;

    /// <summary>Most works that may wait.</summary>
    public int Most => most;

    /// <summary>Why nothing more is taken; null while it is.</summary>
    public Exception? ClosedBy
    {
        get
        {
            lock (gate)
                return closed;
        }
    }

    /// <summary>Queues a work.</summary>
    /// <param name="work">What is to be done.</param>
    /// <param name="always">Queued although there are too many: for what the owner itself has to do.</param>
    public LineEntry Enqueue(TWork work, bool always = false)
    {
        lock (gate)
        {
            if (closed is not null)
                return LineEntry.Closed;
            if (queue.Count >= most && !always)
                return LineEntry.Full;
            queue.Enqueue(work);
            Volatile.Write(ref waiting, queue.Count);
            if (queue.Count == 1)
                Monitor.Pulse(gate);
            return LineEntry.Queued;
        }
    }

    /// <summary>Takes nothing more; what is queued is still handed out.</summary>
    public void Close(Exception why)
    {
        lock (gate)
        {
            closed ??= why;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Takes nothing more, for this reason, and hands out what is queued at once.</summary>
    public List<TWork> Abandon(Exception why)
    {
        lock (gate)
        {
            closed = why;
            List<TWork> rest = [.. queue];
            queue.Clear();
            return rest;
        }
    }

    /// <summary>
    /// Waits for works and moves a group of them into the list; false when it is closed and empty. <paramref name="quietMs"/> says after how many
    /// milliseconds without a work it returns with none (<see cref="Timeout.Infinite"/>: never).
    /// </summary>
    public bool Take(List<TWork> works, Func<int> quietMs)
    {
        lock (gate)
        {
            while (queue.Count == 0)
            {
                if (closed is not null)
                    return false;
                if (!Monitor.Wait(gate, quietMs()) && queue.Count == 0 && closed is null)
                    return true;
            }
        }

        Gather();
        lock (gate)
        {
            while (works.Count < groupSize && queue.TryDequeue(out var work))
                works.Add(work);
            Volatile.Write(ref waiting, queue.Count);
            return true;
        }
    }

    /// <summary>Tells that a group was answered and how long its writing took.</summary>
    public void Answered(int works, TimeSpan took)
    {
        wanted = GatherDecide.Wanted(works, Volatile.Read(ref waiting), groupSize);
        gatherUntil = Stopwatch.GetTimestamp() + (long)(GatherDecide.Patience(took).TotalSeconds * Stopwatch.Frequency);
    }

    // Callers that were just answered are about to return: a group that leaves without them pays a sync for half of what could share it.
    void Gather()
    {
        var spin = new SpinWait();
        while (Volatile.Read(ref waiting) < wanted && Stopwatch.GetTimestamp() < gatherUntil)
            spin.SpinOnce(sleep1Threshold: -1);
    }
}
