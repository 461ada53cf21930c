using System.Buffers;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What holds for header names and values that are declared.</summary>
public static class HeaderRules
{
    static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    static readonly HashSet<string> OwnNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host", "Via", "Expect",
        "traceparent", "X-Request-Id", "X-Mainstay-Reason", "X-Mainstay-Mirror",
    };

    /// <summary>RFC 9110 §5.6.2.</summary>
    public static bool IsToken(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token);

    /// <summary>Whether the gateway alone decides about a header: it frames, routes or traces the message.</summary>
    public static bool IsOwn(string name) => OwnNames.Contains(name);

    /// <summary>Printable ASCII, tab and what is beyond ASCII, without space at either end.</summary>
    public static bool IsValue(string value) => value.Length <= 1024 && value.Trim(' ', '\t').Length == value.Length && !value.Any(char.IsControl);
}
