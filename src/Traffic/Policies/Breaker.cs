using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>How a breaker stands.</summary>
internal enum BreakerState
{
    /// <summary>All pass, and are counted.</summary>
    Closed,

    /// <summary>None passes.</summary>
    Open,

    /// <summary>The service answers again: some pass, and more with time.</summary>
    Trickle,
}

/// <summary>What became of a request, as a breaker sees it.</summary>
internal enum Outcome
{
    Good,
    Error,

    /// <summary>The service asked for patience.</summary>
    Limited,

    /// <summary>It says nothing about the service.</summary>
    Nothing,
}

/// <summary>
/// A circuit breaker that no request has to test: while it is open, its owner pings the service and says <see cref="Pinged"/>; two good answers in a row let a tenth of
/// the requests in, and all of them after <see cref="BreakerSpec.Trickle"/>, unless they fail. Counting takes no lock; whoever changes the state by an exchange is the one who changed it.
/// </summary>
internal sealed class Breaker(BreakerSpec terms)
{
    /// <summary>Good pings in a row that are believed.</summary>
    public const int Pings = 2;

    private const int LongestTimes = 10;
    private readonly SlidingCounts counts = new((long)terms.Window.TotalMilliseconds);
    private readonly long slowMicros = terms.SlowerThan is { } slow ? (long)slow.TotalMicroseconds : long.MaxValue;
    private readonly long openMs = (long)terms.Open.TotalMilliseconds;
    private readonly long trickleMs = (long)terms.Trickle.TotalMilliseconds;
    private int state;
    private long sinceMs;
    private int inRow;
    private int goodPings;
    private int times;
    private string why = "";

    public BreakerState State => (BreakerState)Volatile.Read(ref state);

    /// <summary>When it came to this state.</summary>
    public long SinceMs => Volatile.Read(ref sinceMs);

    /// <summary>What opened it last.</summary>
    public string Why => Volatile.Read(ref why);

    /// <summary>Whether a request may pass.</summary>
    public bool Admits(long nowMs, ref Dice dice) => State switch
    {
        BreakerState.Closed => true,
        BreakerState.Open => false,
        _ => dice.Share() < ShareAt(nowMs),
    };

    /// <summary>When it makes sense to come again, in whole seconds: at least 1.</summary>
    public int RetryAfter(long nowMs) => (int)Math.Clamp((SinceMs + OpenMs - nowMs + 999) / 1000, 1, 600);

    /// <summary>A request that passed ended. True when that opened it.</summary>
    public bool Ended(Outcome outcome, long headMicros, long nowMs)
    {
        if (outcome == Outcome.Limited)
        {
            if (terms.Limited == WhenLimited.Open) return Open("the service asked for patience", nowMs);
            outcome = terms.Limited == WhenLimited.Error ? Outcome.Error : Outcome.Good;
        }
        if (outcome == Outcome.Nothing) return false;
        var isError = outcome == Outcome.Error;
        var isSlow = !isError && headMicros > slowMicros;
        counts.Add(isError, isSlow, nowMs);
        if (!isError)
        {
            if (inRow != 0) Volatile.Write(ref inRow, 0);
            if (!isSlow) return false;
        }
        else if (Interlocked.Increment(ref inRow) >= terms.Consecutive)
        {
            return Open($"{inRow} errors in a row", nowMs);
        }
        return Judge(nowMs);
    }

    /// <summary>Whether it is time to ask the service.</summary>
    public bool WantsPing(long nowMs) => State == BreakerState.Open && nowMs - SinceMs >= OpenMs;

    /// <summary>What the service said to a ping. True when that let the first requests in.</summary>
    public bool Pinged(bool good, long nowMs)
    {
        if (State != BreakerState.Open) return false;
        goodPings = good ? goodPings + 1 : 0;
        if (goodPings < Pings) return false;
        goodPings = 0;
        counts.Clear();
        Volatile.Write(ref inRow, 0);
        Volatile.Write(ref sinceMs, nowMs);
        return Interlocked.CompareExchange(ref state, (int)BreakerState.Trickle, (int)BreakerState.Open) == (int)BreakerState.Open;
    }

    /// <summary>Time passes: true when the trickle is over and all pass.</summary>
    public bool Beat(long nowMs)
    {
        if (State != BreakerState.Trickle || nowMs - SinceMs < trickleMs) return false;
        if (Interlocked.CompareExchange(ref state, (int)BreakerState.Closed, (int)BreakerState.Trickle) != (int)BreakerState.Trickle) return false;
        Volatile.Write(ref sinceMs, nowMs);
        times = 0;
        return true;
    }

    /// <summary>What it has counted.</summary>
    public Counts Counted(long nowMs) => counts.Sum(nowMs);

    /// <summary>The part of requests that passes.</summary>
    public double ShareAt(long nowMs) => State switch
    {
        BreakerState.Closed => 1,
        BreakerState.Open => 0,
        _ => trickleMs == 0 ? 1 : Math.Min(1, 0.1 + 0.9 * Math.Max(nowMs - SinceMs, 0) / trickleMs),
    };

    /// <summary>How long it takes until all pass, while only a part does.</summary>
    public long TrickleLeftMs(long nowMs) => State == BreakerState.Trickle ? Math.Max(trickleMs - (nowMs - SinceMs), 0) : 0;

    /// <summary>How long it stays open this time.</summary>
    public long OpenMs => openMs * Math.Clamp(Volatile.Read(ref times), 1, LongestTimes);

    private bool Judge(long nowMs)
    {
        var seen = counts.Sum(nowMs);
        // A trickle is thin: a quarter of what is needed else is enough to end it.
        var minimum = State == BreakerState.Trickle ? Math.Max(terms.Minimum / 4, 1) : terms.Minimum;
        if (seen.Calls < minimum) return false;
        if (seen.Errors >= terms.Errors.Fraction * seen.Calls) return Open($"{seen.Errors} errors in {seen.Calls} requests", nowMs);
        return seen.Slow >= terms.Slow.Fraction * seen.Calls && Open($"{seen.Slow} slow of {seen.Calls} requests", nowMs);
    }

    private bool Open(string reason, long nowMs)
    {
        var seen = Volatile.Read(ref state);
        if (seen == (int)BreakerState.Open) return false;
        // Set before the state is: who sees it open sees since when.
        Volatile.Write(ref sinceMs, nowMs);
        if (Interlocked.CompareExchange(ref state, (int)BreakerState.Open, seen) != seen) return false;
        times = seen == (int)BreakerState.Trickle ? Math.Min(Math.Max(times, 1) * 2, LongestTimes) : 1;
        Volatile.Write(ref why, reason);
        goodPings = 0;
        return true;
    }
}
