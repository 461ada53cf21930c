namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Clients stay with the instance that they were at, by a cookie that the gateway gives them. It names the instance by a signature, which tells nobody where that is and cannot be
/// made up. Where the instance is gone, ejected or cannot be connected to, another one is picked, and the cookie changes.
/// </summary>
[PlainValueIs(nameof(Cookie))]
public sealed record StickySpec
{
    /// <summary>The cookie's name. Default mainstay- and the service's name. 1 to 64 letters, digits, '-' and '_'.</summary>
    public string? Cookie { get; init; }

    /// <summary>The path below which clients send it. Default /.</summary>
    public string Path { get; init; } = "/";

    /// <summary>How long clients keep it. Default: until the browser is closed. 1m to 30d.</summary>
    public TimeSpan? MaxAge { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if (Cookie is not null && !HttpNames.IsToken(Cookie))
        {
            yield return new("cookie", $"'{Cookie}' is not the name of a cookie", "use 1 to 64 letters, digits, '-' and '_'");
        }

        // RFC 6265 §4.1.1: what ends an attribute cannot stand in one.
        if (!Path.StartsWith('/') || Path.Length > 256 || Path.AsSpan().ContainsAnyExceptInRange('!', '~') || Path.Contains(';', StringComparison.Ordinal))
        {
            yield return new("path", $"'{Path}' is not a path for cookies", "write '/' and at most 256 printable ASCII characters without spaces and ';'");
        }

        foreach (var problem in MaxAge is { } age ? Limits.Between("maxAge", age, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)) : [])
        {
            yield return problem;
        }
    }
}
