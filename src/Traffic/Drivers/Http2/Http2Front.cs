using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// HTTP/2 from clients: Kestrel terminates the frames, and each stream becomes a wire on which an ordinary <see cref="ClientConnection"/>
/// serves one request. So every station sees HTTP/1.1 and is written once.
/// </summary>
/// <remarks>
/// Bounds: streams per connection <see cref="StreamsPerConnection"/>; a head as large as HTTP/1.1's; HPACK's table 4 KiB; received and unread at most
/// <see cref="StreamWindow"/> per stream and <see cref="ConnectionWindow"/> per connection; streams that are reset faster than they end close the
/// connection (Kestrel counts them). Times are the path's own.
/// </remarks>
internal sealed class Http2Front : IConnectionListenerFactory, IHttpApplication<IFeatureCollection>, IAsyncDisposable
{
    public const int StreamsPerConnection = 128;
    public const int StreamWindow = 256 * 1024;
    public const int ConnectionWindow = 1024 * 1024;

    private readonly Channel<ConnectionContext> arrivals = Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<FrontConnection, bool> open = [];
    private readonly KestrelServer server;
    private readonly Lazy<Task> starting;
    private long numbers;

    public Http2Front(PathLimits limits)
    {
        server = new KestrelServer(Options.Create(OptionsOf(limits)), this, NullLoggerFactory.Instance);
        starting = new Lazy<Task>(() => server.StartAsync(this, CancellationToken.None));
    }

    /// <summary>RFC 9113 §3.4: whether a connection begins as HTTP/2 with prior knowledge does.</summary>
    public static bool IsPreface(ReadOnlySpan<byte> received) => received.StartsWith("PRI * HTTP/2.0\r\n"u8);

    /// <summary>Serves a connection until it is over.</summary>
    public async Task ServeAsync(Gateway gateway, Listener listener, Wire wire)
    {
        await starting.Value;
        var connection = new FrontConnection(gateway, listener, wire, Interlocked.Increment(ref numbers));
        open[connection] = true;
        if (!arrivals.Writer.TryWrite(connection)) await connection.DisposeAsync();
        await connection.Done;
        open.TryRemove(connection, out _);
    }

    /// <summary>Says GOAWAY on every connection.</summary>
    public void Retire()
    {
        foreach (var connection in open.Keys) connection.Retire();
    }

    public async ValueTask DisposeAsync()
    {
        arrivals.Writer.TryComplete();
        if (!starting.IsValueCreated) return;
        // Whatever is still open was waited for already.
        await server.StopAsync(new CancellationToken(canceled: true));
        server.Dispose();
    }

    ValueTask<IConnectionListener> IConnectionListenerFactory.BindAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        new(new Door(endpoint, arrivals));

    IFeatureCollection IHttpApplication<IFeatureCollection>.CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    async Task IHttpApplication<IFeatureCollection>.ProcessRequestAsync(IFeatureCollection context)
    {
        var connection = context.Get<FrontConnection>()!;
        using var wire = new StreamWire(context, connection);
        // A connection that began just as the drain did is told with its first stream, which is served.
        if (connection.Gateway.IsDraining) connection.Retire();
        if (wire.TryBegin()) await connection.Listener.ServeStreamAsync(wire, wire.LeaveBy);
        wire.Finish();
    }

    void IHttpApplication<IFeatureCollection>.DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    private static KestrelServerOptions OptionsOf(PathLimits limits)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            AllowSynchronousIO = false,
            AllowResponseHeaderCompression = true,
            // Kestrel does not know of the TLS below it; a stream's scheme is checked where its head is written.
            AllowAlternateSchemes = true,
            // Bytes as they are: the path checks them.
            RequestHeaderEncodingSelector = static _ => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static _ => Encoding.Latin1,
        };
        options.Limits.MaxRequestHeaderCount = limits.Headers;
        options.Limits.MaxRequestHeadersTotalSize = limits.HeadBytes;
        options.Limits.MaxRequestLineSize = limits.StartLineBytes;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxConcurrentConnections = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.KeepAliveTimeout = limits.KeepAlive;
        options.Limits.RequestHeadersTimeout = limits.HeadRead;
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.HeaderTableSize = 4096;
        options.Limits.Http2.MaxFrameSize = 16 * 1024;
        options.Limits.Http2.MaxRequestHeaderFieldSize = limits.HeadBytes;
        options.Limits.Http2.InitialStreamWindowSize = StreamWindow;
        options.Limits.Http2.InitialConnectionWindowSize = ConnectionWindow;
        options.Listen(new FrontEndPoint(), listen => listen.Protocols = HttpProtocols.Http2);
        return options;
    }

    private sealed class FrontEndPoint : EndPoint
    {
        public override string ToString() => "front";
    }

    private sealed class Door(EndPoint at, Channel<ConnectionContext> arrivals) : IConnectionListener
    {
        public EndPoint EndPoint => at;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                return await arrivals.Reader.ReadAsync(cancellationToken);
            }
            catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
            {
                return null;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            arrivals.Writer.TryComplete();
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
