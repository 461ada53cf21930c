using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>
/// Stands before every other station of the front door, routed or not: turns away whom somebody has banned by hand or who was banned for what he
/// did, and sees how each request ends.
/// </summary>
internal sealed class Doorkeeper
{
    private readonly BanWatch? watch;
    private readonly BanTerms? terms;
    private readonly HandBans hand;
    private readonly IpRanges never;
    private readonly Reason reason;
    private readonly bool isDry;

    private Doorkeeper(BanWatch? watch, BanSpec? spec, IpRanges never, HandBans hand)
    {
        this.watch = watch;
        this.hand = hand;
        this.never = never;
        terms = spec is null ? null : TermsOf(spec);
        isDry = spec?.DryRun ?? false;
        reason = spec?.Answer switch { BanAnswer.TooMany => Reason.BannedTooMany, BanAnswer.Reset => Reason.BannedReset, _ => Reason.Banned };
    }

    /// <summary>The doorkeeper of a table's front door; null where nobody is banned and nobody can be.</summary>
    public static Doorkeeper? Of(TableModel model, PolicyBook policies)
    {
        var hand = HandBans.About(model, one => one.About == Intervention.FrontDoor);
        if (model.Bans is not { } spec) return hand is null ? null : new Doorkeeper(null, null, IpRanges.None, hand);
        var never = new IpRanges([.. spec.Never, .. model.TrustedProxies ?? [], .. policies.Gateway?.Limits.TrustedProxies ?? []]);
        var watch = policies.Of("gateway/bans", new { spec.Clients }, () => new BanWatch(spec.Clients, policies.Gateway?.Notices, policies.Gateway?.NextSeed() ?? 1));
        watch.Take(spec, never);
        return new Doorkeeper(watch, spec, never, hand ?? HandBans.None);
    }

    internal static BanTerms TermsOf(BanSpec spec) => new()
    {
        WindowMs = (long)spec.Window.TotalMilliseconds,
        Requests = spec.Requests,
        Errors = spec.Errors.Fraction,
        Minimum = spec.Minimum,
        Missing = spec.Missing,
        Failures = spec.Failures,
        ForMs = (long)spec.For.TotalMilliseconds,
        LongestMs = (long)spec.Longest.TotalMilliseconds,
    };

    /// <summary>None where the request may come in.</summary>
    public Reason Judge(Exchange x)
    {
        // Found out now also for the end: the head may be gone then.
        var client = x.ClientAddress;
        if (hand.Contains(client) && hand.LeftSeconds(client, x.Connection.Gateway.Clock) is > 0 and var left)
        {
            x.Added.Add("Retry-After"u8, left);
            return Reason.Banned;
        }
        if (watch is null || watch.Table.LeftMs(client, x.NowMs) is not (> 0 and var leftMs) || never.Contains(client)) return Reason.None;
        if (isDry)
        {
            watch.CountWaved();
            return Reason.None;
        }
        watch.CountRefused();
        x.Added.Add("Retry-After"u8, (leftMs + 999) / 1000);
        return reason;
    }

    /// <summary>Sees how a request ended.</summary>
    public void Note(Exchange x)
    {
        if (terms is null || x.Reason is Reason.Banned or Reason.BannedTooMany or Reason.BannedReset) return;
        var client = x.ClientAddress;
        if (!never.IsEmpty && never.Contains(client)) return;
        var sight = SightOf(x);
        watch!.Note(client, sight, (sight & Sight.Missing) == 0 ? 0 : PathOf(x), terms, x.NowMs);
    }

    /// <summary>What it would say, without any effect.</summary>
    public Opinion Peek(Exchange x)
    {
        var client = x.ClientAddress;
        if (hand.Contains(client) && hand.LeftSeconds(client, x.Connection.Gateway.Clock) is > 0 and var left) return Opinion.Refused(Reason.Banned, $"{IpText.ToAddress(client)} is banned by hand for another {left}s");
        var leftMs = watch is null || never.Contains(client) ? 0 : watch.Table.LeftMs(client, x.NowMs);
        return leftMs == 0
            ? new(Verdict.Pass, $"{IpText.ToAddress(client)} is not banned")
            : new(isDry ? Verdict.Pass : Verdict.Refuse, $"{IpText.ToAddress(client)} is banned for another {(leftMs + 999) / 1000}s{(isDry ? "; a dry run, so it passes" : "")}", isDry ? Reason.None : reason);
    }

    /// <summary>Why a request that is turned away is.</summary>
    public Reason ReasonOf(Exchange x) => hand.Contains(x.ClientAddress) ? Reason.Banned : reason;

    private static Sight SightOf(Exchange x)
    {
        // What we ourselves held back for its number is no error of the client's.
        if (x.Status is < 400 or > 499 || x.Reason is Reason.RateLimited or Reason.ClientAborted) return Sight.Plain;
        var sight = Sight.Error;
        if (x.Status == 404) sight |= Sight.Missing;
        if (x.Status == 401 && !x.ShowedNothing) sight |= Sight.Failure;
        return sight;
    }

    private static ulong PathOf(Exchange x)
    {
        var line = x.StartLine.AsSpan(0, x.StartLineLength);
        var target = line[(line.IndexOf((byte)' ') + 1)..];
        var end = target.IndexOfAny((byte)' ', (byte)'?');
        return KeyHash.Of(end < 0 ? target : target[..end]);
    }
}
