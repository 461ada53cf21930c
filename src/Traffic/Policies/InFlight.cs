using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>Requests under way, and a limit on them. Entering and leaving where nobody waits is one interlocked operation.</summary>
/// <param name="most">Requests under way at a time.</param>
/// <param name="queue">Where others wait; null to have none wait.</param>
internal sealed class InFlight(int most, QueueSpec? queue) : WaitRoom(queue)
{
    private int current;
    private int limit = most;

    public int Current => Volatile.Read(ref current);

    /// <summary>May change at any time; what is under way beyond a lower one ends by itself.</summary>
    public int Limit
    {
        get => Volatile.Read(ref limit);
        set => Volatile.Write(ref limit, value);
    }

    public override bool TryTake(int keep, long nowMicros)
    {
        var seen = Volatile.Read(ref current);
        while (seen < Volatile.Read(ref limit) - keep)
        {
            var before = Interlocked.CompareExchange(ref current, seen + 1, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }

    /// <summary>A request is over; who waits may go on.</summary>
    public void Leave(long nowMicros, int keep)
    {
        Interlocked.Decrement(ref current);
        if (Waiting > 0) Pump(nowMicros, keep);
    }

    public override void Return() => Interlocked.Decrement(ref current);
}
