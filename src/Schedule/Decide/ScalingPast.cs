namespace Mainstay.Schedule.Decide;

/// <summary>What was wished for, second by second, since somebody looks: wishes have to last before they are followed. Bounded: beyond <see cref="Most"/> changes the oldest are forgotten, and it tells of a shorter time. Not safe for several callers at a time.</summary>
/// <param name="since">When looking began.</param>
public sealed class ScalingPast(DateTimeOffset since)
{
    /// <summary>So many changes of the wish are remembered.</summary>
    public const int Most = 4096;

    readonly Queue<(DateTimeOffset From, int Wish)> wishes = new();
    int last = -1;

    /// <summary>From when on it knows.</summary>
    public DateTimeOffset Since { get; private set; } = since;

    /// <summary>Remembers a wish, and forgets what is older than <paramref name="keep"/>.</summary>
    public void Add(DateTimeOffset now, int wish, TimeSpan keep)
    {
        if (wish != last)
        {
            wishes.Enqueue((now, wish));
            last = wish;
        }

        // The one that was in force when the kept time began is still needed.
        while (wishes.Count > 1 && wishes.ElementAt(1).From <= now - keep)
        {
            wishes.Dequeue();
        }

        while (wishes.Count > Most)
        {
            wishes.Dequeue();
            Since = wishes.Peek().From;
        }
    }

    /// <summary>The least and the most that was wished for since a time; null where nothing was.</summary>
    public (int Least, int Most)? Between(DateTimeOffset from)
    {
        (int Least, int Most)? found = null;
        int? before = null;
        foreach (var (at, wish) in wishes)
        {
            if (at <= from)
            {
                before = wish;
                continue;
            }

            found = found is var (least, most) ? (Math.Min(least, wish), Math.Max(most, wish)) : (wish, wish);
        }

        return before is not { } first ? found : found is var (l, m) ? (Math.Min(l, first), Math.Max(m, first)) : (first, first);
    }
}
