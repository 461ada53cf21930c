using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Mainstay.Traffic.Policies;

/// <summary>The keys of one source, as of one moment.</summary>
internal sealed class KeySet(IReadOnlyList<TokenKey> keys)
{
    private const int MostKeys = 100;

    // RFC 7515 §4.5 leaves it to us how many keys are tried where a token names none.
    private const int MostTried = 4;

    public IReadOnlyList<TokenKey> Keys { get; } = keys;

    /// <summary>The keys that may have signed: those of that id, or, where none is named, the first that fit the algorithm.</summary>
    public IEnumerable<TokenKey> Candidates(string? id, string algorithm) =>
        id is null ? Keys.Where(key => key.Fits(algorithm)).Take(MostTried) : Keys.Where(key => key.Id == id && key.Fits(algorithm)).Take(MostTried);

    /// <summary>Whether an id is known, or no key has one (PEM).</summary>
    public bool Knows(string id) => Keys.Any(key => key.Id == id);

    /// <summary>A JWKS (RFC 7517) or PEM with public keys or certificates. Keys that cannot be used are left out; none at all is a problem.</summary>
    public static (KeySet? Set, string? Problem) ReadPublic(ReadOnlyMemory<byte> content)
    {
        var text = content.Span.TrimStart(" \t\r\n"u8);
        try
        {
            return text.StartsWith("{"u8) ? ReadJwks(content) : ReadPem(Encoding.UTF8.GetString(text));
        }
        catch (Exception error) when (error is JsonException or CryptographicException or FormatException or ArgumentException or InvalidOperationException)
        {
            return (null, "it is neither a JWKS nor PEM");
        }
    }

    /// <summary>A shared secret in base64 or base64url.</summary>
    public static (KeySet? Set, string? Problem) ReadSecret(ReadOnlyMemory<byte> content)
    {
        var key = CredentialText.Base64(Encoding.UTF8.GetString(content.Span).Trim());
        if (key is null) return (null, "the secret is not base64");
        return TokenKey.OfSecret(key) is { } secret ? (new KeySet([secret]), null) : (null, "the secret has less than 32 bytes");
    }

    private static (KeySet?, string?) ReadJwks(ReadOnlyMemory<byte> content)
    {
        using var document = JsonDocument.Parse(content, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
        if (!document.RootElement.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array) return (null, "it has no list of keys");
        var keys = list.EnumerateArray().Take(MostKeys).Select(ReadJwk).OfType<TokenKey>().ToList();
        return keys.Count == 0 ? (null, "it has no key that can be used") : (new KeySet(keys), null);
    }

    /// <summary>RFC 7517 §4 and RFC 7518 §6; null for what is not meant for signatures, or not understood. Shared secrets (oct) never come this way.</summary>
    private static TokenKey? ReadJwk(JsonElement jwk)
    {
        if (jwk.ValueKind != JsonValueKind.Object || Text(jwk, "use") is not (null or "sig")) return null;
        if (jwk.TryGetProperty("key_ops", out var uses) && (uses.ValueKind != JsonValueKind.Array || !uses.EnumerateArray().Any(use => use.ValueEquals("verify")))) return null;
        var (id, algorithm) = (Text(jwk, "kid"), Text(jwk, "alg"));
        switch (Text(jwk, "kty"))
        {
            case "RSA" when Number(jwk, "n") is { } n && Number(jwk, "e") is { } e:
                return TokenKey.OfRsa(new RSAParameters { Modulus = n, Exponent = e }, id, algorithm);
            case "EC" when Number(jwk, "x") is { } x && Number(jwk, "y") is { } y:
                ECCurve? curve = Text(jwk, "crv") switch { "P-256" => ECCurve.NamedCurves.nistP256, "P-384" => ECCurve.NamedCurves.nistP384, "P-521" => ECCurve.NamedCurves.nistP521, _ => null };
                if (curve is null || x.Length != y.Length) return null;
                var key = new ECParameters { Curve = curve.Value, Q = new ECPoint { X = x, Y = y } };
                return IsOnCurve(key) ? TokenKey.OfCurve(key, id, algorithm) : null;
            default:
                return null;
        }
    }

    private static bool IsOnCurve(ECParameters key)
    {
        try
        {
            ECDsa.Create(key).Dispose();
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static (KeySet?, string?) ReadPem(string text)
    {
        var keys = new List<TokenKey>();
        var rest = text.AsSpan();
        while (keys.Count < MostKeys && PemEncoding.TryFind(rest, out var fields))
        {
            var label = rest[fields.Label].ToString();
            if (label.Contains("PRIVATE", StringComparison.Ordinal)) return (null, "it holds a private key, which belongs to who signs");
            var pem = rest[fields.Location].ToString();
            if (ReadPem(label, pem) is { } key) keys.Add(key);
            rest = rest[fields.Location.End..];
        }
        return keys.Count == 0 ? (null, "it has no key that can be used") : (new KeySet(keys), null);
    }

    private static TokenKey? ReadPem(string label, string pem)
    {
        if (label == "CERTIFICATE")
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            using var ofRsa = certificate.GetRSAPublicKey();
            if (ofRsa is not null) return TokenKey.OfRsa(ofRsa.ExportParameters(false));
            using var ofCurve = certificate.GetECDsaPublicKey();
            return ofCurve is null ? null : TokenKey.OfCurve(ofCurve.ExportParameters(false));
        }
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return TokenKey.OfRsa(rsa.ExportParameters(false));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            using var curve = ECDsa.Create();
            curve.ImportFromPem(pem);
            return TokenKey.OfCurve(curve.ExportParameters(false));
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[]? Number(JsonElement json, string name) =>
        Text(json, name) is { Length: > 0 and < 4096 } text && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;
}
