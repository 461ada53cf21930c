using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Host.Security;

/// <summary>
/// The certificate authority of one installation: it signs the server's door for agents and the hosts that join. ECDSA on P-256; its key lies in the data folder, readable by the owner alone. What it
/// has signed is known by the subject: <c>CN=mainstay-server</c> or <c>CN=host:NAME</c>, which no host's name can be; a host's has a DNS name, too, by which other hosts' gateways know it.
/// </summary>
public sealed class NodeAuthority
{
    public const string ServerName = "mainstay-server";
    public const string HostPrefix = HostIdentity.SubjectPrefix;

    /// <summary>How long the certificate of a host lasts where nothing else is said; it asks for a new one when a third is left.</summary>
    public static readonly TimeSpan HostLife = TimeSpan.FromDays(1);

    /// <summary>The shortest life of a host's certificate.</summary>
    public static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(30);

    /// <summary>How long a certificate that ended may still be renewed with: a machine may be off for a while.</summary>
    public static readonly TimeSpan Lapse = TimeSpan.FromDays(30);

    static readonly TimeSpan ServerLife = TimeSpan.FromDays(30);
    static readonly TimeSpan OwnLife = TimeSpan.FromDays(3650);

    // Clocks of other machines may be behind.
    static readonly TimeSpan Leeway = TimeSpan.FromHours(1);

    readonly Lock gate = new();
    readonly X509Certificate2 own;
    readonly TimeProvider time;
    X509Certificate2? server;

    NodeAuthority(X509Certificate2 own, TimeProvider time) => (this.own, this.time) = (own, time);

    /// <summary>How long the certificate of a host lasts.</summary>
    public TimeSpan Life { get; private init; } = HostLife;

    /// <summary>The authority's certificate, as PEM.</summary>
    public string Pem => own.ExportCertificatePem();

    /// <summary>SHA-256 of the authority's certificate, in hexadecimal: by it a host knows the server that it joins.</summary>
    public string Fingerprint => FingerprintOf(own);

    /// <summary>The authority of a folder; made there the first time. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where it cannot.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="life">Of hosts' certificates; null for <see cref="HostLife"/>.</param>
    public static NodeAuthority Open(string folder, TimeProvider time, TimeSpan? life = null)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var (certificate, key) = (Path.Combine(folder, "ca.pem"), Path.Combine(folder, "ca.key"));
        if (!File.Exists(certificate))
        {
            Make(certificate, key, time.GetUtcNow());
        }

        return new(X509Certificate2.CreateFromPemFile(certificate, key), time) { Life = life ?? HostLife };
    }

    public static string FingerprintOf(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    /// <summary>SHA-256 of a certificate's public key, in hexadecimal.</summary>
    public static string KeyOf(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Whether <paramref name="authority"/> signed <paramref name="certificate"/> and it is valid now.</summary>
    public static bool Signed(X509Certificate2 authority, X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(certificate);
    }

    /// <summary>When a host asks for a new certificate: a little before that is worth a warning.</summary>
    public static DateTimeOffset RenewalOf(X509Certificate2 certificate) => certificate.NotAfter - ((certificate.NotAfter - certificate.NotBefore) * 0.35);

    /// <summary>Whether this authority signed it and it is valid now.</summary>
    public bool HasSigned(X509Certificate2 certificate) => Signed(own, certificate, time.GetUtcNow());

    /// <summary>The host that a certificate of ours speaks for; null for any other.</summary>
    /// <param name="certificate">What is shown.</param>
    /// <param name="lapsed">Whether one that ended up to <see cref="Lapse"/> ago does.</param>
    public string? HostOf(X509Certificate2 certificate, bool lapsed = false)
    {
        var name = certificate.GetNameInfo(X509NameType.SimpleName, false);
        var now = time.GetUtcNow();
        if (lapsed && now > certificate.NotAfter && now <= certificate.NotAfter + Lapse)
        {
            now = certificate.NotAfter.AddSeconds(-1);
        }

        return name.StartsWith(HostPrefix, StringComparison.Ordinal) && Signed(own, certificate, now) ? name[HostPrefix.Length..] : null;
    }

    /// <summary>The certificate of the door for agents, renewed when a third of its life is left.</summary>
    public X509Certificate2 Server()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (server is null || now + (ServerLife / 3) > server.NotAfter)
            {
                using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                using var signed = Sign(new PublicKey(key), ServerName, now, ServerLife);
                server = signed.CopyWithPrivateKey(key);
            }

            return server;
        }
    }

    /// <summary>Makes what a server shows at one address as a member of the cluster, to members and as a client of theirs: certificate and key, as PEM.</summary>
    public string MakeMember(string name, System.Net.IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = Sign(new PublicKey(key), "server:" + name, time.GetUtcNow(), ServerLife, names => names.AddIpAddress(address));
        return $"{signed.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }

    /// <summary>The authority of another folder or machine, in this folder. Throws as <see cref="Open"/>.</summary>
    public static void Keep(string folder, string certificatePem, string keyPem)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        SecretFile.Write(Path.Combine(folder, "ca.key"), keyPem);
        SecretFile.Write(Path.Combine(folder, "ca.pem"), certificatePem);
    }

    /// <summary>The authority's key, as PEM: for servers alone.</summary>
    public string KeyPem
    {
        get
        {
            using var key = own.GetECDsaPrivateKey()!;
            return key.ExportPkcs8PrivateKeyPem();
        }
    }

    /// <summary>A code over a text that only who has the authority's key can make (HMAC, SHA-256).</summary>
    public byte[] CodeOf(string text)
    {
        using var key = own.GetECDsaPrivateKey()!;
        var secret = HKDF.DeriveKey(HashAlgorithmName.SHA256, key.ExportParameters(includePrivateParameters: true).D!, 32, info: "mainstay codes"u8.ToArray());
        return HMACSHA256.HashData(secret, System.Text.Encoding.UTF8.GetBytes(text));
    }

    /// <summary>
    /// Signs a host's request (PKCS #10, RFC 2986), of which only the key is taken, and that the asker has it; null where it is none.
    /// </summary>
    public X509Certificate2? SignHost(byte[] request, string host)
    {
        try
        {
            var asked = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256);
            return Sign(asked.PublicKey, HostPrefix + host, time.GetUtcNow(), Life, names => names.AddDnsName(HostIdentity.DnsNameOf(host)));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    X509Certificate2 Sign(PublicKey key, string name, DateTimeOffset now, TimeSpan life, Action<SubjectAlternativeNameBuilder>? places = null)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        if (places is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            places(names);
            request.CertificateExtensions.Add(names.Build());
        }

        var until = now + life;
        var from = now - (life < Leeway ? life : Leeway);
        return request.Create(own, from < own.NotBefore ? own.NotBefore : from, until > own.NotAfter ? own.NotAfter : until, RandomNumberGenerator.GetBytes(16));
    }

    static void Make(string certificate, string key, DateTimeOffset now)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mainstay authority", pair, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        using var made = request.CreateSelfSigned(now - Leeway, now + OwnLife);

        // The key first: a certificate without its key would be believed to be whole.
        SecretFile.Write(key, pair.ExportPkcs8PrivateKeyPem());
        SecretFile.Write(certificate, made.ExportCertificatePem());
    }
}
