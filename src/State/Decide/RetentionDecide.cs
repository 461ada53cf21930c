namespace Mainstay.State.Decide;

/// <summary>How much history a store folds at once.</summary>
public static class RetentionDecide
{
    /// <summary>Most revisions of one slice: folding them takes a few milliseconds, which a commit may have to wait.</summary>
    public const int SliceRevisions = 1_000;

    /// <summary>About the most bytes of one slice.</summary>
    public const long SliceBytes = 8L << 20;

    /// <summary>
    /// The revisions, from the oldest on, to fold now: 0 while history is within its limits or less than a slice beyond them.
    /// </summary>
    /// <param name="revisions">Held now.</param>
    /// <param name="bytes">Held now.</param>
    /// <param name="keepRevisions">To keep; the last one always stays.</param>
    /// <param name="keepBytes">To keep.</param>
    public static long Slice(long revisions, long bytes, long keepRevisions, long keepBytes)
    {
        if (revisions <= 1)
            return 0;
        var average = Math.Max(1, bytes / revisions);
        var slice = Math.Clamp(SliceBytes / average, 1, SliceRevisions);
        var over = Math.Max(revisions - keepRevisions, (bytes - keepBytes) / average);
        return over < slice ? 0 : Math.Min(slice, revisions - 1);
    }
}
