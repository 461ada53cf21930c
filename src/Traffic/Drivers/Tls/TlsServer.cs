using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Tls;

/// <summary>
/// The server's side of TLS for one listener's terms: certificates chosen by SNI (exact name, then wildcard, then the first), ALPN,
/// versions, client certificates. Certificates are exchanged while it runs; connections keep what they began with.
/// </summary>
internal sealed class TlsServer
{
    private static readonly List<SslApplicationProtocol> Applications = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
    private readonly TlsModel model;
    private readonly bool isNative;
    private readonly CertificateFiles[] files;
    private readonly GCHandle self;
    private volatile Offer[] offers = [];
    private X509Certificate2Collection? authorities;
    private readonly FileStamps? authoritiesStamps;
    private string? authoritiesProblem;
    private string? refused;
    private int underWay;
    private long failures;
    private long turnedAway;
    private long toldOf;
    private bool isCutting;

    /// <param name="model">The terms.</param>
    /// <param name="native">By OpenSSL itself where it is there (default), else by the runtime's streams.</param>
    public TlsServer(TlsModel model, bool native = true)
    {
        this.model = model;
        isNative = native && OpenSsl.IsThere;
        self = GCHandle.Alloc(this, GCHandleType.Weak);
        files = [.. model.Certificates.Select(pair => new CertificateFiles(pair.Certificate, pair.Key))];
        if (model.ClientAuthority is { } authority) authoritiesStamps = new FileStamps(authority);
        Refresh();
    }

    ~TlsServer() => self.Free();

    /// <summary>Handshakes that failed.</summary>
    public long Failures => Volatile.Read(ref failures);

    /// <summary>From a connection's start to the end of its handshake; null for the path's own limit.</summary>
    public TimeSpan? Time => model.HandshakeTime;

    /// <summary>What is wrong with the files as they are now.</summary>
    public IEnumerable<string> Problems => files.Select(one => one.Problem).Append(authoritiesProblem).Append(refused).OfType<string>();

    /// <summary>How its certificates stand; tells of those that end.</summary>
    public IEnumerable<PolicyReport> Reports(DateTimeOffset now, NoticeBoard board) =>
        files.Select(one => one.Watch.Look(one.Current, one.Problem, now, board)).Append(ReportHandshakes(board));

    /// <summary>Reads files that have changed. Not on an event loop: it touches the disk.</summary>
    public void Refresh()
    {
        var changed = RefreshAuthorities();
        foreach (var one in files) changed |= one.Refresh();
        if (!changed && refused is null) return;
        try
        {
            offers = [.. files.Where(one => one.Current is not null).Select(one => OfferOf(one, one.Current!))];
            refused = null;
        }
        catch (CryptographicException e)
        {
            // Between our two readings a file changed again; the next look settles it.
            refused = $"the certificates cannot be used yet: {e.Message}";
        }
    }

    /// <summary>The secured wire, or null when the handshake failed; the wire below is then closed.</summary>
    /// <remarks>Its time is bounded by whoever closes the wire below.</remarks>
    public async Task<Wire?> AcceptAsync(Wire wire, CancellationToken stop)
    {
        try
        {
            if (Interlocked.Increment(ref underWay) <= model.MostHandshakes) return await ShakeHandsAsync(wire, stop);
            Interlocked.Increment(ref turnedAway);
            wire.Close(reset: true);
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref underWay);
        }
    }

    private async Task<Wire?> ShakeHandsAsync(Wire wire, CancellationToken stop)
    {
        var all = offers;
        if (all.Length == 0)
        {
            Interlocked.Increment(ref failures);
            wire.Close(reset: true);
            return null;
        }
        Wire secured;
        string? failure;
        if (all[0].Context is { } context)
        {
            var native = OpenSslWire.Server(wire, context);
            failure = await native.HandshakeAsync();
            secured = native;
        }
        else
        {
            var managed = new SslStreamWire(wire);
            failure = await managed.AcceptAsync((_, hello, _, _) => new(Find(all, hello.ServerName).Options!), stop);
            secured = managed;
        }
        // The library's callback finds this server only as long as something holds it.
        GC.KeepAlive(this);
        if (failure is null) return secured;
        Interlocked.Increment(ref failures);
        secured.Close();
        return null;
    }

    /// <summary>The context whose certificate is for a name.</summary>
    internal OpenSslContext? ContextFor(string name) => offers is { Length: > 0 } all ? Find(all, name).Context : null;

    /// <summary>How the handshakes stand; tells once when they begin to be turned away.</summary>
    private PolicyReport ReportHandshakes(NoticeBoard board)
    {
        const string About = "gateway/gateway";
        var (now, away) = (Volatile.Read(ref underWay), Volatile.Read(ref turnedAway));
        var isNew = away > toldOf;
        var why = isNew ? $"{away - toldOf} connections were cut within a second: {model.MostHandshakes} handshakes were under way" : "";
        if (isNew && !isCutting) board.Add(About, "HandshakesCut", why);
        (toldOf, isCutting) = (away, isNew);
        return new PolicyReport(About, "handshakes", "tls", isNew ? "full" : "ready", why, new Dictionary<string, double>
        {
            ["underWay"] = now, ["most"] = model.MostHandshakes, ["failed"] = Failures, ["cut"] = away,
        });
    }

    private static Offer Find(Offer[] all, string name)
    {
        var lower = name.ToLowerInvariant();
        foreach (var offer in all)
        {
            if (offer.Certificate.Covers(lower)) return offer;
        }
        return all[0];
    }

    private Offer OfferOf(CertificateFiles pair, LoadedCertificate certificate)
    {
        if (isNative)
        {
            var context = OpenSslContext.ForServer(model, pair.CertificateFile, pair.KeyFile);
            context.ChooseBy(self);
            return new Offer(certificate, context, null);
        }
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            EnabledSslProtocols = model.Minimum == TlsModel.Tls13 ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = model.Application is { } only ? [new SslApplicationProtocol(only)] : Applications,
            AllowRenegotiation = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (model.ClientAuthority is not null)
        {
            options.ClientCertificateRequired = true;
            options.RemoteCertificateValidationCallback = (_, shown, _, _) => IsWelcome(shown as X509Certificate2);
        }
        return new Offer(certificate, null, options);
    }

    private bool IsWelcome(X509Certificate2? shown)
    {
        if (shown is null) return !model.RequireClient;
        if (authorities is not { Count: > 0 } trusted) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        // RFC 5280 §4.2.1.12: TLS client authentication.
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return chain.Build(shown);
    }

    private bool RefreshAuthorities()
    {
        if (model.ClientAuthority is not { } path || authoritiesStamps?.HaveChanged() != true) return false;
        try
        {
            var read = new X509Certificate2Collection();
            read.ImportFromPemFile(path);
            if (read.Count == 0) throw new CryptographicException("it holds no certificate");
            authorities = read;
            authoritiesProblem = null;
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            authoritiesProblem = $"client authority {path} cannot be used{(authorities is null ? "" : "; the one before stays")}: {e.Message}";
            return false;
        }
    }

    private sealed record Offer(LoadedCertificate Certificate, OpenSslContext? Context, SslServerAuthenticationOptions? Options);
}
