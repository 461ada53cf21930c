namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Which pages of other origins may use a route from a browser. The gateway answers preflights itself, and its headers replace the service's.</summary>
public sealed record CorsSpec
{
    /// <summary>Origins: <c>https://shop.example.test</c>, <c>https://*.example.test</c> for every host below it, or <c>*</c> for all (not with credentials).</summary>
    public required IReadOnlyList<string> Origins { get; init; }

    /// <summary>Methods that may be used. Default: those of the route's match; without any, GET, HEAD and POST.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>Request headers that may be sent beside the harmless ones; <c>*</c> for all. Default: none.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>Response headers that the page may read beside the harmless ones. Default: none.</summary>
    public IReadOnlyList<string> Expose { get; init; } = [];

    /// <summary>Whether cookies and other credentials may be sent. Default false.</summary>
    public bool Credentials { get; init; }

    /// <summary>How long a browser may keep the answer to a preflight. Default 10m; 0s to 24h.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<Problem> Validate()
    {
        if (Origins.Count is 0 or > 256)
        {
            yield return new("origins", $"{Origins.Count} origins are given", "give 1 to 256");
        }

        foreach (var origin in Origins.Where(o => o != "*" && !IsOrigin(o)))
        {
            yield return new("origins", $"'{origin}' is not an origin", "write SCHEME://HOST, perhaps with :PORT, without a path, for example https://shop.example.test");
        }

        if (Credentials && Origins.Contains("*"))
        {
            yield return new("origins", "'*' would let every page act with the user's credentials", "name the origins, or leave out credentials");
        }

        foreach (var method in Methods.Where(m => m.Length == 0 || !m.All(char.IsAsciiLetterUpper)))
        {
            yield return new("methods", $"'{method}' is not a method", "write methods in upper case, for example GET");
        }

        foreach (var (path, name) in Headers.Where(h => h != "*").Select(h => ("headers", h)).Concat(Expose.Select(h => ("expose", h))))
        {
            if (!HeaderRules.IsToken(name) || name.Length > 256)
            {
                yield return new(path, $"'{name}' is not a header's name", "write letters, digits and '-'");
            }
        }

        if (Methods.Count + Headers.Count + Expose.Count > 100)
        {
            yield return new("", "more than 100 methods and headers are named", "use '*', or name fewer");
        }

        foreach (var problem in Limits.Between("maxAge", MaxAge, TimeSpan.Zero, TimeSpan.FromHours(24)))
        {
            yield return problem;
        }
    }

    static bool IsOrigin(string origin)
    {
        var at = origin.IndexOf("://", StringComparison.Ordinal);
        if (at <= 0 || !origin[..at].All(char.IsAsciiLetterLower))
        {
            return false;
        }

        var host = origin[(at + 3)..];
        var colon = host.EndsWith(']') ? -1 : host.LastIndexOf(':');
        return Hosts.IsValid(colon < 0 ? host : host[..colon]) && (colon < 0 || (ushort.TryParse(host[(colon + 1)..], System.Globalization.NumberStyles.None, null, out var port) && port > 0));
    }
}
