namespace Mainstay.Traffic.Policies;

/// <summary>Why a response is not kept, or that it is.</summary>
internal enum Keep
{
    /// <summary>It is kept and given while it is fresh.</summary>
    Cached,

    /// <summary>It is kept as the last good one alone.</summary>
    LastGood,
    NotGet,
    Partial,
    OpenEnded,
    RequestSaysNoStore,
    NoStore,
    Private,
    Authorized,
    SetsCookie,
    VariesByEverything,
    Status,
    NotFresh,
}

/// <summary>How long a kept response can be used. All in milliseconds of one clock.</summary>
/// <param name="At">When it came.</param>
/// <param name="AgeMs">How old it was then.</param>
/// <param name="FreshMs">How old it may become.</param>
/// <param name="RevalidateMs">Beyond that: while it is asked for anew.</param>
/// <param name="ErrorMs">Beyond that: where the service fails.</param>
/// <param name="GoodMs">Since it came: as the last good one.</param>
internal readonly record struct StoredTimes(long At, long AgeMs, long FreshMs, long RevalidateMs, long ErrorMs, long GoodMs)
{
    /// <summary>It is part of the cache, and not only the last good one.</summary>
    public bool IsCached { get; init; }

    /// <summary>no-cache: never without asking.</summary>
    public bool AlwaysAsks { get; init; }

    /// <summary>Never stale, whoever wants it.</summary>
    public bool NeverStale { get; init; }

    /// <summary>How old it is (RFC 9111 §4.2.3).</summary>
    public long Age(long now) => AgeMs + Math.Max(0, now - At);

    /// <summary>What is left of its freshness; negative when it is stale.</summary>
    public long LeftMs(long now) => FreshMs - Age(now);
}

/// <summary>What becomes of a request for which there is a kept response.</summary>
internal enum CacheUse
{
    /// <summary>It is given.</summary>
    Fresh,

    /// <summary>It is given although it is stale: somebody allows it.</summary>
    Stale,

    /// <summary>It is given although it is stale, and asked for anew.</summary>
    Refresh,

    /// <summary>The service is asked whether it still holds.</summary>
    Ask,

    /// <summary>It is of no use now.</summary>
    Miss,
}

/// <summary>What RFC 9111 and RFC 5861 say about keeping and using responses, for a cache that clients share.</summary>
internal static class CacheRules
{
    private const long DayMs = 24L * 3600 * 1000;

    /// <summary>Whether a response is kept, and what for (RFC 9111 §3).</summary>
    public static Keep Judge(in RequestFacts request, in ResponseFacts response, CacheTerms terms)
    {
        var control = response.Control;
        if (!request.IsGet) return Keep.NotGet;
        if (response.Status == 206 || (request.IsRange && response.Status == 416)) return Keep.Partial;
        if (response.IsOpenEnded) return Keep.OpenEnded;
        if (request.Control.NoStore) return Keep.RequestSaysNoStore;
        // §5.2.2.3: for whom the status means something, must-understand comes before no-store.
        if (control.NoStore && !(control.MustUnderstand && IsUnderstood(response.Status))) return Keep.NoStore;
        if (control.Private && !terms.IsPerClient) return Keep.Private;
        if (response.HasSetCookie && !terms.StripsCookies && !terms.IsPerClient) return Keep.SetsCookie;
        if (response.VariesByEverything) return Keep.VariesByEverything;
        if (!IsUnderstood(response.Status)) return Keep.Status;
        var good = IsGood(request, response, terms);
        // §3.5.
        if (request.IsAuthorized && !terms.IsPerClient && !control.Public && !control.MustRevalidate && control.SharedMaxAge < 0) return Keep.Authorized;
        if (terms.IsCache && (Freshness(request, response, terms) > 0 || (SaysItsFreshness(response) && HasValidator(response)))) return Keep.Cached;
        return good ? Keep.LastGood : Keep.NotFresh;
    }

    /// <summary>How long a response that is kept can be used.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="response">What came.</param>
    /// <param name="terms">The route's terms.</param>
    /// <param name="askedAt">When it was asked for, by the path's clock.</param>
    /// <param name="now">When it came, by the path's clock.</param>
    /// <param name="nowUtcMs">The same by the calendar.</param>
    public static StoredTimes Times(in RequestFacts request, in ResponseFacts response, CacheTerms terms, long askedAt, long now, long nowUtcMs)
    {
        // §4.2.3.
        var apparent = response.DateMs is { } date ? Math.Max(0, nowUtcMs - date) : 0;
        // The coarse clock and whole seconds make a fresh response look older than it is by up to one.
        if (apparent < 1100) apparent = 0;
        var age = Math.Max(apparent, response.Age * 1000 + (response.Age > 0 ? now - askedAt : 0));
        var control = response.Control;
        var cached = Judge(request, response, terms) == Keep.Cached;
        var never = control.MustRevalidate || control.ProxyRevalidate || control.NoCache;
        // §5.2.2.10: s-maxage is a word against staleness, unless the same response gives it explicitly.
        var declared = !never && control.SharedMaxAge < 0;
        return new StoredTimes(
            now,
            age,
            cached ? Freshness(request, response, terms) : 0,
            never ? 0 : control.StaleWhileRevalidate >= 0 ? control.StaleWhileRevalidate * 1000 : declared ? terms.StaleWhileRevalidateMs : 0,
            never ? 0 : control.StaleIfError >= 0 ? control.StaleIfError * 1000 : declared ? terms.StaleIfErrorMs : 0,
            IsGood(request, response, terms) ? terms.LastGoodMs : 0)
        {
            IsCached = cached,
            AlwaysAsks = control.NoCache,
            NeverStale = never || control.SharedMaxAge >= 0,
        };
    }

