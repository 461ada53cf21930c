namespace Mainstay.State.Decide;

/// <summary>How long a group of commits waits for company before it is synced.</summary>
/// <remarks>
/// Writers that commit again as soon as they are answered otherwise fall into two halves, one waiting while the other is being synced, and
/// every sync serves half of them. A single writer has nobody to wait for.
/// </remarks>
public static class GatherDecide
{
    static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(1);

    /// <summary>How many works to wait for: as many as there were, those just answered and those that came meanwhile.</summary>
    public static int Wanted(int answered, int waiting, int most) => Math.Min(most, answered + waiting);

    /// <summary>
    /// How long, from the answers on: half of what the last group took, and at most 1 ms. Waiting in vain thus costs at most half as much again.
    /// </summary>
    public static TimeSpan Patience(TimeSpan lastGroup) => lastGroup / 2 < Longest ? lastGroup / 2 : Longest;
}
