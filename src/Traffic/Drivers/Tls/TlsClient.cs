using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>
/// The client's side of TLS to the endpoints of one service: their certificates must be for the name and from the given or the system's authorities. Its files are looked at each second;
/// changed ones are used for new connections, and where they cannot be used those before stay.
/// </summary>
internal sealed class TlsClient : IBeating, IReporting, IFailing
{
    private const long LookEveryMs = 1000;
    private readonly string service;
    private readonly UpstreamTls terms;
    private readonly NoticeBoard? board;
    private readonly TimeProvider time;
    private readonly bool isNative;
    private readonly string[] files;
    private readonly string application;
    private readonly CertificateWatch? watch;
    private readonly FileStamps stamps;
    private volatile Loaded? current;
    private long lookedAtMs = -LookEveryMs;
    private int isLooking;

    /// <param name="service">Whose endpoints; empty where others tell of the certificate.</param>
    /// <param name="terms">The terms, with absolute paths.</param>
    /// <param name="gateway">Who is told; null for nobody.</param>
    /// <param name="native">By OpenSSL itself where it is there (default), else by the runtime's streams.</param>
    /// <param name="application">The protocol that is asked for where HTTP/2 is not.</param>
    public TlsClient(string service, UpstreamTls terms, Path.Gateway? gateway = null, bool native = true, string application = "http/1.1")
    {
        (this.service, this.terms, board, time, this.application) = (service, terms, gateway?.Notices, gateway?.Time ?? TimeProvider.System, application);
        isNative = native && OpenSsl.IsThere;
        files = [.. new[] { terms.Ca, terms.Cert, terms.Key }.OfType<string>()];
        stamps = new FileStamps(files);
        if (terms.Cert is { } own && service.Length > 0) watch = new CertificateWatch($"service/{service}", own);
        Refresh();
    }

    /// <summary>The name that certificates must be for.</summary>
    public string Name => terms.ServerName;

    /// <summary>What is wrong with the files as they are now; null when nothing is.</summary>
    public string? Problem { get; private set; }

    /// <summary>There is something to connect with.</summary>
    public bool IsUsable => current is not null;

    /// <summary>Rises with each change of what new connections begin with.</summary>
    public int Generation => current?.Generation ?? 0;

    /// <summary>Has files that changed read, in the thread pool.</summary>
    public void Beat(long nowMs)
    {
        if (files.Length == 0 || nowMs - lookedAtMs < LookEveryMs || Interlocked.Exchange(ref isLooking, 1) != 0) return;
        lookedAtMs = nowMs;
        ThreadPool.UnsafeQueueUserWorkItem(
            static client =>
            {
                try
                {
                    client.Refresh();
                }
                finally
                {
                    Volatile.Write(ref client.isLooking, 0);
                }
            },
            this,
            preferLocal: false);
    }

    public PolicyReport? Report(long nowMs) => watch?.Look(current?.Own, Problem, time.GetUtcNow(), board);

    /// <summary>Reads the files if they have changed. Not on an event loop: it touches the disk.</summary>
    public void Refresh()
    {
        // Between two readings of one file it may have been replaced: what cannot be used is looked at again.
        if (!stamps.HaveChanged() && Problem is null) return;
        try
        {
            current = Read();
            Problem = null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            Problem = $"cluster '{service}': its TLS files cannot be used{(current is null ? "" : "; those before stay")}: {e.Message}";
        }
    }

    /// <summary>The secured wire, or null when the handshake failed; the wire below is then closed.</summary>
    /// <param name="wire">What is secured.</param>
    /// <param name="name">What the certificate must be for; null for <see cref="Name"/>.</param>
    /// <param name="asked">What is asked for (SNI); null for the same.</param>
    public async ValueTask<Wire?> ConnectAsync(Wire wire, string? name = null, string? asked = null)
    {
        name ??= Name;
        if (current is not { } now)
        {
            wire.Close();
            return null;
        }
        Wire secured;
        string? failure;
        if (now.Context is not null)
        {
            var native = OpenSslWire.Client(wire, now.Context, name, asked);
            failure = await native.HandshakeAsync();
            secured = native;
        }
        else
        {
            var managed = new SslStreamWire(wire);
            failure = await managed.ConnectAsync(OptionsFor(new SslApplicationProtocol(application), name, asked), CancellationToken.None);
            secured = managed;
        }
        if (failure is null) return secured;
        secured.Close();
        return null;
    }

    /// <summary>The same terms for the runtime's streams, as they are now.</summary>
    public SslClientAuthenticationOptions OptionsFor(SslApplicationProtocol application, string? name = null, string? asked = null)
    {
        var now = current;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = asked ?? name ?? Name,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [application],
            ClientCertificateContext = now?.Own?.Context,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (asked is not null)
        {
            options.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None && shown is X509Certificate2 certificate && certificate.MatchesHostname(name ?? Name);
        }
        if (now?.Authorities is not { } authorities) return options;
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

    private Loaded Read()
    {
        X509Certificate2Collection? authorities = null;
        if (terms.Ca is { } path)
        {
            authorities = [];
            authorities.ImportFromPemFile(path);
            if (authorities.Count == 0) throw new CryptographicException($"{path} holds no certificate");
        }
        var pair = terms is { Cert: { } certificate, Key: { } key } ? new CertificateModel(certificate, key) : null;
        var own = pair is null ? null : LoadedCertificate.Read(pair.Certificate, pair.Key);
        return new Loaded(authorities, own, isNative ? OpenSslContext.ForClient(terms.Ca, pair, application) : null, Generation + 1);
    }

    private sealed record Loaded(X509Certificate2Collection? Authorities, LoadedCertificate? Own, OpenSslContext? Context, int Generation);
}
