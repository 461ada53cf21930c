using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Mainstay.Tests.Traffic.Guards;

/// <summary>Who issues tokens: a key made for the test, its public half as JWK or PEM, and tokens signed with it.</summary>
public sealed class Signer(string algorithm, string? id = null) : IDisposable
{
    readonly AsymmetricAlgorithm? key = algorithm[..2] switch
    {
        "RS" or "PS" => RSA.Create(2048),
        "ES" => ECDsa.Create(algorithm switch { "ES256" => ECCurve.NamedCurves.nistP256, "ES384" => ECCurve.NamedCurves.nistP384, _ => ECCurve.NamedCurves.nistP521 }),
        _ => null,
    };

    public string? Id => id;

    /// <summary>The secret of HS algorithms.</summary>
    public byte[] Secret { get; init; } = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

    public string Jwk()
    {
        var fields = new Dictionary<string, string> { ["use"] = "sig", ["alg"] = algorithm };
        if (id is not null) fields["kid"] = id;
        if (key is RSA rsa)
        {
            var parameters = rsa.ExportParameters(false);
            (fields["kty"], fields["n"], fields["e"]) = ("RSA", Text(parameters.Modulus!), Text(parameters.Exponent!));
        }
        else if (key is ECDsa curve)
        {
            var parameters = curve.ExportParameters(false);
            (fields["kty"], fields["crv"]) = ("EC", algorithm switch { "ES256" => "P-256", "ES384" => "P-384", _ => "P-521" });
            (fields["x"], fields["y"]) = (Text(parameters.Q.X!), Text(parameters.Q.Y!));
        }
        return JsonSerializer.Serialize(fields);
    }

    public static string Jwks(params Signer[] signers) => $$"""{"keys":[{{string.Join(',', signers.Select(signer => signer.Jwk()))}}]}""";

    public string Pem() => key switch { RSA rsa => rsa.ExportSubjectPublicKeyInfoPem(), ECDsa curve => curve.ExportSubjectPublicKeyInfoPem(), _ => "" };

    public string PrivatePem() => key switch { RSA rsa => rsa.ExportPkcs8PrivateKeyPem(), ECDsa curve => curve.ExportPkcs8PrivateKeyPem(), _ => "" };

    /// <summary>A token with these claims, and the usual header or another one.</summary>
    public string Token(string claims, string? header = null)
    {
        header ??= id is null ? $$"""{"alg":"{{algorithm}}","typ":"JWT"}""" : $$"""{"alg":"{{algorithm}}","typ":"JWT","kid":"{{id}}"}""";
        var signed = $"{Text(Encoding.UTF8.GetBytes(header))}.{Text(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Text(Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    public void Dispose() => key?.Dispose();

    public static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);

    byte[] Sign(byte[] bytes)
    {
        var hash = algorithm[2..] switch { "256" => HashAlgorithmName.SHA256, "384" => HashAlgorithmName.SHA384, _ => HashAlgorithmName.SHA512 };
        return key switch
        {
            RSA rsa => rsa.SignData(bytes, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
            ECDsa curve => curve.SignData(bytes, hash),
            _ => algorithm switch { "HS256" => HMACSHA256.HashData(Secret, bytes), "HS384" => HMACSHA384.HashData(Secret, bytes), _ => HMACSHA512.HashData(Secret, bytes) },
        };
    }
}
