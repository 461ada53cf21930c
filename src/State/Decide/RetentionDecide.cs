namespace Mainstay.State.Decide;

/// <summary>How much history a store keeps, in revisions and in bytes of keys and values.</summary>
/// <param name="KeepRevisions">To keep; the last one always stays.</param>
/// <param name="KeepBytes">To keep.</param>
/// <param name="BacklogRevisions">Beyond what is kept, that may wait for a quiet moment.</param>
/// <param name="BacklogBytes">Beyond what is kept, that may wait for a quiet moment.</param>
public readonly record struct Retention(long KeepRevisions, long KeepBytes, long BacklogRevisions, long BacklogBytes);

/// <summary>How much history a store folds at once, and when.</summary>
public static class RetentionDecide
{
    /// <summary>Most revisions of one slice: folding them takes a few milliseconds, which a commit may have to wait.</summary>
    public const int SliceRevisions = 1_000;

    /// <summary>About the most bytes of one slice.</summary>
    public const long SliceBytes = 8L << 20;

    /// <summary>
    /// The revisions, from the oldest on, to fold now: 0 while history is within its limits or less than a slice beyond them. While somebody writes,
    /// the limits include the backlog.
    /// </summary>
    /// <param name="revisions">Held now.</param>
    /// <param name="bytes">Held now.</param>
    /// <param name="limits">What is kept.</param>
    /// <param name="quiet">Nobody writes just now.</param>
    public static long Slice(long revisions, long bytes, in Retention limits, bool quiet)
    {
        if (revisions <= 1)
            return 0;
        var mayHoldRevisions = limits.KeepRevisions + (quiet ? 0 : limits.BacklogRevisions);
        var mayHoldBytes = limits.KeepBytes + (quiet ? 0 : limits.BacklogBytes);
        var average = Math.Max(1, bytes / revisions);
        var slice = Math.Clamp(SliceBytes / average, 1, SliceRevisions);
        var over = Math.Max(revisions - mayHoldRevisions, (bytes - mayHoldBytes) / average);
        return over < slice ? 0 : Math.Min(slice, revisions - 1);
    }
}
