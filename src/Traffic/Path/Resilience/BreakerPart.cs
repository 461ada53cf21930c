using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>One breaker, what it stands for, and the pings by which it is left. Tells of its changes.</summary>
/// <param name="about">Whose it is.</param>
/// <param name="name">What it stands for, in words.</param>
/// <param name="terms">When it opens.</param>
/// <param name="gateway">Null where nothing is pinged and nobody told.</param>
/// <param name="lines">Header lines for its pings, each with its end; empty for none.</param>
internal sealed class BreakerPart(string about, string name, BreakerSpec terms, Gateway? gateway, string lines = "")
{
    private const long PingEveryMs = 500;
    private const long PingMostMs = 1000;
    private Ping? ping;
    private long pingedAtMs;

    public Breaker Breaker { get; } = new(terms);

    public string Name { get; } = name;

    /// <summary>A ping is under way.</summary>
    public bool IsPinging => ping is not null;

    /// <summary>A request that passed ended.</summary>
    public void Ended(Outcome outcome, long headMicros, long nowMs)
    {
        if (Breaker.Ended(outcome, headMicros, nowMs)) gateway?.Notices.Add(about, "BreakerOpened", $"{Name}: {Breaker.Why}");
    }

    /// <summary>The heartbeat's part: takes what a ping said, and says whether it is time for another.</summary>
    public bool Beat(long nowMs)
    {
        if (Breaker.Beat(nowMs)) gateway?.Notices.Add(about, "BreakerClosed", $"{Name}: all requests pass again", isWarning: false);
        if (ping is { } running)
        {
            if (running.Good is { } good) Take(good, nowMs);
            else if (nowMs - pingedAtMs >= PingMostMs) running.GiveUp();
        }
        return ping is null && nowMs - pingedAtMs >= PingEveryMs && Breaker.WantsPing(nowMs);
    }

    /// <summary>Asks an endpoint; null where there is none, which is no good answer.</summary>
    public void Begin(Endpoint? at, long nowMs)
    {
        pingedAtMs = nowMs;
        if (gateway is null || at is null)
        {
            Take(false, nowMs);
            return;
        }
        ping = new Ping(gateway, at, terms.Probe, lines);
        _ = ping.RunAsync();
    }

    private void Take(bool good, long nowMs)
    {
        ping = null;
        if (Breaker.WantsPing(nowMs) && Breaker.Pinged(good, nowMs))
        {
            gateway?.Notices.Add(about, "BreakerTrickles", $"{Name}: the service answers, requests are let in again", isWarning: false);
        }
    }
}

/// <summary>How several breakers of one way stand together.</summary>
internal static class BreakerReport
{
    private const int MostNamed = 5;

    /// <summary>The state of the worst of them, and why the first of those that are not closed are not.</summary>
    public static PolicyReport Of(string about, IReadOnlyList<BreakerPart> parts, bool isNamed, Counts counts, long nowMs)
    {
        var astray = parts.Where(one => one.Breaker.State != BreakerState.Closed).OrderBy(one => one.Breaker.State == BreakerState.Trickle).ToList();
        var worst = astray.FirstOrDefault()?.Breaker;
        var named = astray.Take(MostNamed).Select(one => isNamed ? $"{one.Name} {Word(one.Breaker.State)}: {one.Breaker.Why}" : one.Breaker.Why);
        var more = astray.Count > MostNamed ? $"; and {astray.Count - MostNamed} more" : "";
        return new PolicyReport(
            about, "breaker", "breaker", Word(worst?.State ?? BreakerState.Closed), string.Join("; ", named) + more,
            new Dictionary<string, double>
            {
                ["calls"] = counts.Calls,
                ["errors"] = counts.Errors,
                ["slow"] = counts.Slow,
                ["passesPercent"] = Math.Round((worst?.ShareAt(nowMs) ?? 1) * 100, 1),
                ["openParts"] = astray.Count(one => one.Breaker.State == BreakerState.Open),
                ["parts"] = parts.Count,
            });
    }

    private static string Word(BreakerState state) => state.ToString().ToLowerInvariant();
}
