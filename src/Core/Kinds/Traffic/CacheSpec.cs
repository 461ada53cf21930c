namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// A shared cache after RFC 9111 for GET and HEAD: what the service allows to be shared is kept in the gateway's memory and answered from there. What is bounded for all routes of a
/// gateway together is its memory, see <see cref="GatewayCacheSpec"/>.
/// </summary>
public sealed record CacheSpec
{
    /// <summary>How long a response is fresh that says nothing about it itself, where the request has no cookie. Default: it is not kept. 1s to 365d.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Where a response says only when it was changed: this part of the time since then, up to 24h, is its freshness. Default: none. Above 0%.</summary>
    public Share? Heuristic { get; init; }

    /// <summary>For so long after its freshness a response is still given, while one request asks for it anew. Default 0s, or what the response says; up to 24h.</summary>
    public TimeSpan StaleWhileRevalidate { get; init; }

    /// <summary>For so long after its freshness a response is given where the service fails. Default 0s, or what the response says; up to 30d.</summary>
    public TimeSpan StaleIfError { get; init; }

    /// <summary>Larger responses are not kept. Default 1Mi; 1 byte to 64Mi.</summary>
    public ByteSize MaxObject { get; init; } = new(1024 * 1024);

    /// <summary>How many responses one address may have by <c>Vary</c>; the oldest gives way. Default 16; 1 to 64.</summary>
    public int Variants { get; init; } = 16;

    /// <summary>How long requests wait for an equal one that is under way already, instead of asking too. Default 5s; 0s for never, up to 5m.</summary>
    public TimeSpan Collapse { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What becomes of responses that set cookies. Default refuse.</summary>
    public SetCookieRule SetCookie { get; init; } = SetCookieRule.Refuse;

    /// <summary>Which part of the query tells requests apart. Default: all of it, as it was written.</summary>
    public CacheQuerySpec? Query { get; init; }

    /// <summary>Whether clients may ask for something else than what is fresh: <c>Cache-Control</c> of requests. Default true.</summary>
    public bool HonourClients { get; init; } = true;

    /// <summary>Whether responses tell by <c>Cache-Status</c> (RFC 9211) where they came from. Default true.</summary>
    public bool Tell { get; init; } = true;

    public IEnumerable<Problem> Validate()
    {
        if (Heuristic is { Fraction: <= 0 })
        {
            yield return new("heuristic", "nothing would be fresh", "choose more than 0%, or remove this");
        }

        if (MaxObject.Bytes is < 1 or > 64 * 1024 * 1024)
        {
            yield return new("maxObject", $"{MaxObject} is outside 1 to 64Mi", "choose a size within");
        }

        foreach (var problem in (Ttl is { } ttl ? Limits.Between("ttl", ttl, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)) : [])
            .Concat(Limits.Between("staleWhileRevalidate", StaleWhileRevalidate, TimeSpan.Zero, TimeSpan.FromHours(24)))
            .Concat(Limits.Between("staleIfError", StaleIfError, TimeSpan.Zero, TimeSpan.FromDays(30)))
            .Concat(Limits.Between("variants", Variants, 1, 64))
            .Concat(Limits.Between("collapse", Collapse, TimeSpan.Zero, TimeSpan.FromMinutes(5)))
            .Concat(Query?.Validate().Select(p => p.Under("query")) ?? []))
        {
            yield return problem;
        }
    }
}

/// <summary>What becomes of responses with <c>Set-Cookie</c>.</summary>
public enum SetCookieRule
{
    /// <summary>They are not kept.</summary>
    Refuse,

    /// <summary>They are kept without their cookies; only who caused the response gets those.</summary>
    Strip,
}

/// <summary>Which part of a query tells requests apart. Only one of ignore and only is given.</summary>
public sealed record CacheQuerySpec
{
    /// <summary>Parameters that make no difference, such as <c>utm_source</c>; with <c>*</c> at the end, all that begin so. The service still gets them. At most 64.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Only these parameters make a difference. At most 64.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The order of the parameters makes no difference. Default false.</summary>
    public bool Sort { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Ignore.Count > 0 && Only.Count > 0)
        {
            yield return new("", "both ignore and only are given", "keep one of them");
        }

        foreach (var (key, names) in new[] { ("ignore", Ignore), ("only", Only) })
        {
            if (names.Count > 64)
            {
                yield return new(key, $"{names.Count} names are more than 64", "name less");
            }

            foreach (var name in names.Where(n => n.Length is 0 or > 100 || n.AsSpan().ContainsAnyExceptInRange('!', '~') || n.AsSpan().ContainsAny("&=#")))
            {
                yield return new(key, $"'{name}' is not the name of a query parameter", "write it as it stands in the query, without '&' and '='");
            }
        }
    }
}

/// <summary>What all cached routes of a gateway share.</summary>
public sealed record GatewayCacheSpec
{
    /// <summary>The memory for kept responses in each gateway process, heads and bookkeeping included. Default 64Mi; 1Mi to 64Gi.</summary>
    public ByteSize Memory { get; init; } = new(64 * 1024 * 1024);

    public IEnumerable<Problem> Validate()
    {
        if (Memory.Bytes is < 1024 * 1024 or > 64L * 1024 * 1024 * 1024)
        {
            yield return new("memory", $"{Memory} is outside 1Mi to 64Gi", "choose a size within");
        }
    }
}
