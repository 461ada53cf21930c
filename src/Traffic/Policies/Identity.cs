using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// Who a request comes from, proven. Made once when it is proven, immutable, and shared by all requests that show the same proof; stations
/// read its spans without allocating.
/// </summary>
internal sealed class Identity
{
    private readonly byte[] subject;
    private readonly byte[] keyId;
    private readonly string[] scopes;
    private readonly Dictionary<string, byte[]> claims;

    /// <param name="scheme">How it was proven: <c>jwt</c>, <c>apiKey</c>, <c>basic</c>, <c>hmac</c>, <c>certificate</c>.</param>
    /// <param name="subject">Who it is.</param>
    /// <param name="keyId">The key it was proven with; empty where there is none.</param>
    /// <param name="scopes">What is granted.</param>
    /// <param name="claims">What else is known, as text.</param>
    public Identity(string scheme, string subject, string keyId, IEnumerable<string> scopes, IReadOnlyDictionary<string, string>? claims = null)
    {
        Scheme = scheme;
        this.subject = Encoding.UTF8.GetBytes(subject);
        this.keyId = Encoding.UTF8.GetBytes(keyId);
        this.scopes = [.. scopes];
        ApiKey = scheme == "apiKey" ? KeyHash.Of(keyId) | 1 : 0;
        this.claims = claims?.ToDictionary(claim => claim.Key, claim => Encoding.UTF8.GetBytes(claim.Value), StringComparer.Ordinal) ?? [];
    }

    public string Scheme { get; }

    /// <summary>A hash of the API key that was shown; 0 where none was.</summary>
    public ulong ApiKey { get; private init; }

    public ReadOnlySpan<byte> Subject => subject;

    public ReadOnlySpan<byte> KeyId => keyId;

    public IReadOnlyList<string> Scopes => scopes;

    /// <summary>A claim as UTF-8; empty where there is none.</summary>
    public ReadOnlySpan<byte> Claim(string name) => claims.TryGetValue(name, out var value) ? value : default;

    /// <summary>Whether all of them are granted.</summary>
    public bool Has(string[] wanted)
    {
        foreach (var scope in wanted)
        {
            if (Array.IndexOf(scopes, scope) < 0) return false;
        }
        return true;
    }

    /// <summary>What two proofs together say: the first one's subject, the scopes and claims of both.</summary>
    public Identity With(Identity other)
    {
        var all = other.claims.ToDictionary(claim => claim.Key, claim => Encoding.UTF8.GetString(claim.Value), StringComparer.Ordinal);
        foreach (var (name, value) in claims) all[name] = Encoding.UTF8.GetString(value);
        return new Identity(Scheme, Encoding.UTF8.GetString(subject), Encoding.UTF8.GetString(keyId), scopes.Union(other.scopes), all)
        {
            ApiKey = ApiKey != 0 ? ApiKey : other.ApiKey,
        };
    }

    public override string ToString() => $"{Scheme} {Encoding.UTF8.GetString(subject)}{(keyId.Length > 0 ? $" by {Encoding.UTF8.GetString(keyId)}" : "")}{(scopes.Length > 0 ? $" may {string.Join(' ', scopes)}" : "")}";
}
