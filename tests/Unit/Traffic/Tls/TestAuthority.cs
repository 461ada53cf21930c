using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic.Tls;

/// <summary>A certificate authority of the test's own, which writes PEM files.</summary>
public sealed class TestAuthority : IDisposable
{
    readonly TempFolder folder = new();
    readonly X509Certificate2 root;
    long serial = 1;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        root = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(30), DateTimeOffset.UnixEpoch.AddYears(100));
        File.WriteAllText(File1("ca.pem"), root.ExportCertificatePem());
    }

    public string CaFile => File1("ca.pem");

    public string File1(string name) => folder[name];

    /// <summary>Writes <c>name.pem</c> and <c>name.key</c> for DNS names; the same name again replaces them.</summary>
    public CertificateModel Issue(string name, params string[] dns) => IssueUntil(root.NotAfter, name, dns);

    /// <summary>The same with an end.</summary>
    public CertificateModel IssueUntil(DateTimeOffset notAfter, string name, params string[] dns)
    {
        using var made = Make($"CN={name}", dns, notAfter);
        var pair = new CertificateModel(File1(name + ".pem"), File1(name + ".key"));
        File.WriteAllText(pair.Key, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(pair.Certificate, made.ExportCertificatePem());
        return pair;
    }

    /// <summary>A client's certificate with its key.</summary>
    public X509Certificate2 Client(string subject)
    {
        using var made = Make(subject, [], root.NotAfter);
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>What was written, for a server of the test's own.</summary>
    public X509Certificate2 Load(CertificateModel pair)
    {
        using var read = X509Certificate2.CreateFromPemFile(pair.Certificate, pair.Key);
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    }

    public TlsModel Terms(params CertificateModel[] certificates) => new(certificates);

    public void Dispose()
    {
        root.Dispose();
        folder.Dispose();
    }

    X509Certificate2 Make(string subject, string[] dns, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (dns.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var name in dns) names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
        }
        using var signed = request.Create(root, root.NotBefore, notAfter, BitConverter.GetBytes(++serial));
        return signed.CopyWithPrivateKey(key);
    }
}