    /// <summary>What becomes of a request for which there is a response (§4).</summary>
    public static CacheUse Use(in StoredTimes stored, in CacheDirectives asked, CacheTerms terms, long now)
    {
        if (!stored.IsCached) return CacheUse.Miss;
        var left = stored.LeftMs(now);
        var isHonoured = terms.HonoursClients && asked.IsThere;
        if (isHonoured || (terms.HonoursClients && asked.NoCache))
        {
            if (asked.NoCache) return CacheUse.Ask;
            if (asked.MaxAge >= 0) left = Math.Min(left, asked.MaxAge * 1000 - stored.Age(now));
            if (asked.MinFresh >= 0) left -= asked.MinFresh * 1000;
        }
        if (stored.AlwaysAsks) return CacheUse.Ask;
        if (left > 0) return CacheUse.Fresh;
        if (isHonoured && asked.MaxStale >= 0 && !stored.NeverStale && (asked.MaxStale == CacheDirectives.Most || -left <= asked.MaxStale * 1000)) return CacheUse.Stale;
        // What a client wants younger than it is has to be asked for.
        if (isHonoured && (asked.MaxAge >= 0 || asked.MinFresh >= 0)) return CacheUse.Ask;
        return -left < stored.RevalidateMs ? CacheUse.Refresh : CacheUse.Ask;
    }

    /// <summary>Whether it may be given where the service fails (RFC 5861 §4); <paramref name="asked"/> may allow more, and no-cache nothing.</summary>
    public static bool MayRescue(in StoredTimes stored, in CacheDirectives asked, CacheTerms terms, long now)
    {
        if (!stored.IsCached || stored.AlwaysAsks || (terms.HonoursClients && asked.NoCache)) return false;
        var window = stored.ErrorMs;
        if (terms.HonoursClients && asked.StaleIfError >= 0 && !stored.NeverStale) window = Math.Max(window, asked.StaleIfError * 1000);
        return -stored.LeftMs(now) < window;
    }

    /// <summary>Whether it may stand in for the service as the last good answer.</summary>
    public static bool IsGood(in StoredTimes stored, long now) => now - stored.At < stored.GoodMs;

    /// <summary>Whether a stale response may be given because somebody has thrown that degradation: up to <paramref name="staleMs"/> beyond its freshness.</summary>
    public static bool MayServeStale(in StoredTimes stored, long staleMs, long now) =>
        (stored.IsCached && !stored.NeverStale && -stored.LeftMs(now) < staleMs) || (stored.GoodMs > 0 && now - stored.At < Math.Min(staleMs, stored.GoodMs));

    /// <summary>Milliseconds of freshness (§4.2.1); 0 for none.</summary>
    public static long Freshness(in RequestFacts request, in ResponseFacts response, CacheTerms terms)
    {
        var control = response.Control;
        if (control.SharedMaxAge >= 0) return control.SharedMaxAge * 1000;
        if (control.MaxAge >= 0) return control.MaxAge * 1000;
        if (response.HasExpires) return response is { ExpiresMs: { } expires, DateMs: { } date } ? Math.Max(0, expires - date) : 0;
        // What is declared in the response's place is for responses that are the same for everybody.
        if (control.NoCache || !IsHeuristic(response.Status, control) || request.HasCookie) return 0;
        if (terms.Heuristic > 0 && response is { LastModifiedMs: { } changed, DateMs: { } sent } && sent > changed) return Math.Min(DayMs, (long)((sent - changed) * terms.Heuristic));
        return Math.Max(0, terms.TtlMs);
    }

    /// <summary>Statuses whose meaning is known here, so that they can be kept (§3).</summary>
    public static bool IsUnderstood(int status) => status is 200 or 203 or 204 or 300 or 301 or 302 or 303 or 307 or 308 or 404 or 405 or 410 or 414;

    /// <summary>RFC 9110 §15.1; others only where they say themselves how long they hold.</summary>
    private static bool IsHeuristic(int status, in CacheDirectives control) => status is 200 or 203 or 204 or 300 or 301 or 308 or 404 or 405 or 410 or 414 || control.Public;

    private static bool SaysItsFreshness(in ResponseFacts response) =>
        response.HasExpires || response.Control.MaxAge >= 0 || response.Control.SharedMaxAge >= 0 || response.Control.NoCache;

    private static bool HasValidator(in ResponseFacts response) => response.HasTag || response.LastModifiedMs is not null;

    private static bool IsGood(in RequestFacts request, in ResponseFacts response, CacheTerms terms) =>
        terms.LastGoodMs > 0 && response.Status is 200 or 203 && !response.Control.MustRevalidate && !response.Control.ProxyRevalidate
        && (terms.IsPerClient || (!request.IsAuthorized && !request.HasCookie && !response.HasSetCookie && !response.Control.Private));
}
