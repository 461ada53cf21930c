namespace Mainstay.Traffic.Policies;

/// <summary>
/// What a rate limit does with the few numbers that it keeps per key. Pure: the time is handed in, in nanoseconds, and may step back a little
/// between calls, because each loop has taken it for itself.
/// </summary>
/// <typeparam name="TCell">What is kept per key; all zero is a key that was never seen.</typeparam>
internal interface IRateRule<TCell>
    where TCell : struct
{
    /// <summary>Counts a request that passes; false and unchanged where it does not. What is to be kept of the quota for others must remain.</summary>
    bool Take(ref TCell cell, long nowNs, long keep);

    /// <summary>How a key stands.</summary>
    RateStanding Look(in TCell cell, long nowNs, long keep);

    /// <summary>How much of its quota a key has used; 0 where forgetting it changes nothing.</summary>
    long Weight(in TCell cell, long nowNs);

    /// <summary>A cell that has used at least as much as each of both, now and later.</summary>
    TCell Join(in TCell one, in TCell other);
}
