using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>What a target's requests are sent again on, compiled.</summary>
/// <param name="spec">As declared.</param>
/// <param name="honoursKeys">The service answers a request that comes again with the same Idempotency-Key as it did before.</param>
/// <param name="budget">Shared by all tables.</param>
internal sealed class RetryTerms(RetrySpec spec, bool honoursKeys, RetryBudget budget)
{
    private readonly ulong statuses = StatusesOf(spec);
    private readonly bool onLimited = spec.On.Contains("429");
    private readonly int backoffMs = (int)spec.Backoff.TotalMilliseconds;

    public int Attempts { get; } = Math.Clamp(spec.Attempts, 1, 10);

    public bool OnTimeout { get; } = spec.On.Contains("timeout");

    /// <summary>How long one attempt may take.</summary>
    public long AttemptTimeoutMs { get; } = spec.AttemptTimeout is { } one ? Math.Max((long)one.TotalMilliseconds, 1) : long.MaxValue;

    public RetryBudget Budget { get; } = budget;

    /// <summary>True where the endpoint may get the request twice.</summary>
    public bool IsRepeatable(Exchange x)
    {
        if (!x.Body.IsComplete) return false;
        return x.Request.IsSafe || (honoursKeys && !HeadLines.Find(x.HeadBytes, x.Request, "Idempotency-Key"u8).IsEmpty);
    }

    /// <summary>True when a response of this status is tried again.</summary>
    public bool RetriesOn(int status) => status == 429 ? onLimited : status is >= 500 and < 564 && (statuses & (1UL << (status - 500))) != 0;

    /// <summary>How long to wait before the next attempt, and whether to make it: there is budget for it, and time.</summary>
    /// <param name="lastMs">The last wait; becomes this one.</param>
    /// <param name="askedMs">What the answer asked for.</param>
    /// <param name="leftMs">What is left of the request's time.</param>
    /// <param name="dice">Chance.</param>
    public bool MayGoOn(ref int lastMs, int askedMs, long leftMs, ref Dice dice)
    {
        var waitMs = Math.Max(Backoff.Next(backoffMs, lastMs, ref dice), askedMs);
        if (askedMs > Backoff.LongestMs || waitMs >= leftMs || !Budget.TryTake()) return false;
        lastMs = waitMs;
        return true;
    }

    private static ulong StatusesOf(RetrySpec spec)
    {
        ulong statuses = 0;
        foreach (var on in spec.On)
        {
            if (int.TryParse(on, out var status) && status is >= 500 and < 564) statuses |= 1UL << (status - 500);
        }
        return statuses;
    }
}
