using System.Globalization;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The hedging of one target, across tables: when a request is hedged, whether it may be by then, and what came of it.</summary>
internal sealed class HedgePolicy(string about, HedgeSpec spec) : IBeating, IReporting
{
    private long sent;
    private long won;
    private long noBudget;
    private long held;

    public HedgeDelay Delay { get; } = new(spec);

    /// <summary>How it stands, in words.</summary>
    public string Why => Delay.Ms is >= 0 and var delay
        ? string.Create(CultureInfo.InvariantCulture, $"another instance is asked too after {delay} ms{(spec.After.Time is null ? $" ({spec.After})" : "")}")
        : $"too few requests yet to know {spec.After}";

    /// <summary>It is a read that is about to be sent for the first time.</summary>
    public static bool Fits(Exchange x)
    {
        var request = x.Request;
        return x.Attempt == 1 && request.IsSafe && x.Body.IsComplete && x.Body.Buffered == 0 && !request.WantsUpgrade && !request.Host.IsEmpty;
    }

    /// <summary>Begins to look after a request that fits; null where it is not to be asked for twice.</summary>
    public HedgeFlight? Begin(Exchange x, Upstream first)
    {
        var delayMs = Delay.Ms;
        // What sticks to an instance is not asked of another one.
        if (delayMs < 0 || x.Stuck >= 0 || delayMs >= x.LeftMs || x.Target!.Retry.Budget.Left < 1) return null;
        var flight = HedgeFlight.Rent(this, x, first, delayMs);
        x.Hedge = flight;
        return flight;
    }

    /// <summary>Whether a second request may be sent now; it takes one of the budget.</summary>
    public bool MayFly(RouteTarget target)
    {
        foreach (var gate in target.Gates)
        {
            if (!gate.IsShedding) continue;
            Interlocked.Increment(ref held);
            return false;
        }
        if (target.Retry.Budget.TryTake())
        {
            Interlocked.Increment(ref sent);
            return true;
        }
        Interlocked.Increment(ref noBudget);
        return false;
    }

    public void CountWon() => Interlocked.Increment(ref won);

    public void Beat(long nowMs) => Delay.Beat(nowMs);

    public PolicyReport? Report(long nowMs)
    {
        var delay = Delay.Ms;
        return new PolicyReport(
            about, "hedge", "hedge", delay < 0 ? "learning" : "on", Why,
            new Dictionary<string, double>
            {
                ["delayMs"] = Math.Max(delay, 0),
                ["sent"] = Volatile.Read(ref sent),
                ["won"] = Volatile.Read(ref won),
                ["noBudget"] = Volatile.Read(ref noBudget),
                ["held"] = Volatile.Read(ref held),
            });
    }
}
