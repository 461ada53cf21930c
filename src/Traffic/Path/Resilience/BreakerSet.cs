using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>The breakers of one target: one, or one per value of a header. Pings the service while one of them is open, and tells of changes.</summary>
internal sealed class BreakerSet : IBeating, IReporting
{
    /// <summary>Values of a header are spread over so many breakers; what shares one, shares its fate.</summary>
    public const int MostParts = 1024;

    private const long PingEveryMs = 500;
    private const long PingMostMs = 1000;
    private readonly string about;
    private readonly BreakerSpec terms;
    private readonly Gateway? gateway;
    private readonly byte[]? header;
    private readonly Breaker?[] parts;
    private Ping? ping;
    private long pingedAtMs;
    private uint turn;

    public BreakerSet(string about, BreakerSpec terms, Gateway? gateway)
    {
        (this.about, this.terms, this.gateway) = (about, terms, gateway);
        header = terms.PerHeader is { } name ? Encoding.ASCII.GetBytes(name) : null;
        parts = new Breaker?[header is null ? 1 : MostParts];
        parts[0] = new Breaker(terms);
    }

    /// <summary>Where pings go; changes with each table.</summary>
    public Cluster? Cluster { get; set; }

    /// <summary>One of them does not let all pass.</summary>
    public bool IsShedding => Array.Exists(parts, one => one is { State: not BreakerState.Closed });

    /// <summary>Which of the breakers a request belongs to. One without the header belongs to the first.</summary>
    public int PartOf(Exchange x)
    {
        if (header is null) return 0;
        var value = HeadLines.Find(x.HeadBytes, x.Request, header);
        return value.IsEmpty ? 0 : (int)(SpreadHash.Of(value) % MostParts);
    }

    public Breaker Of(int part) => Volatile.Read(ref parts[part]) ?? Make(part);

    /// <summary>A request that passed ended.</summary>
    public void Ended(int part, Outcome outcome, long headMicros, long nowMs)
    {
        var breaker = Of(part);
        if (breaker.Ended(outcome, headMicros, nowMs)) gateway?.Notices.Add(about, "BreakerOpened", $"{Which(part)}: {breaker.Why}");
    }

    public void Beat(long nowMs)
    {
        var wantsPing = false;
        for (var part = 0; part < parts.Length; part++)
        {
            if (Volatile.Read(ref parts[part]) is not { } breaker) continue;
            if (breaker.Beat(nowMs)) gateway?.Notices.Add(about, "BreakerClosed", $"{Which(part)}: all requests pass again", isWarning: false);
            wantsPing |= breaker.WantsPing(nowMs);
        }
        if (ping is { } running)
        {
            if (running.Good is { } good) Take(good, nowMs);
            else if (nowMs - pingedAtMs >= PingMostMs) running.GiveUp();
        }
        if (wantsPing && ping is null && nowMs - pingedAtMs >= PingEveryMs) Begin(nowMs);
    }

    public PolicyReport? Report(long nowMs)
    {
        var known = parts.OfType<Breaker>().ToList();
        var worst = known.OrderByDescending(one => one.State == BreakerState.Open).ThenByDescending(one => one.State == BreakerState.Trickle).First();
        var counts = known[0].Counted(nowMs);
        return new PolicyReport(
            about, "breaker", "breaker", worst.State.ToString().ToLowerInvariant(), worst.State == BreakerState.Closed ? "" : worst.Why,
            new Dictionary<string, double>
            {
                ["calls"] = counts.Calls,
                ["errors"] = counts.Errors,
                ["slow"] = counts.Slow,
                ["passesPercent"] = Math.Round(worst.ShareAt(nowMs) * 100, 1),
                ["openParts"] = known.Count(one => one.State == BreakerState.Open),
            });
    }

    private void Begin(long nowMs)
    {
        pingedAtMs = nowMs;
        if (gateway is null || Cluster is not { Endpoints: { Length: > 0 } endpoints })
        {
            Take(false, nowMs);
            return;
        }
        ping = new Ping(gateway, endpoints[turn++ % endpoints.Length].Address, terms.Probe);
        _ = ping.RunAsync();
    }

    private void Take(bool good, long nowMs)
    {
        ping = null;
        for (var part = 0; part < parts.Length; part++)
        {
            if (Volatile.Read(ref parts[part]) is not { } breaker || !breaker.WantsPing(nowMs) || !breaker.Pinged(good, nowMs)) continue;
            gateway?.Notices.Add(about, "BreakerTrickles", $"{Which(part)}: the service answers, requests are let in again", isWarning: false);
        }
    }

    private Breaker Make(int part)
    {
        var made = new Breaker(terms);
        return Interlocked.CompareExchange(ref parts[part], made, null) ?? made;
    }

    private string Which(int part) => header is null ? "breaker" : string.Create(CultureInfo.InvariantCulture, $"breaker {part} of {terms.PerHeader}");
}
