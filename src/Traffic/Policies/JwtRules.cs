using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Mainstay.Traffic.Policies;

/// <summary>What a token must be to be believed.</summary>
/// <param name="Issuer">To the letter; null for anybody.</param>
/// <param name="Audiences">One of them; empty for anybody.</param>
/// <param name="Algorithms">The only ones, whatever the token says.</param>
/// <param name="Skew">How far clocks may be apart.</param>
internal sealed record JwtTerms(string? Issuer, IReadOnlyList<string> Audiences, IReadOnlyList<string> Algorithms, TimeSpan Skew);

/// <summary>
/// Judges a bearer token (RFC 7519 in the compact form of RFC 7515, with the advice of RFC 8725). Pure: bytes, keys and the time in, a proof
/// out. What it costs is paid once per token, see <see cref="ProvenCache"/>.
/// </summary>
internal static class JwtRules
{
    /// <summary>Bytes of the longest token that is looked at.</summary>
    public const int Longest = 8 * 1024;

    private const int MostClaims = 64;
    private const int LongestClaim = 1024;

    // Behind the year 9999 nothing can be computed.
    private const long LastSecond = 253_402_300_799;

    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8);
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static Proof Judge(ReadOnlySpan<byte> token, JwtTerms terms, KeySet keys, DateTimeOffset now)
    {
        try
        {
            return JudgeWhole(token, terms, keys, now);
        }
        catch (InvalidOperationException)
        {
            // The runtime parses JSON whose texts are no Unicode, and says so only when they are read.
            return Proof.Bad("the token is malformed");
        }
    }

    private static Proof JudgeWhole(ReadOnlySpan<byte> token, JwtTerms terms, KeySet keys, DateTimeOffset now)
    {
        // 1. Three parts in base64url. Five would be an encrypted token, which is not for us.
        if (token.Length > Longest) return Proof.Bad("the token is too long");
        var first = token.IndexOf((byte)'.');
        var last = token.LastIndexOf((byte)'.');
        if (first <= 0 || last <= first + 1 || last == token.Length - 1) return Proof.Bad("the token is malformed");
        if (Decode(token[..first]) is not { } head || Decode(token[(first + 1)..last]) is not { } body || Decode(token[(last + 1)..]) is not { } signature)
        {
            return Proof.Bad("the token is malformed");
        }

        // 2. The algorithm must be one that we chose; then a key that fits it must have signed.
        string? algorithm, keyId;
        using (var json = Parse(head))
        {
            if (json is null) return Proof.Bad("the token is malformed");
            var root = json.RootElement;
            // RFC 7515 §4.1.11: what is critical and not understood makes it invalid; nothing of it is understood here.
            if (root.TryGetProperty("crit", out _)) return Proof.Bad("the token has critical headers");
            (algorithm, keyId) = (Text(root, "alg"), Text(root, "kid"));
            if (root.TryGetProperty("kid", out _) && keyId is null) return Proof.Bad("the token is malformed");
        }
        if (algorithm is null || !terms.Algorithms.Contains(algorithm)) return Proof.Bad("the token's algorithm is not accepted");
        if (keyId is not null && keys.Keys.Any(key => key.Id is not null) && !keys.Knows(keyId)) return Proof.UnknownKey("the token's key is not known");
        var signed = token[..last];
        var isSigned = false;
        var named = keyId is not null && keys.Knows(keyId) ? keyId : null;
        foreach (var key in keys.Candidates(named, algorithm))
        {
            if (isSigned = key.Verifies(algorithm, signed, signature)) break;
        }
        if (!isSigned) return Proof.Bad("the token's signature is wrong");

        // 3. Only now is what it says of interest.
        using var claims = Parse(body);
        return claims is null ? Proof.Bad("the token is malformed") : Claims(claims.RootElement, terms, keyId ?? "", now);
    }

    private static Proof Claims(JsonElement claims, JwtTerms terms, string keyId, DateTimeOffset now)
    {
        if (Time(claims, "exp", out var expires) is false || expires is null) return Proof.Bad("the token does not say until when it holds");
        if (Time(claims, "nbf", out var begins) is false || Time(claims, "iat", out var issued) is false) return Proof.Bad("the token's times are malformed");
        var until = expires.Value > DateTimeOffset.MaxValue - terms.Skew ? DateTimeOffset.MaxValue : expires.Value + terms.Skew;
        if (terms.Issuer is not null && Text(claims, "iss") != terms.Issuer) return Proof.Bad("the token's issuer is not accepted");
        if (terms.Audiences.Count > 0 && !Words(claims, "aud").Intersect(terms.Audiences).Any()) return Proof.Bad("the token's audience is not accepted");
        if (begins - terms.Skew > now || issued - terms.Skew > now) return Proof.Bad("the token does not hold yet");
        if (now >= until) return Proof.Expired("the token has expired");
        // RFC 8693 §4.2 has scope as a text with spaces, others have scp as list or text.
        var scopes = Words(claims, "scope").Concat(Words(claims, "scp")).SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct();
        return Proof.Good(new Identity("jwt", Text(claims, "sub") ?? "", keyId, scopes, Known(claims)), until);
    }

    // Texts, numbers and true or false as they are written; lists of texts joined by commas. Anything deeper is the service's own affair.
    private static Dictionary<string, string> Known(JsonElement claims)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var claim in claims.EnumerateObject().Take(MostClaims))
        {
            var text = claim.Value.ValueKind switch
            {
                JsonValueKind.String => claim.Value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => claim.Value.GetRawText(),
                JsonValueKind.Array when claim.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => string.Join(',', claim.Value.EnumerateArray().Select(item => item.GetString())),
                _ => null,
            };
            if (text is { Length: <= LongestClaim }) known[claim.Name] = text;
        }
        return known;
    }

    /// <summary>False for a time that is there and is none.</summary>
    private static bool Time(JsonElement claims, string name, out DateTimeOffset? time)
    {
        time = null;
        if (!claims.TryGetProperty(name, out var value)) return true;
        // RFC 7519 §2: seconds, perhaps with a fraction.
        if (value.ValueKind != JsonValueKind.Number || !double.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || seconds is < 0 or > LastSecond) return false;
        time = DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000));
        return true;
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IEnumerable<string> Words(JsonElement json, string name) => !json.TryGetProperty(name, out var value) ? [] : value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!),
        _ => [],
    };

    private static JsonDocument? Parse(byte[] json)
    {
        try
        {
            var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[]? Decode(ReadOnlySpan<byte> part)
    {
        // The runtime's decoder lets white space and padding pass; a token has neither.
        if (part.IndexOfAnyExcept(TokenBytes) >= 0 || !Base64Url.IsValid(part)) return null;
        return Base64Url.DecodeFromUtf8(part);
    }
}
