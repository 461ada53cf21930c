using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path.Guards;

/// <summary>What a gateway knows of its clients and whom it bans, across tables: other terms forget nobody.</summary>
/// <param name="clients">How many it knows at a time.</param>
/// <param name="board">Takes what is to be told.</param>
/// <param name="seed">The table's own.</param>
internal sealed class BanWatch(int clients, NoticeBoard? board, ulong seed) : IReporting, IBeating
{
    /// <summary>How notices and reports name the front door.</summary>
    public const string About = Core.Kinds.Traffic.Intervention.FrontDoor;

    private const int Shown = 20;
    private volatile Terms terms = new(new BanSpec(), IpRanges.None);
    private long refused;
    private long waved;

    public BanTable Table { get; } = new(clients, seed);

    public void CountRefused() => Interlocked.Increment(ref refused);

    /// <summary>It would have been turned away, had it not been a dry run.</summary>
    public void CountWaved() => Interlocked.Increment(ref waved);

    /// <summary>What holds from now on.</summary>
    public void Take(BanSpec spec, IpRanges never) => terms = new Terms(spec, never);

    /// <summary>Counts a request that is over.</summary>
    public void Note(UInt128 address, Sight sight, ulong path, BanTerms limits, long nowMs)
    {
        if (Table.Note(address, sight, path, limits, nowMs, out var ban)) Tell(ban);
    }

    public void Beat(long nowMs)
    {
        var now = terms;
        if (Table.Banned == 0) return;
        foreach (var ban in Table.Release(now.Never.Contains))
        {
            board?.Add(About, "BanEnded", $"{ban.Who} is never to be banned", isWarning: false);
        }
        foreach (var ban in Table.TakeEnded(nowMs))
        {
            board?.Add(About, "BanEnded", $"{ban.Who} may come again after {Length(ban.UntilMs - ban.SinceMs)}", isWarning: false);
        }
    }

    public PolicyReport? Report(long nowMs)
    {
        var spec = terms.Spec;
        var bans = Table.Bans(Shown);
        var count = Table.Banned;
        var why = string.Join("; ", bans.Select(ban => $"{ban.Who} for another {Length(Math.Max(0, ban.UntilMs - nowMs))}: {Words(ban)}"));
        var numbers = new Dictionary<string, double> { ["banned"] = count, ["refused"] = Volatile.Read(ref refused), ["displacedClients"] = Table.Displaced };
        if (Volatile.Read(ref waved) is > 0 and var passed) numbers["wouldHaveRefused"] = passed;
        return new PolicyReport(
            About, "bans", "bans", spec.DryRun ? "counting" : count > 0 ? "banning" : "watching", count > bans.Count ? $"{why}; and {count - bans.Count} more" : why, numbers);
    }

    private void Tell(in Ban ban)
    {
        var spec = terms.Spec;
        var effect = spec.DryRun ? "would be turned away (a dry run)" : "is turned away";
        var again = ban.Time > 1 ? string.Create(CultureInfo.InvariantCulture, $", the {ban.Time}. time") : "";
        board?.Add(About, spec.DryRun ? "ClientWouldBeBanned" : "ClientBanned", $"{ban.Who} {effect} for {Length(ban.UntilMs - ban.SinceMs)}{again}: {Words(ban)} within {Durations.Format(spec.Window)}");
    }

    private static string Words(in Ban ban) => FormattableString.Invariant(ban.Offence switch
    {
        Offence.Requests => (FormattableString)$"{ban.Requests} requests",
        Offence.Failures => $"{ban.Count} failed authentications",
        Offence.Scan => $"{ban.Count} paths that are not there",
        _ => $"{ban.Count} errors of its own in {ban.Requests} requests",
    });

    private static string Length(long ms) => Durations.Format(TimeSpan.FromSeconds(Math.Ceiling(ms / 1000.0)));

    private sealed record Terms(BanSpec Spec, IpRanges Never);
}
