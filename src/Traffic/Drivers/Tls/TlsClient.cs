using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>
/// The client's side of TLS to the endpoints of one service: their certificates must be for the name and from the given or the system's
/// authorities. Throws where its files cannot be used.
/// </summary>
internal sealed class TlsClient
{
    private readonly X509Certificate2Collection? authorities;
    private readonly SslStreamCertificateContext? own;
    private readonly OpenSslContext? context;

    /// <param name="terms">The terms, with absolute paths.</param>
    /// <param name="native">By OpenSSL itself where it is there (default), else by the runtime's streams.</param>
    public TlsClient(UpstreamTls terms, bool native = true)
    {
        Name = terms.ServerName;
        if (terms.Ca is { } path)
        {
            authorities = [];
            authorities.ImportFromPemFile(path);
        }
        var pair = terms is { Cert: { } certificate, Key: { } key } ? new CertificateModel(certificate, key) : null;
        if (pair is not null) own = LoadedCertificate.Read(pair.Certificate, pair.Key).Context;
        if (native && OpenSsl.IsThere) context = OpenSslContext.ForClient(terms.Ca, pair);
    }

    /// <summary>The name that certificates must be for.</summary>
    public string Name { get; }

    /// <summary>The secured wire, or null when the handshake failed; the wire below is then closed.</summary>
    public async ValueTask<Wire?> ConnectAsync(Wire wire)
    {
        Wire secured;
        string? failure;
        if (context is not null)
        {
            var native = OpenSslWire.Client(wire, context, Name);
            failure = await native.HandshakeAsync();
            secured = native;
        }
        else
        {
            var managed = new SslStreamWire(wire);
            failure = await managed.ConnectAsync(OptionsFor(SslApplicationProtocol.Http11), CancellationToken.None);
            secured = managed;
        }
        if (failure is null) return secured;
        secured.Close();
        return null;
    }

    /// <summary>The same terms for the runtime's streams.</summary>
    public SslClientAuthenticationOptions OptionsFor(SslApplicationProtocol application)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = Name,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [application],
            ClientCertificateContext = own,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (authorities is null) return options;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        options.CertificateChainPolicy = policy;
        return options;
    }
}
