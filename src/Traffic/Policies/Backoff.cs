using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Policies;

/// <summary>Decorrelated jitter: each wait is drawn between the shortest and three times the last one, so that those who failed together do not come back together.</summary>
internal static class Backoff
{
    /// <summary>No wait is longer.</summary>
    public const int LongestMs = 1000;

    /// <param name="leastMs">The shortest; 0 for no waits at all.</param>
    /// <param name="lastMs">The last one; 0 before the first.</param>
    /// <param name="dice">Chance.</param>
    public static int Next(int leastMs, int lastMs, ref Dice dice)
    {
        if (leastMs == 0) return 0;
        var most = Math.Min(Math.Max(lastMs, leastMs) * 3, LongestMs);
        return most <= leastMs ? Math.Min(leastMs, LongestMs) : leastMs + dice.Below(most - leastMs + 1);
    }
}
