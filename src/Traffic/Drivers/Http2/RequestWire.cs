using System.Net.Sockets;
using System.Buffers;
using System.Net;
using System.Text;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// One request to an HTTP/2 endpoint as a wire that speaks HTTP/1.1: what is sent is the request as a head with a body, what is received is the
/// response, closed after it. Both bodies stream, also at the same time.
/// </summary>
/// <remarks>
/// A send is over when the endpoint's flow control has room, so it holds back the client. Closing the wire resets the stream (CANCEL). The runtime's
/// client sends no trailers and hands out no interim responses: neither passes on this way.
/// </remarks>
#pragma warning disable CA1001 // Closed by Close, as every wire is.
internal sealed class RequestWire(HttpMessageInvoker client, Uri origin, bool keepsHost, IPEndPoint address) : Wire
#pragma warning restore CA1001
{
    private const int ChunkExtra = 16;
    private readonly CancellationTokenSource closing = new();
    private readonly RequestHead head = new();
    private RequestContent? content;
    private Task<HttpResponseMessage>? answering;
    private HttpResponseMessage? response;
    private Stream? body;
    private ReadOnlyMemory<byte> pending;
    private byte[]? headSoFar;
    private bool isChunked;
    private bool hasNoBody;
    private bool isEnded;
    private int closed;

    public override IPEndPoint? Peer => address;

    public override bool IsReadable => false;

    public override bool IsEnded => false;

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var rest = bytes;
            if (answering is null)
            {
                rest = Begin(bytes);
                if (answering is null) return bytes.Length;
            }
            if (content is not null && !await content.GiveAsync(rest, head.Chunked, closing.Token)) return Broken;
            return bytes.Length;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Broken;
        }
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        try
        {
            if (response is null)
            {
                if (answering is null) return Broken;
                response = await answering;
                pending = WriteHead(response);
                if (!hasNoBody) body = await response.Content.ReadAsStreamAsync(closing.Token);
            }
            if (pending.IsEmpty)
            {
                if (isEnded || hasNoBody) return 0;
                var read = await ReadBodyAsync(into);
                if (read > 0) return read;
            }
            var length = Math.Min(pending.Length, into.Length);
            pending[..length].CopyTo(into);
            pending = pending[length..];
            return length;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return Broken;
        }
    }

    public override void EndSending() => content?.End();

    public override void StopReceiving() => Close();

    public override void Close(bool reset = false)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0) return;
        closing.Cancel();
        content?.Fail();
        _ = DisposeAsync();
    }

    private async Task DisposeAsync()
    {
        try
        {
            if (answering is not null) (await answering).Dispose();
        }
        catch (Exception e) when (IsFailure(e))
        {
            // It was given up, which is why we are here.
        }
    }

    /// <summary>Sends the request once its head is whole. Returns what is behind the head.</summary>
    private ReadOnlyMemory<byte> Begin(ReadOnlyMemory<byte> bytes)
    {
        if (headSoFar is not null) bytes = (byte[])[.. headSoFar, .. bytes.Span];
        else head.Reset();
        var status = head.Parse(bytes.Span, Limits);
        if (status == ParseStatus.Bad) throw new IOException("The request is malformed.");
        headSoFar = status == ParseStatus.Incomplete ? bytes.ToArray() : null;
        if (headSoFar is not null) return default;
        var request = Read(bytes.Span);
        answering = client.SendAsync(request, closing.Token);
        return bytes[head.Length..];
    }

    private HttpRequestMessage Read(ReadOnlySpan<byte> bytes)
    {
        var method = Encoding.ASCII.GetString(head.Method.Of(bytes));
        var target = Encoding.ASCII.GetString(head.Target.Of(bytes));
        var uri = new Uri($"{origin.Scheme}://{origin.Authority}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(new HttpMethod(method), uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (head.HasBody) request.Content = content = new RequestContent(head.ContentLength);
        for (var start = head.StartLineLength; start < head.Length - 2;)
        {
            var line = new Piece(start, bytes[start..].IndexOf((byte)'\n') - 1);
            start += line.Length + 2;
            MessageHead.Split(bytes, line, out var name, out var value);
            var known = HeaderNames.Of(name.Of(bytes));
            if (known is HeaderName.Connection or HeaderName.TransferEncoding or HeaderName.ContentLength or HeaderName.Upgrade or HeaderName.Expect) continue;
            var (key, text) = (Encoding.ASCII.GetString(name.Of(bytes)), Encoding.Latin1.GetString(value.Of(bytes)));
            if (known == HeaderName.Host) request.Headers.Host = keepsHost ? text : null;
            else if (!request.Headers.TryAddWithoutValidation(key, text)) request.Content?.Headers.TryAddWithoutValidation(key, text);
        }
        // RFC 9110 §10.1.4: we pass trailers on, whatever the client said; gRPC servers insist on it.
        request.Headers.TryAddWithoutValidation("TE", "trailers");
        return request;
    }

    private byte[] WriteHead(HttpResponseMessage from)
    {
        var status = (int)from.StatusCode;
        var text = new StringBuilder().Append("HTTP/1.1 ").Append(status).Append(" \r\nConnection: close\r\n");
        var length = from.Content.Headers.ContentLength;
        hasNoBody = head.IsHead || status is 204 or 304;
        isChunked = !hasNoBody && length is null;
        foreach (var (name, values) in from.Headers.NonValidated) Add(text, name, values);
        foreach (var (name, values) in from.Content.Headers.NonValidated) Add(text, name, values);
        if (isChunked) text.Append("Transfer-Encoding: chunked\r\n");
        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    private static void Add(StringBuilder text, string name, System.Net.Http.Headers.HeaderStringValues values)
    {
        foreach (var value in values)
        {
            // A line end inside of a value would be two lines here.
            if (value.AsSpan().ContainsAny('\r', '\n', '\0')) throw new IOException("The response is malformed.");
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }
    }

    /// <summary>A piece of the body; 0 when it is over and only what is pending is left.</summary>
    private async ValueTask<int> ReadBodyAsync(Memory<byte> into)
    {
        if (!isChunked)
        {
            var plain = await body!.ReadAsync(into, closing.Token);
            isEnded = plain == 0;
            return plain;
        }
        if (into.Length <= 2 * ChunkExtra)
        {
            // Too little room for a chunk: it goes by way of what is pending.
            var aside = new byte[256];
            var some = await ReadChunkAsync(aside);
            if (some > 0) pending = aside.AsMemory(0, some);
            return 0;
        }
        return await ReadChunkAsync(into);
    }

    private async ValueTask<int> ReadChunkAsync(Memory<byte> into)
    {
        // The size is written with leading zeros, so that its place is known before it is.
        const int Digits = 6;
        var got = await body!.ReadAsync(into[(Digits + 2)..^2], closing.Token);
        if (got == 0)
        {
            isEnded = true;
            var text = new StringBuilder("0\r\n");
            foreach (var (name, values) in response!.TrailingHeaders.NonValidated) Add(text, name, values);
            pending = Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
            return 0;
        }
        System.Buffers.Text.Utf8Formatter.TryFormat(got, into.Span, out _, new StandardFormat('x', Digits));
        "\r\n"u8.CopyTo(into.Span[Digits..]);
        "\r\n"u8.CopyTo(into.Span[(Digits + 2 + got)..]);
        return Digits + 4 + got;
    }

    private static readonly PathLimits Limits = new() { HeadBytes = 128 * 1024, StartLineBytes = 64 * 1024, Headers = 1000 };

    internal static bool IsFailure(Exception e) =>
        e is HttpRequestException or SocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or NotSupportedException;
}
