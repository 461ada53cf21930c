namespace Mainstay.Traffic.Path;

/// <summary>What a zone has done, as running totals.</summary>
internal sealed class CacheCounts
{
    private long hits;
    private long misses;
    private long stale;
    private long revalidated;
    private long collapsed;
    private long passed;
    private long good;
    private long evictions;
    private long bytes;
    private long objects;

    public void Hit() => Interlocked.Increment(ref hits);

    public void Miss() => Interlocked.Increment(ref misses);

    public void Stale() => Interlocked.Increment(ref stale);

    public void Revalidated() => Interlocked.Increment(ref revalidated);

    public void Collapsed() => Interlocked.Increment(ref collapsed);

    public void Passed() => Interlocked.Increment(ref passed);

    public void Good() => Interlocked.Increment(ref good);

    public void Kept(long size)
    {
        Interlocked.Add(ref bytes, size);
        Interlocked.Increment(ref objects);
    }

    public void Left(long size)
    {
        Interlocked.Add(ref bytes, -size);
        Interlocked.Decrement(ref objects);
    }

    public void Evicted(long size)
    {
        Left(size);
        Interlocked.Increment(ref evictions);
    }

    public Dictionary<string, double> Numbers()
    {
        var asked = hits + stale + misses + revalidated;
        return new()
        {
            ["hits"] = hits,
            ["misses"] = misses,
            ["stale"] = stale,
            ["revalidated"] = revalidated,
            ["collapsed"] = collapsed,
            ["passed"] = passed,
            ["lastGood"] = good,
            ["hitPercent"] = asked == 0 ? 0 : Math.Round((hits + stale) * 100.0 / asked, 1),
            ["objects"] = objects,
            ["bytes"] = bytes,
            ["evictions"] = evictions,
        };
    }
}
