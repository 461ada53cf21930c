using System.Diagnostics;
using Mainstay.State.Decide;

namespace Mainstay.State.Sqlite;

/// <summary>What became of a work that was to be queued.</summary>
enum LineEntry
{
    Queued,

    /// <summary>Not queued: nobody else has the file, and the caller is to do it now.</summary>
    Turn,
    Full,
    Closed,
}

/// <summary>
/// The works that wait for the one thread of a file. While that thread makes one group durable the next one gathers, so the disk's latency is paid once
/// per group and groups are as large as the load makes them.
/// </summary>
/// <remarks>
/// Who has the turn has the file: the thread from the taking of a group to the next, or a caller who comes alone and may do his work himself. Handing a work over to the
/// thread and the answer back takes as long as a fast disk does.
/// </remarks>
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
    bool turn;
    bool hasTurn;
    long turns;
    bool asleep;
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
    /// <param name="self">The caller can do it himself: where he comes alone he gets the turn, and gives it back by <see cref="EndTurn"/>.</param>
    public LineEntry Enqueue(TWork work, bool always = false, bool self = false)
    {
        lock (gate)
        {
            if (closed is not null)
                return LineEntry.Closed;
            // The last group says whether others are about to come, for whom one sync could be enough.
            if (self && !turn && queue.Count == 0 && wanted <= 1)
            {
                turn = true;
                return LineEntry.Turn;
            }

            if (queue.Count >= most && !always)
                return LineEntry.Full;
            queue.Enqueue(work);
            Volatile.Write(ref waiting, queue.Count);
            if (queue.Count == 1 && !turn)
                Monitor.Pulse(gate);
            return LineEntry.Queued;
        }
    }

    /// <summary>Gives back the turn that <see cref="Enqueue"/> gave.</summary>
    /// <param name="wake">Whether there is something to do for the thread when nobody comes.</param>
    public void EndTurn(bool wake)
    {
        lock (gate)
        {
            (turn, turns) = (false, turns + 1);
            if (queue.Count > 0 || closed is not null || (wake && asleep))
                Monitor.Pulse(gate);
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
    /// Gives the turn back, waits for works, and moves a group of them into the list; false when it is closed and empty. <paramref name="quietMs"/> says after
    /// how many milliseconds without a work it returns with none (<see cref="Timeout.Infinite"/>: never). To be called by the one thread alone.
    /// </summary>
    public bool Take(List<TWork> works, Func<int> quietMs)
    {
        lock (gate)
        {
            if (hasTurn)
                turn = hasTurn = false;
            while (queue.Count == 0 || turn)
            {
                if (closed is not null && !turn)
                    return false;
                var before = turns;
                var quiet = turn ? Timeout.Infinite : quietMs();
                asleep = quiet == Timeout.Infinite;
                if (!Monitor.Wait(gate, quiet) && queue.Count == 0 && closed is null && !turn && turns == before)
                    return turn = hasTurn = true;
            }

            turn = hasTurn = true;
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
