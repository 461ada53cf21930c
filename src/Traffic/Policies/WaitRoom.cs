using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Places that requests take, and the line of those that wait for one. The line has a lock that is held while links are changed.
/// </summary>
/// <param name="queue">Where others wait; null to have none wait.</param>
internal abstract class WaitRoom(QueueSpec? queue)
{
    private readonly Lock gate = new();
    private readonly WaitLine? line = queue is null ? null : new WaitLine(queue.Order, queue.Length);
    private long waitMicros = (long)(queue?.Wait.TotalMicroseconds ?? 0);
    private int waiting;
    private long waitedMicros;
    private long waits;

    public int Waiting => Volatile.Read(ref waiting);

    public bool HasLine => line is not null;

    /// <summary>The longest wait in milliseconds.</summary>
    public long WaitMs => Volatile.Read(ref waitMicros) / 1000;

    /// <summary>Other terms hold from now on; who waits already stays.</summary>
    protected void Change(int length, TimeSpan wait)
    {
        lock (gate)
        {
            if (line is not null) line.Most = length;
        }
        Volatile.Write(ref waitMicros, (long)wait.TotalMicroseconds);
    }

    /// <summary>Takes a place, if with it <paramref name="keep"/> remain.</summary>
    public abstract bool TryTake(int keep, long nowMicros);

    /// <summary>Gives back a place that was taken for somebody who has gone.</summary>
    public abstract void Return();

    /// <summary>Puts a request that found no place into the line.</summary>
    /// <returns>Admitted where a place came free meanwhile; Displaced where the line is full; Waiting where it now waits (or its wait has ended already).</returns>
    public WaitEnd Park(WaitNode node, int rank, int keep, long nowMicros)
    {
        WaitNode? displaced = null;
        // Counted before the last look at the places: whoever leaves after that look sees that somebody waits.
        Interlocked.Increment(ref waiting);
        lock (gate)
        {
            if (line!.Count == 0 && TryTake(keep, nowMicros))
            {
                Interlocked.Decrement(ref waiting);
                return WaitEnd.Admitted;
            }
            if (line.IsFull) displaced = line.Displace(rank);
            if (line.IsFull || !node.IsWaiting)
            {
                Interlocked.Decrement(ref waiting);
                return node.IsWaiting ? WaitEnd.Displaced : WaitEnd.Waiting;
            }
            node.SinceMicros = nowMicros;
            line.Add(node, rank);
        }
        if (displaced is null) return WaitEnd.Waiting;
        Interlocked.Decrement(ref waiting);
        if (displaced.TryEnd(WaitEnd.Displaced)) displaced.Resume();
        return WaitEnd.Waiting;
    }

    /// <summary>Takes one whose wait was ended by somebody else out of the line, and lets it go on.</summary>
    public void Abandon(WaitNode node)
    {
        lock (gate)
        {
            if (line!.Remove(node)) Interlocked.Decrement(ref waiting);
        }
        node.Resume();
    }

    /// <summary>Lets go on whom there is a place for, and ends the waits that are over. Also the heartbeat's part, for a limit that rose.</summary>
    public void Pump(long nowMicros, int keep = 0)
    {
        if (line is null || Volatile.Read(ref waiting) == 0) return;
        WaitNode? first = null;
        WaitNode? last = null;
        lock (gate)
        {
            while (line.Count > 0 && TryTake(keep, nowMicros))
            {
                var node = line.Take()!;
                Interlocked.Decrement(ref waiting);
                var waited = nowMicros - node.SinceMicros;
                var how = waited > Volatile.Read(ref waitMicros) ? WaitEnd.TimedOut : WaitEnd.Admitted;
                var isOurs = node.TryEnd(how);
                if (!isOurs || how == WaitEnd.TimedOut) Return();
                if (!isOurs) continue;
                Waited(waited);
                // The links are free now, and make the list of those that go on.
                if (last is null) first = node;
                else last.After = node;
                last = node;
            }
        }
        while (first is not null)
        {
            var next = first.After;
            first.After = null;
            first.Resume();
            first = next;
        }
    }

    /// <summary>The average wait since the last call, in microseconds, with those that still wait.</summary>
    public long TakeAverageWait()
    {
        var count = Interlocked.Exchange(ref waits, 0);
        var sum = Interlocked.Exchange(ref waitedMicros, 0);
        return count == 0 ? 0 : sum / count;
    }

    /// <summary>Notes how long a request waited before it went on; also those that did not wait, so that the average is that of all.</summary>
    public void Waited(long micros)
    {
        Interlocked.Increment(ref waits);
        Interlocked.Add(ref waitedMicros, micros);
    }
}
