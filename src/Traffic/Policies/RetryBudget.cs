namespace Mainstay.Traffic.Policies;

/// <summary>
/// How many repetitions one dependency may cost: each request earns a part of one, and a small reserve lets a quiet service have its first. In any stretch
/// of time there are no more repetitions than that part of its requests, and the reserve.
/// </summary>
/// <param name="share">Repetitions per request, 0 to 1.</param>
internal sealed class RetryBudget(double share)
{
    /// <summary>Repetitions that are there at the start, and the most that are saved up.</summary>
    public const int Reserve = 10;

    private const long One = 1_000_000;
    private readonly long earned = (long)(share * One);
    private long saved = share > 0 ? Reserve * One : 0;

    /// <summary>Repetitions that could be made now.</summary>
    public double Left => (double)Volatile.Read(ref saved) / One;

    /// <summary>A request came.</summary>
    public void Earn()
    {
        var seen = Volatile.Read(ref saved);
        while (seen < Reserve * One)
        {
            var before = Interlocked.CompareExchange(ref saved, Math.Min(seen + earned, Reserve * One), seen);
            if (before == seen) return;
            seen = before;
        }
    }

    /// <summary>False when there is none left.</summary>
    public bool TryTake()
    {
        var seen = Volatile.Read(ref saved);
        while (seen >= One)
        {
            var before = Interlocked.CompareExchange(ref saved, seen - One, seen);
            if (before == seen) return true;
            seen = before;
        }
        return false;
    }
}
