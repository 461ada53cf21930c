namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Which bearer tokens are believed. Always checked: the signature by one of the named algorithms, <c>exp</c>, <c>nbf</c>; without <c>exp</c> a token is refused.</summary>
public sealed record JwtSpec
{
    static readonly string[] Public = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    static readonly string[] Shared = ["HS256", "HS384", "HS512"];

    /// <summary>Who must have issued it (<c>iss</c>), to the letter. Default: anybody with the key.</summary>
    public string? Issuer { get; init; }

    /// <summary>Whom it must be meant for (<c>aud</c>); one of these is enough. Default: anybody.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];

    /// <summary>
    /// Public keys: the <c>https</c> URL of a JWKS (<c>http</c> on this machine only), or a file relative to the manifest with a JWKS or PEM. Fetched and read again in the
    /// background; the last good keys stay while the source fails. Excludes secret.
    /// </summary>
    public string? Keys { get; init; }

    /// <summary>Where the shared secret of HS256 to HS512 is kept: a file relative to the manifest, or <c>env:NAME</c>; base64 of at least 32 bytes. Excludes keys.</summary>
    public string? Secret { get; init; }

    /// <summary>The only algorithms that are believed, whatever a token says: RS, PS or ES with 256, 384 or 512 for keys, HS likewise for a secret. Default RS256 and ES256, or HS256.</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = [];

    /// <summary>How far clocks may be apart. Default 1m; 0 to 10m.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How old keys from a URL may grow before they are fetched again; an unknown key id fetches them too, every 10s at the most. Default 10m; 10s to 24h.</summary>
    public TimeSpan Refresh { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Claims that the service is told, each in a header of its own; such headers are removed from what clients send. Default: none. At most 16.</summary>
    public IReadOnlyDictionary<string, string> ClaimsToHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>What is believed when nothing else is declared.</summary>
    public IReadOnlyList<string> Believed() => Algorithms.Count > 0 ? Algorithms : Secret is not null ? ["HS256"] : ["RS256", "ES256"];

    public IEnumerable<Problem> Validate()
    {
        if (Keys is null == Secret is null)
        {
            yield return new("keys", Keys is null ? "there are neither keys nor a secret" : "keys and a secret stand side by side", "give one of keys (public keys) and secret (shared)");
        }

        foreach (var problem in KeyProblems().Concat(Secret is null ? [] : SecretPlace.Validate("secret", Secret)))
        {
            yield return problem;
        }

        var fitting = Secret is null ? Public : Shared;
        foreach (var algorithm in Algorithms.Where(a => !fitting.Contains(a)))
        {
            yield return new("algorithms", $"'{algorithm}' is not an algorithm {(Secret is null ? "of public keys" : "of shared secrets")}", $"use {string.Join(", ", fitting)}");
        }

        foreach (var problem in Limits.Between("clockSkew", ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(10))
            .Concat(Limits.Between("refresh", Refresh, TimeSpan.FromSeconds(10), TimeSpan.FromHours(24))))
        {
            yield return problem;
        }

        if (ClaimsToHeaders.Count > 16)
        {
            yield return new("claimsToHeaders", $"{ClaimsToHeaders.Count} headers are more than 16", "pass fewer claims, or have the service read the token");
        }

        foreach (var (claim, header) in ClaimsToHeaders.Where(c => !HeaderText.IsOwn(c.Value)))
        {
            yield return new($"claimsToHeaders.{claim}", $"'{header}' is not the name of a header that a gateway may set", "use a name like X-User");
        }
    }

    IEnumerable<Problem> KeyProblems()
    {
        if (Keys is null || !Keys.Contains("://", StringComparison.Ordinal))
        {
            return Keys is null ? [] : SecretPlace.Validate("keys", Keys);
        }

        if (!Uri.TryCreate(Keys, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
        {
            return [new("keys", $"'{Keys}' is not a URL", "write https://HOST/PATH")];
        }

        return url.Scheme == "http" && !url.IsLoopback
            ? [new("keys", "keys that come over http may be anybody's", "use https, or a file")]
            : [];
    }
}
