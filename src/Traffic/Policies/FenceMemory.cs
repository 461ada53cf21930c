namespace Mainstay.Traffic.Policies;

/// <summary>
/// Which tokens of a lock are stale: by what the server told of its grants, and by what passed here itself. A token is stale where its grant is known to be over, and where a newer
/// one was seen that cannot have been given while it lasted. It only ever learns.
/// </summary>
internal sealed class FenceMemory
{
    private static readonly Known Nothing = new(0, []);

    private Known known = Nothing;
    private long newestExclusive;
    private long newest;

    /// <summary>The grants as the server tells them; what is older than what is known is ignored.</summary>
    public void Learn(long last, IReadOnlyList<long> live)
    {
        while (true)
        {
            var before = Volatile.Read(ref known);
            // A grant that is over stays over: of the same last grant fewer live is later.
            if (last < before.Last || (last == before.Last && live.Count >= before.Live.Length && before != Nothing)) return;
            if (Interlocked.CompareExchange(ref known, new Known(last, [.. live]), before) == before) return;
        }
    }

    /// <summary>Whether a token may pass; remembers it where it may.</summary>
    /// <param name="number">The grant's number.</param>
    /// <param name="isExclusive">Whether no other grant lasts beside it: then all before it are over.</param>
    public bool Pass(long number, bool isExclusive)
    {
        if (IsStale(number, isExclusive)) return false;
        Raise(ref newest, number);
        if (isExclusive) Raise(ref newestExclusive, number);
        // Another one may have passed since it was looked at: of two, only the newer one may go on thinking that it is alone.
        return !IsStale(number, isExclusive);
    }

    /// <summary>Whether a token is stale, without any effect.</summary>
    public bool IsStale(long number, bool isExclusive)
    {
        var now = Volatile.Read(ref known);
        if (number <= now.Last && Array.IndexOf(now.Live, number) < 0) return true;
        return number < Volatile.Read(ref newestExclusive) || (isExclusive && number < Volatile.Read(ref newest));
    }

    /// <summary>The number of the last grant that is known of.</summary>
    public long Last => Math.Max(Volatile.Read(ref known).Last, Volatile.Read(ref newest));

    private static void Raise(ref long mark, long to)
    {
        for (var before = Volatile.Read(ref mark); before < to;)
        {
            var found = Interlocked.CompareExchange(ref mark, to, before);
            if (found == before) return;
            before = found;
        }
    }

    private sealed record Known(long Last, long[] Live);
}
