namespace Mainstay.Traffic.Policies;

/// <summary>Why a request is on its side of a release.</summary>
internal enum SideBy
{
    /// <summary>It was drawn, by itself or by what tells its user apart.</summary>
    Share,

    /// <summary>It was asked for: a condition of the release fits.</summary>
    Condition,

    /// <summary>Its caller belongs to that side.</summary>
    Caller,
}

/// <summary>How a request's last attempt ended.</summary>
internal enum LastTry
{
    /// <summary>There was none yet.</summary>
    None,

    /// <summary>The endpoint could not be connected to: nothing was sent.</summary>
    Refused,

    /// <summary>The connection ended before the answer, and the request may be sent again.</summary>
    Cut,

    /// <summary>There was an answer of some kind: somebody lives there.</summary>
    Answered,
}

/// <summary>
/// When a request goes to the other side of a release because on its own nobody can be reached. The table will say the same as soon as it knows: where one of the versions has nobody, there is nothing to divide.
/// </summary>
internal static class SideChange
{
    /// <summary>
    /// Whether requests of a side may go to the other one at all. Never what was put there on purpose: who asks for a version is not given another, and the versions of a group belong together. The old version takes what
    /// the new one cannot; the new one what the old one cannot only where it gets requests already.
    /// </summary>
    /// <param name="fromNew">Their own side is that of the new version.</param>
    /// <param name="newWeight">The new version's part of the requests, in hundredths of a percent.</param>
    /// <param name="by">Why they are there.</param>
    public static bool May(bool fromNew, int newWeight, SideBy by) => by == SideBy.Share && (fromNew || newWeight > 0);

    /// <summary>Whether a request of such a side goes now: nobody is left there that it could try, and somebody is on the other side.</summary>
    /// <param name="last">How its last attempt ended.</param>
    /// <param name="own">The endpoints of its side.</param>
    /// <param name="tried">Those that it was at, by index; those from the 64th on share a bit.</param>
    /// <param name="other">The endpoints of the other side.</param>
    /// <param name="nowMs">The time.</param>
    public static bool IsDue(LastTry last, ReadOnlySpan<Load> own, ulong tried, ReadOnlySpan<Load> other, long nowMs) =>
        last != LastTry.Answered && !HasOne(own, tried, nowMs) && HasOne(other, 0, nowMs);

    private static bool HasOne(ReadOnlySpan<Load> some, ulong tried, long nowMs)
    {
        for (var index = 0; index < some.Length; index++)
        {
            if ((tried & (1UL << Math.Min(index, 63))) == 0 && !some[index].IsAlone(nowMs)) return true;
        }
        return false;
    }
}
