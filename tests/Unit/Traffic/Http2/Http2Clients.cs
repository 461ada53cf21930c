using System.Net;
using System.Net.Security;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>The runtime's HTTP/2 client, on one connection.</summary>
static class Http2Clients
{
    public static HttpClient New() => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null },
        UseProxy = false,
    })
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = RawPeer.Patience,
    };

    /// <summary>The same, where the test opens the connections.</summary>
    public static HttpClient Through(Func<DnsEndPoint, CancellationToken, ValueTask<Stream>> open) => new(new SocketsHttpHandler
    {
        ConnectCallback = (context, stop) => open(context.DnsEndPoint, stop),
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, shown, _, _) => shown is not null },
        UseProxy = false,
    })
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = RawPeer.Patience,
    };
}

/// <summary>A request's body that a test writes piece by piece.</summary>
sealed class LiveContent : HttpContent
{
    readonly TaskCompletionSource<Stream> stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task WriteAsync(byte[] bytes)
    {
        var into = await stream.Task;
        await into.WriteAsync(bytes);
        await into.FlushAsync();
    }

    public void End() => done.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // The runtime's client keeps a request's head until something is flushed.
        await stream.FlushAsync();
        this.stream.SetResult(stream);
        await done.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
