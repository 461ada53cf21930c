namespace Mainstay.Traffic.Path;

/// <summary>Why a request went on to the service (RFC 9211 §2.2).</summary>
internal enum Forwarded
{
    Bypass,
    Method,
    UriMiss,
    VaryMiss,
    Miss,
    Request,
    Stale,
}

/// <summary>The header that tells what the cache did (RFC 9211).</summary>
internal static class CacheStatus
{
    /// <summary>A request went on.</summary>
    public static void AddForwarded(Exchange x, Forwarded why, int status, bool isStored, bool wasCollapsed)
    {
        Span<byte> text = stackalloc byte[96];
        var writer = new HeadWriter(text);
        writer.Add("mainstay; fwd="u8);
        writer.Add(NameOf(why));
        writer.Add("; fwd-status="u8);
        writer.Add(status);
        if (isStored) writer.Add("; stored"u8);
        if (wasCollapsed) writer.Add("; collapsed"u8);
        x.Added.Add("Cache-Status"u8, text[..writer.Length]);
    }

    /// <summary>A request was answered here.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="how">What to say of it.</param>
    /// <param name="leftMs">What is left of the freshness; negative where it is over.</param>
    public static void AddAnswered(Exchange x, string how, long leftMs)
    {
        Span<byte> text = stackalloc byte[96];
        var writer = new HeadWriter(text);
        writer.Add("mainstay; "u8);
        Span<byte> ascii = stackalloc byte[how.Length];
        System.Text.Encoding.ASCII.GetBytes(how, ascii);
        writer.Add(ascii);
        writer.Add("; ttl="u8);
        writer.Add((long)Math.Ceiling(leftMs / 1000.0));
        x.Added.Add("Cache-Status"u8, text[..writer.Length]);
    }

    private static ReadOnlySpan<byte> NameOf(Forwarded why) => why switch
    {
        Forwarded.Method => "method"u8,
        Forwarded.UriMiss => "uri-miss"u8,
        Forwarded.VaryMiss => "vary-miss"u8,
        Forwarded.Miss => "miss"u8,
        Forwarded.Request => "request"u8,
        Forwarded.Stale => "stale"u8,
        _ => "bypass"u8,
    };
}
