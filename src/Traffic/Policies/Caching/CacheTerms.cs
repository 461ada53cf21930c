using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Policies;

/// <summary>What a route says about keeping responses, in the path's units.</summary>
internal sealed record CacheTerms
{
    /// <summary>Responses are given as long as they are fresh. Else they are only kept as the last good ones.</summary>
    public bool IsCache { get; init; }

    /// <summary>Freshness of what says nothing about it; -1 for none.</summary>
    public long TtlMs { get; init; } = -1;

    /// <summary>Freshness as a part of the time since the last change; 0 for none.</summary>
    public double Heuristic { get; init; }

    public long StaleWhileRevalidateMs { get; init; }

    public long StaleIfErrorMs { get; init; }

    /// <summary>How long a response may serve as the last good one; 0 for not at all.</summary>
    public long LastGoodMs { get; init; }

    /// <summary>Responses with cookies are kept without them.</summary>
    public bool StripsCookies { get; init; }

    /// <summary>Every client has its own: what is private may be kept.</summary>
    public bool IsPerClient { get; init; }

    public bool HonoursClients { get; init; } = true;

    public static CacheTerms Of(CacheSpec? cache, TimeSpan lastGood, bool perClient) => cache is null
        ? new CacheTerms { LastGoodMs = (long)lastGood.TotalMilliseconds, IsPerClient = perClient, HonoursClients = false }
        : new CacheTerms
        {
            IsCache = true,
            TtlMs = cache.Ttl is { } ttl ? (long)ttl.TotalMilliseconds : -1,
            Heuristic = cache.Heuristic?.Fraction ?? 0,
            StaleWhileRevalidateMs = (long)cache.StaleWhileRevalidate.TotalMilliseconds,
            StaleIfErrorMs = (long)cache.StaleIfError.TotalMilliseconds,
            LastGoodMs = (long)lastGood.TotalMilliseconds,
            StripsCookies = cache.SetCookie == SetCookieRule.Strip,
            HonoursClients = cache.HonourClients,
        };
}
