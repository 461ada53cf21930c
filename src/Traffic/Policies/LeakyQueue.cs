using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>A steady stream: requests leave no closer together than the rate says; what comes too early waits.</summary>
/// <param name="count">Requests per <paramref name="perNs"/>.</param>
/// <param name="perNs">In nanoseconds.</param>
/// <param name="queue">Where the others wait.</param>
internal sealed class LeakyQueue(long count, long perNs, QueueSpec queue) : WaitRoom(queue)
{
    private readonly long gapNs = (perNs + count - 1) / count;
    private long nextNs;

    /// <summary>Nanoseconds between two that leave.</summary>
    public long GapNs => gapNs;

    /// <summary>
    /// How late a departure may be and still count from its time: who waits is let go by a beat that comes ten times a second, and the stream is to keep its rate.
    /// </summary>
    public const long LateNs = 100_000_000;

    /// <summary>Takes the next departure, if its time has come. Nothing is kept for anyone: who is privileged is ahead in the line.</summary>
    public override bool TryTake(int keep, long nowMicros)
    {
        var nowNs = nowMicros * 1000;
        var seen = Volatile.Read(ref nextNs);
        while (seen <= nowNs)
        {
            // Only who waited makes up for lateness: after a pause there is no burst.
            var then = Math.Max(seen, Waiting > 0 ? nowNs - LateNs : nowNs) + gapNs;
            var before = Interlocked.CompareExchange(ref nextNs, then, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }

    /// <summary>Until the next departure, in nanoseconds.</summary>
    public long WaitNs(long nowMicros) => Math.Max(0, Volatile.Read(ref nextNs) - nowMicros * 1000);

    public override void Return()
    {
        // Time that went by unused does not come back.
    }
}
