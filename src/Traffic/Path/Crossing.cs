using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The way of a request to the other side of a release.</summary>
internal static class Crossing
{
    /// <summary>Whether a request, before its next attempt, leaves the side that it was drawn for.</summary>
    /// <param name="x">Its target has another side.</param>
    /// <param name="across">That of the other side.</param>
    /// <param name="reason">How the last attempt ended, where there was one.</param>
    public static bool IsDue(Exchange x, RouteTarget across, Reason reason)
    {
        var last = x.Tried == 0 ? LastTry.None : reason switch
        {
            Reason.ConnectFailed => LastTry.Refused,
            Reason.UpstreamClosed => LastTry.Cut,
            _ => LastTry.Answered,
        };
        return SideChange.IsDue(last, x.Target!.Cluster.Loads, x.Tried, across.Cluster.Loads, x.NowMs);
    }

    /// <summary>Leads it there where that is due: from then on the other side's endpoints are tried. What its side could not do is held against it, and the answer is not kept as one of its own.</summary>
    /// <param name="x">Its target has another side.</param>
    /// <param name="reason">As above.</param>
    public static bool Leads(Exchange x, Reason reason)
    {
        var own = x.Target!;
        if (!IsDue(x, own.Across!, reason)) return false;
        own.Series[Math.Max(x.EndpointIndex, 0)].Mine().TakenOver++;
        x.Visit?.Cross();
        x.Endpoint?.Leave();
        (x.Target, x.Endpoint, x.EndpointIndex, x.Tried) = (own.Across, null, -1, 0);
        return true;
    }
}
