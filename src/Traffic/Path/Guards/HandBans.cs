using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>Who is banned by hand at one place. Each ban ends by itself.</summary>
internal sealed class HandBans
{
    public static readonly HandBans None = new([]);

    private readonly IpRanges all;
    private readonly (IpRanges Ranges, Intervention Ban)[] bans;

    private HandBans(Intervention[] interventions)
    {
        bans = [.. interventions.Select(one => (new IpRanges([one.Ban!]), one))];
        all = new IpRanges(interventions.Select(one => one.Ban!));
    }

    /// <summary>The bans of a table for which this holds; null for none.</summary>
    public static HandBans? About(TableModel model, Predicate<Intervention> isMeant)
    {
        Intervention[] meant = [.. model.Interventions.Where(one => one.Ban is not null && isMeant(one))];
        return meant.Length == 0 ? null : new HandBans(meant);
    }

    /// <summary>Whether an address is named; its ban may be over.</summary>
    public bool Contains(UInt128 address) => !all.IsEmpty && all.Contains(address);

    /// <summary>How long an address is banned, at least 1; 0 where it no longer is.</summary>
    public long LeftSeconds(UInt128 address, Clock clock)
    {
        var left = 0L;
        foreach (var (ranges, ban) in bans)
        {
            if (ranges.Contains(address) && ban.Holds(clock)) left = Math.Max(left, (long)Math.Ceiling((ban.Until - clock.CoarseUtc).TotalSeconds));
        }
        return left;
    }
}

/// <summary>The first gate where somebody has banned clients from a route, a need or every way to a service.</summary>
internal sealed class HandBanGate(HandBans bans) : Gate("bans")
{
    /// <summary>Where only a part of a composed answer comes from here, the way's own bans stand before the whole.</summary>
    public static IEnumerable<Gate> Compile(TargetPlace place, bool isPart)
    {
        if (HandBans.About(place.Model, one => (!isPart && one.About == place.About) || one.About == place.AboutService) is { } bans) yield return new HandBanGate(bans);
    }

    public override Verdict Enter(Exchange x, int slot)
    {
        var client = x.ClientAddress;
        if (!bans.Contains(client) || bans.LeftSeconds(client, x.Connection.Gateway.Clock) is not (> 0 and var left)) return Verdict.Pass;
        x.Added.Add("Retry-After"u8, left);
        x.Reason = Reason.Banned;
        return Verdict.Refuse;
    }

    public override Opinion Peek(Exchange x) =>
        bans.Contains(x.ClientAddress) && bans.LeftSeconds(x.ClientAddress, x.Connection.Gateway.Clock) is > 0 and var left
            ? Opinion.Refused(Reason.Banned, $"{IpText.ToAddress(x.ClientAddress)} is banned by hand for another {left}s")
            : new(Verdict.Pass, $"{IpText.ToAddress(x.ClientAddress)} is not banned");
}
