namespace Mainstay.Traffic.Policies;

/// <summary>
/// A steady rate and a burst, as one number per key: the time at which the bucket is full again (the generic cell rate algorithm's
/// theoretical arrival time).
/// </summary>
/// <param name="count">Tokens per <paramref name="perNs"/>.</param>
/// <param name="perNs">In nanoseconds.</param>
/// <param name="burst">Tokens that a full bucket holds.</param>
internal readonly struct TokenBucket(long count, long perNs, long burst) : IRateRule<TokenBucket.Cell>
{
    /// <summary>What is kept per key.</summary>
    internal struct Cell
    {
        public long FullAtNs;
    }

    /// <summary>Rounded up, so that it is never faster than declared.</summary>
    private readonly long tokenNs = (perNs + count - 1) / count;

    public bool Take(ref Cell cell, long nowNs, long keep)
    {
        var fullAt = Math.Max(cell.FullAtNs, nowNs) + tokenNs;
        if (fullAt - nowNs > Room(keep)) return false;
        cell.FullAtNs = fullAt;
        return true;
    }

    public RateStanding Look(in Cell cell, long nowNs, long keep)
    {
        var toFull = Math.Max(0, cell.FullAtNs - nowNs);
        var room = Room(keep) - toFull;
        return new RateStanding(Math.Max(0, room / tokenNs), toFull, Math.Max(0, tokenNs - room));
    }

    public long Weight(in Cell cell, long nowNs) => Math.Max(0, cell.FullAtNs - nowNs);

    public Cell Join(in Cell one, in Cell other) => new() { FullAtNs = Math.Max(one.FullAtNs, other.FullAtNs) };

    // No bucket takes longer to fill than a century, whatever is declared.
    private long Room(long keep) => tokenNs * Math.Min(burst - keep, long.MaxValue / 4 / tokenNs);
}
