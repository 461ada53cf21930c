using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// One key that signatures of tokens are verified with. Which algorithms it can verify follows from what it is, never from what a token
/// says: an RSA key is no shared secret, and a curve has one algorithm.
/// </summary>
internal sealed class TokenKey
{
    private readonly RSAParameters rsa;
    private readonly ECParameters curve;
    private readonly byte[]? secret;
    private readonly string kind;

    // The runtime promises nothing about one such object on two threads.
    private readonly ConcurrentBag<AsymmetricAlgorithm> spare = [];

    private TokenKey(string kind, string? id, string? algorithm)
    {
        this.kind = kind;
        Id = id;
        Algorithm = algorithm;
    }

    private TokenKey(RSAParameters rsa, string? id, string? algorithm) : this("RSA", id, algorithm) => this.rsa = rsa;

    private TokenKey(ECParameters curve, string kind, string? id, string? algorithm) : this(kind, id, algorithm) => this.curve = curve;

    private TokenKey(byte[] secret) : this("oct", null, null) => this.secret = secret;

    /// <summary>The <c>kid</c>; null where it has none.</summary>
    public string? Id { get; }

    /// <summary>The one algorithm its set allows it; null for every one that fits.</summary>
    public string? Algorithm { get; }

    /// <summary>RFC 7518 §3.3: 2,048 bits or more; and 4,096 at most, since longer ones take long.</summary>
    public static TokenKey? OfRsa(RSAParameters key, string? id = null, string? algorithm = null) =>
        key is { Modulus.Length: >= 256 and <= 512, Exponent.Length: >= 1 and <= 8 } ? new(key, id, algorithm) : null;

    /// <summary>RFC 7518 §3.4: P-256, P-384 or P-521.</summary>
    public static TokenKey? OfCurve(ECParameters key, string? id = null, string? algorithm = null)
    {
        var kind = key.Curve.Oid?.Value switch { "1.2.840.10045.3.1.7" => "P-256", "1.3.132.0.34" => "P-384", "1.3.132.0.35" => "P-521", _ => null };
        return kind is null ? null : new(key, kind, id, algorithm);
    }

    /// <summary>RFC 7518 §3.2: at least as long as the hash, of which the shortest has 32 bytes.</summary>
    public static TokenKey? OfSecret(byte[] key) => key.Length is >= 32 and <= 4096 ? new(key) : null;

    /// <summary>Whether it may verify this algorithm.</summary>
    public bool Fits(string algorithm) => (Algorithm is null || Algorithm == algorithm) && algorithm switch
    {
        "RS256" or "RS384" or "RS512" or "PS256" or "PS384" or "PS512" => kind == "RSA",
        "ES256" => kind == "P-256",
        "ES384" => kind == "P-384",
        "ES512" => kind == "P-521",
        "HS256" => kind == "oct",
        "HS384" => kind == "oct" && secret!.Length >= 48,
        "HS512" => kind == "oct" && secret!.Length >= 64,
        _ => false,
    };

    /// <summary>Whether the signature is this key's over these bytes, by an algorithm that fits.</summary>
    public bool Verifies(string algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (!Fits(algorithm)) return false;
        if (secret is not null)
        {
            Span<byte> computed = stackalloc byte[64];
            var length = algorithm switch
            {
                "HS256" => HMACSHA256.HashData(secret, signed, computed),
                "HS384" => HMACSHA384.HashData(secret, signed, computed),
                _ => HMACSHA512.HashData(secret, signed, computed),
            };
            return CryptographicOperations.FixedTimeEquals(computed[..length], signature);
        }
        if (!spare.TryTake(out var verifier)) verifier = kind == "RSA" ? RSA.Create(rsa) : ECDsa.Create(curve);
        try
        {
            var hash = algorithm[2..] switch { "256" => HashAlgorithmName.SHA256, "384" => HashAlgorithmName.SHA384, _ => HashAlgorithmName.SHA512 };
            return verifier switch
            {
                RSA one => one.VerifyData(signed, signature, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
                ECDsa one => one.VerifyData(signed, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
                _ => false,
            };
        }
        finally
        {
            spare.Add(verifier);
        }
    }
}
