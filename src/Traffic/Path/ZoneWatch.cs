using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Looks after how much of a service's requests stays in the gateway's zone, and tells when some begin to leave it.</summary>
internal sealed class ZoneWatch(string service, string zone, ZoneSpec terms, Gateway? gateway) : IBeating, IReporting
{
    /// <summary>So long nothing leaves the zone before that is told.</summary>
    private const long QuietMs = 5000;

    private readonly string about = $"service/{service}";
    private readonly ZoneShare share = new(terms);
    private (Load[] Near, Load[] Far) members = ([], []);
    private long spilledAtMs = -QuietMs;
    private bool isTold;

    /// <summary>The part that stays.</summary>
    public double Share => share.Share;

    /// <summary>The endpoints from now on, those of the zone first.</summary>
    public void SetMembers(Load[] all, int near)
    {
        lock (share) members = (all[..near], all[near..]);
    }

    public void Beat(long nowMs)
    {
        lock (share)
        {
            share.Beat(Standing(members.Near, nowMs), Standing(members.Far, nowMs));
            if (Share < 1)
            {
                spilledAtMs = nowMs;
                if (!isTold) gateway?.Notices.Add(about, "ZoneSpills", $"requests leave zone {zone}: {share.Why}");
                isTold = true;
            }
            else if (isTold && nowMs - spilledAtMs >= QuietMs)
            {
                isTold = false;
                gateway?.Notices.Add(about, "ZoneHolds", $"requests stay in zone {zone} again", isWarning: false);
            }
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        lock (share)
        {
            return new PolicyReport(about, "zone", "zone", Share < 1 ? "spilling" : "near", share.Why, new Dictionary<string, double>
            {
                ["nearPercent"] = Math.Round(Share * 100, 1),
                ["near"] = members.Near.Length,
                ["far"] = members.Far.Length,
            });
        }
    }

    private static ZoneStanding Standing(Load[] some, long nowMs)
    {
        var (usable, inFlight) = (0, 0);
        foreach (var one in some)
        {
            if (one.IsAlone(nowMs) || one.IsEjected(nowMs) || one.Weight == 0) continue;
            usable++;
            inFlight += one.InFlight;
        }
        return new ZoneStanding(some.Length, usable, inFlight);
    }
}
