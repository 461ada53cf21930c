namespace Mainstay.Traffic.Policies;

/// <summary>How many of the last calls failed or were slow, in ten buckets of time.</summary>
/// <param name="Calls">All.</param>
/// <param name="Errors">Those that failed.</param>
/// <param name="Slow">Those that were slow.</param>
internal readonly record struct Counts(long Calls, long Errors, long Slow)
{
    public Counts With(in Counts other) => new(Calls + other.Calls, Errors + other.Errors, Slow + other.Slow);
}

/// <summary>
/// Counts over a sliding window, without locks. When a bucket's time comes round again, one caller clears it; a call that another thread counts in that very moment may
/// be lost, which shares can bear.
/// </summary>
/// <param name="windowMs">How far back it looks, to a tenth of it.</param>
internal sealed class SlidingCounts(long windowMs)
{
    private const int Buckets = 10;
    private readonly long spanMs = Math.Max(windowMs / Buckets, 1);
    private readonly Bucket[] buckets = new Bucket[Buckets];

    private struct Bucket
    {
        public long Turn;
        public int Calls;
        public int Errors;
        public int Slow;
    }

    public void Add(bool isError, bool isSlow, long nowMs)
    {
        // Turns begin at 1: a bucket that was never used has 0.
        var turn = nowMs / spanMs + 1;
        ref var bucket = ref buckets[turn % Buckets];
        var seen = Volatile.Read(ref bucket.Turn);
        if (seen < turn && Interlocked.CompareExchange(ref bucket.Turn, turn, seen) == seen)
        {
            bucket.Calls = bucket.Errors = bucket.Slow = 0;
        }
        Interlocked.Increment(ref bucket.Calls);
        if (isError) Interlocked.Increment(ref bucket.Errors);
        if (isSlow) Interlocked.Increment(ref bucket.Slow);
    }

    public Counts Sum(long nowMs)
    {
        // A cleared bucket has 0.
        var oldest = Math.Max(nowMs / spanMs + 1 - Buckets, 0);
        var (calls, errors, slow) = (0L, 0L, 0L);
        foreach (ref var bucket in buckets.AsSpan())
        {
            if (Volatile.Read(ref bucket.Turn) <= oldest) continue;
            calls += Volatile.Read(ref bucket.Calls);
            errors += Volatile.Read(ref bucket.Errors);
            slow += Volatile.Read(ref bucket.Slow);
        }
        return new Counts(calls, errors, slow);
    }

    public void Clear()
    {
        foreach (ref var bucket in buckets.AsSpan()) Volatile.Write(ref bucket.Turn, 0);
    }
}
