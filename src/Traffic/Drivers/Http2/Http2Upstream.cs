using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// One endpoint reached over HTTP/2: a multiplexed connection (further ones when its streams are used up) by the runtime's client, and a wire of
/// its own for each request.
/// </summary>
internal sealed class Http2Upstream : IDisposable
{
    private readonly ITransport transport;
    private readonly IPEndPoint address;
    private readonly HttpMessageInvoker client;
    private readonly Uri origin;
    private readonly bool keepsHost;
    private Wire? ready;
    private int connections;

    /// <param name="transport">Connects.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="tls">How it is secured; null for prior knowledge without TLS.</param>
    /// <param name="limits">The path's bounds.</param>
    public Http2Upstream(ITransport transport, IPEndPoint address, TlsClient? tls, PathLimits limits)
    {
        this.transport = transport;
        this.address = address;
        // Over TLS the runtime's client takes the name to ask for and to check from the request's own host, so that must be the endpoint's; what the
        // client asked for is in X-Forwarded-Host.
        keepsHost = tls is null;
        origin = new Uri(tls is null ? $"http://{address}" : $"https://{tls.Name}:{address.Port}");
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            InitialHttp2StreamWindowSize = Http2Connection.StreamWindow,
            MaxResponseHeadersLength = Math.Max(limits.HeadBytes / 1024, 1),
            PooledConnectionIdleTimeout = limits.UpstreamIdle,
            // Waiting is bounded by the path.
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            RequestHeaderEncodingSelector = static (_, _) => System.Text.Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => System.Text.Encoding.Latin1,
            ConnectCallback = ConnectAsync,
        };
        if (tls is not null) handler.SslOptions = tls.OptionsFor(SslApplicationProtocol.Http2);
        client = new HttpMessageInvoker(handler);
    }

    /// <summary>A wire for one request; null when the endpoint cannot be connected to.</summary>
    public async ValueTask<Wire?> OpenAsync(ConnectAttempt attempt)
    {
        // The first connection is made here, where its failure is still one of connecting.
        if (Volatile.Read(ref connections) == 0 && Volatile.Read(ref ready) is null)
        {
            var wire = await transport.ConnectAsync(address, attempt);
            if (wire is null) return null;
            if (Interlocked.CompareExchange(ref ready, wire, null) is not null) wire.Close();
        }
        return new RequestWire(client, origin, keepsHost, address);
    }

    public void Dispose()
    {
        client.Dispose();
        Interlocked.Exchange(ref ready, null)?.Close();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var attempt = new ConnectAttempt();
        await using var giveUp = stop.UnsafeRegister(static of => ((ConnectAttempt)of!).GiveUp(), attempt);
        var wire = Interlocked.Exchange(ref ready, null) ?? await transport.ConnectAsync(address, attempt)
            ?? throw new IOException("The endpoint cannot be connected to.");
        Interlocked.Increment(ref connections);
        return new WireStream(wire, () => Interlocked.Decrement(ref connections));
    }
}
