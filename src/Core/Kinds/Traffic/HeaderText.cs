namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What may stand in headers.</summary>
public static class HeaderText
{
    // What frames, addresses or ends a message, or is set by the gateway in its own way.
    static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Content-Type", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via", "traceparent", "tracestate", "X-Request-Id", "Forwarded",
    };

    /// <summary>A header's name: 1 to 64 characters of a token (RFC 9110 §5.6.2).</summary>
    public static bool IsName(string name) =>
        name.Length is >= 1 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal));

    /// <summary>A header's name that a policy may set or take away.</summary>
    public static bool IsOwn(string name) => IsName(name) && !Reserved.Contains(name) && !name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase);
}
