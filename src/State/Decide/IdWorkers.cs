using System.Globalization;
using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>Who may make ids as which worker, and when. Whatever clocks do, no two leases of a worker share a millisecond.</summary>
public static class IdWorkers
{
    /// <summary>How many workers there can be at the same time.</summary>
    public const int Most = 1024;

    /// <summary>How long a lease lasts, and by how much it is made longer.</summary>
    public const long LeaseMs = 30_000;

    /// <summary>The holder's clock may be ahead of ours by no more than this; what says more is not believed.</summary>
    const long MostAheadMs = 2 * LeaseMs;

    /// <summary>A lease of a worker that nobody has; null where all have one.</summary>
    /// <param name="seen">All workers that ever had a lease, by number.</param>
    /// <param name="holder">For whom.</param>
    /// <param name="nowMs">Milliseconds since the ids' epoch.</param>
    public static IdWorker? Grant(IReadOnlyDictionary<int, IdWorker> seen, string holder, long nowMs)
    {
        // Rather one that never was used; then the one that ended first.
        var number = seen.Count < Most
            ? Enumerable.Range(0, Most).First(n => !seen.ContainsKey(n))
            : seen.Values.MinBy(w => (w.UntilMs, w.Number))!.Number;
        var before = seen.GetValueOrDefault(number);
        if (before is not null && before.UntilMs > nowMs)
        {
            return null;
        }

        var from = Math.Max(nowMs, before?.UntilMs ?? 0);
        return new IdWorker
        {
            Name = number.ToString(CultureInfo.InvariantCulture),
            Revision = before?.Revision ?? 0,
            Number = number,
            Holder = holder,
            Grant = (before?.Grant ?? 0) + 1,
            FromMs = from,
            UntilMs = from + LeaseMs,
        };
    }

    /// <summary>The same lease, longer; null where it is not this holder's any more, or was over.</summary>
    /// <param name="worker">As it stands.</param>
    /// <param name="grant">The lease that the holder has.</param>
    /// <param name="atMs">Where the holder's clock stands.</param>
    /// <param name="nowMs">Where ours stands.</param>
    public static IdWorker? Renew(IdWorker worker, int grant, long atMs, long nowMs)
    {
        if (worker.Grant != grant || Math.Max(nowMs, atMs) >= worker.UntilMs)
        {
            return null;
        }

        // Where our clock was put back, the holder's goes on from where it was.
        var position = Math.Max(nowMs, Math.Min(atMs, nowMs + MostAheadMs));
        return worker with { UntilMs = Math.Max(worker.UntilMs, position + LeaseMs) };
    }
}
