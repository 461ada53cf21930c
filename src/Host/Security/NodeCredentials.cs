using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mainstay.Host.Security;

/// <summary>What a host that has joined shows the server, and by what it knows it: a key with its certificate and the authority's certificate, in <c>node/</c> of its data folder.</summary>
sealed class NodeCredentials(string folder, TimeProvider time)
{
    readonly Lock gate = new();
    (DateTime Written, X509Certificate2 Certificate)? current;

    string Identity => Path.Combine(folder, "identity.pem");

    string Authority => Path.Combine(folder, "ca.pem");

    /// <summary>Whether this host has joined.</summary>
    public bool Exist => File.Exists(Identity) && File.Exists(Authority);

    /// <summary>When the certificate ends.</summary>
    public DateTimeOffset Until => Current().NotAfter;

    /// <summary>When a new one is asked for.</summary>
    public DateTimeOffset RenewAt => NodeAuthority.RenewalOf(Current());

    /// <summary>Where key and certificate are, and where the authority's certificate is.</summary>
    public (string Identity, string Authority) Files => (Identity, Authority);

    /// <summary>What is shown now.</summary>
    public X509Certificate2 Shown => Current();

    /// <summary>A new key and the request to sign it (PKCS #10).</summary>
    public static (ECDsa Key, byte[] Request) Ask()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return (key, new CertificateRequest("CN=asks", key, HashAlgorithmName.SHA256).CreateSigningRequest());
    }

    /// <summary>Keeps what was signed, and by whom.</summary>
    public void Keep(ECDsa key, string certificatePem, string authorityPem)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        SecretFile.Write(Authority, authorityPem);
        // One file, so that key and certificate are never of two different times.
        SecretFile.Write(Identity, key.ExportPkcs8PrivateKeyPem() + "\n" + certificatePem);
    }

    /// <summary>Keeps a new certificate of the same authority.</summary>
    public void Renew(ECDsa key, string certificatePem) => Keep(key, certificatePem, File.ReadAllText(Authority));

    /// <summary>TLS to the server: what is shown is read anew when it was renewed.</summary>
    public SslClientAuthenticationOptions Tls()
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(Authority);
        return new()
        {
            LocalCertificateSelectionCallback = (_, _, _, _, _) => Current(),
            RemoteCertificateValidationCallback = (_, shown, _, _) => IsServer(authority, shown as X509Certificate2, time.GetUtcNow()),
        };
    }

    /// <summary>Whether a certificate is the server's, as an authority says.</summary>
    public static bool IsServer(X509Certificate2 authority, X509Certificate2? shown, DateTimeOffset now) =>
        shown is not null && shown.GetNameInfo(X509NameType.SimpleName, false) == NodeAuthority.ServerName && NodeAuthority.Signed(authority, shown, now);

    X509Certificate2 Current()
    {
        lock (gate)
        {
            var written = File.GetLastWriteTimeUtc(Identity);
            if (current is not { } known || known.Written != written)
            {
                current = known = (written, X509Certificate2.CreateFromPemFile(Identity, Identity));
            }

            return known.Certificate;
        }
    }
}
