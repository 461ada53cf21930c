using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// One HTTP/2 stream as a wire that speaks HTTP/1.1: what is received is the request as a head with a body, what is sent is the response. It ends after
/// that one request.
/// </summary>
/// <remarks>
/// RST_STREAM from the client breaks the wire, and closing the wire with a reset sends one. A send is over when Kestrel has room for more, so
/// the client's flow control holds back the endpoint; a body that nobody receives fills the stream's window and holds back the client. Interim
/// responses (1xx) are not passed on: Kestrel has no way to send them.
/// </remarks>
internal sealed class StreamWire : Wire, IDisposable
{
    // Enough for a chunk's size line and its end.
    private const int ChunkExtra = 16;
    private const int InternalError = 2;
    private const int ProtocolError = 1;
    private readonly IFeatureCollection features;
    private readonly FrontConnection connection;
    private readonly ResponseHead head = LocalPool<ResponseHead>.Rent() ?? new ResponseHead();
    private readonly IHttpResponseBodyFeature response;
    private readonly CancellationTokenRegistration leaving;
    private byte[] pending = Buffers.Rent();
    private int pendingStart;
    private int pendingEnd;
    private byte[]? headSoFar;
    private PipeReader? body;
    private bool isChunked;
    private bool isReceived;
    private Framing framing;
    private ChunkReader chunks;
    private long left;
    private volatile bool isStopped;
    private volatile bool isBroken;
    private bool isClosed;
    private Action? leave;

    private enum Framing
    {
        Head,
        None,
        Length,
        Chunked,
        UntilClose,
        Done,
    }

    public StreamWire(IFeatureCollection features, FrontConnection connection)
    {
        this.features = features;
        this.connection = connection;
        response = features.Get<IHttpResponseBodyFeature>()!;
        leaving = features.Get<IHttpRequestLifetimeFeature>()!.RequestAborted.UnsafeRegister(static of => ((StreamWire)of!).Leave(), this);
    }

    public override IPEndPoint? Peer => connection.Peer;

    public override WireFacts? Facts => connection.Facts;

    public override int Lane => connection.Lane;

    public override bool IsReadable => false;

    public override bool IsEnded => isBroken;

    private bool IsHead { get; set; }

    /// <summary>Prepares the request's head. False when it is malformed; the stream is then reset (RFC 9113 §8.1.1).</summary>
    public bool TryBegin()
    {
        var request = features.Get<IHttpRequestFeature>()!;
        var hasBody = features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        isChunked = hasBody && request.Headers.ContentLength is null;
        IsHead = request.Method == "HEAD";
        var scheme = Facts is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        if (!request.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase) || StreamHead.Write(request, isChunked, ref pending) is not { } length)
        {
            Reset(ProtocolError);
            return false;
        }
        pendingEnd = length;
        if (hasBody) body = features.Get<IRequestBodyPipeFeature>()!.Reader;
        else isReceived = true;
        return true;
    }

    /// <summary>Registers what the client's leaving (RST_STREAM, or the connection's end) sets off; at once where it has left already.</summary>
    public void LeaveBy(Action action)
    {
        Volatile.Write(ref leave, action);
        if (isBroken) action();
    }

    /// <summary>Ends the stream as the response did: complete, or cut.</summary>
    public void Finish()
    {
        if (framing is not (Framing.Done or Framing.None or Framing.UntilClose) || (framing == Framing.None && isBroken)) Reset(InternalError);
    }

    public void Dispose()
    {
        leaving.Dispose();
        Buffers.Return(pending);
        pending = [];
        LocalPool<ResponseHead>.Return(head);
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        var written = TakePending(into.Span);
        if (written > 0 || into.IsEmpty) return written;
        if (isReceived || isStopped) return isBroken ? Broken : 0;
        try
        {
            while (true)
            {
                var read = await body!.ReadAsync();
                if (read.IsCanceled || isBroken)
                {
                    body.AdvanceTo(read.Buffer.Start);
                    return isBroken ? Broken : 0;
                }
                written = TakeBody(read, into.Span);
                if (written > 0) return written;
                if (!isReceived) continue;
                written = TakePending(into.Span);
                return written > 0 || !isBroken ? written : Broken;
            }
        }
        catch (Exception e) when (IsFailure(e))
        {
            isReceived = isBroken = true;
            return Broken;
        }
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (isBroken || isClosed) return Broken;
        try
        {
            var rest = bytes;
            var begins = framing == Framing.Head;
            while (framing == Framing.Head && !rest.IsEmpty) rest = TakeHead(rest);
            if (framing == Framing.Head) return bytes.Length;
            var written = TakeResponse(rest.Span);
            // What is complete leaves with the stream's end, in as few frames as possible.
            if (framing is Framing.Done or Framing.None) return bytes.Length;
            if (written > 0)
            {
                var flushed = await response.Writer.FlushAsync();
                if (flushed.IsCanceled || flushed.IsCompleted) isBroken = true;
            }
            else if (begins)
            {
                await response.StartAsync();
                await response.Writer.FlushAsync();
            }
            return isBroken ? Broken : bytes.Length;
        }
        catch (Exception e) when (IsFailure(e))
        {
            isBroken = true;
            return Broken;
        }
    }

    public override void EndSending() => StopReceiving();

    public override void StopReceiving()
    {
        // The response is over, or nothing more is wanted: what the client still sends stays unread, and Kestrel tells it so.
        isStopped = true;
        if (isReceived) return;
        try
        {
            body?.CancelPendingRead();
        }
        catch (Exception e) when (IsFailure(e))
        {
            // The stream is over, and with it what waited.
        }
    }

    public override void Close(bool reset = false)
    {
        isClosed = true;
        StopReceiving();
        if (reset && framing != Framing.Done) Reset(InternalError);
    }

    private void Leave()
    {
        isBroken = true;
        Volatile.Read(ref leave)?.Invoke();
    }

    private void Reset(int code)
    {
        isBroken = true;
        features.Get<IHttpResetFeature>()?.Reset(code);
    }

    private int TakePending(Span<byte> into)
    {
        var length = Math.Min(pendingEnd - pendingStart, into.Length);
        pending.AsSpan(pendingStart, length).CopyTo(into);
        pendingStart += length;
        return length;
    }

    /// <summary>Takes what fits of the body, as a chunk where its length is not known. May leave bytes pending.</summary>
    private int TakeBody(ReadResult read, Span<byte> into)
    {
        var available = read.Buffer;
        pendingStart = pendingEnd = 0;
        var isDirect = !isChunked || into.Length > 2 * ChunkExtra;
        var room = isDirect ? into : pending.AsSpan(0, 64);
        var data = (int)Math.Min(available.Length, isChunked ? room.Length - ChunkExtra : room.Length);
        var length = 0;
        if (data > 0)
        {
            if (isChunked)
            {
                System.Buffers.Text.Utf8Formatter.TryFormat(data, room, out length, new StandardFormat('x'));
                "\r\n"u8.CopyTo(room[length..]);
                length += 2;
            }
            available.Slice(0, data).CopyTo(room[length..]);
            length += data;
            if (isChunked)
            {
                "\r\n"u8.CopyTo(room[length..]);
                length += 2;
            }
        }
        if (!isDirect) pendingEnd = length;
        body!.AdvanceTo(available.GetPosition(data));
        if (read.IsCompleted && data == available.Length) EndBody();
        return isDirect ? length : TakePending(into);
    }

    private void EndBody()
    {
        isReceived = true;
        if (!isChunked) return;
        ReadOnlySpan<byte> lines = [];
        if (features.Get<IHttpRequestTrailersFeature>() is { Available: true, Trailers.Count: > 0 } trailers)
        {
            if (StreamHead.WriteTrailers(trailers.Trailers) is not { } written || written.Length > pending.Length - 128)
            {
                Reset(ProtocolError);
                return;
            }
            lines = written;
        }
        var into = pending.AsSpan(pendingEnd);
        "0\r\n"u8.CopyTo(into);
        lines.CopyTo(into[3..]);
        "\r\n"u8.CopyTo(into[(3 + lines.Length)..]);
        pendingEnd += lines.Length + 5;
    }

    /// <summary>Takes a response's head, and returns what is behind it.</summary>
    private ReadOnlyMemory<byte> TakeHead(ReadOnlyMemory<byte> bytes)
    {
        var before = headSoFar?.Length ?? 0;
        if (before > 0) bytes = (byte[])[.. headSoFar!, .. bytes.Span];
        else head.Reset();
        var status = head.Parse(bytes.Span, connection.Gateway.Limits);
        if (status == ParseStatus.Bad) throw new IOException("The response is malformed.");
        headSoFar = status == ParseStatus.Incomplete ? bytes.ToArray() : null;
        if (headSoFar is not null) return default;
        var rest = bytes[head.Length..];
        if (head.IsInterim) return rest;
        StreamHead.Take(head, bytes.Span, features.Get<IHttpResponseFeature>()!);
        left = Math.Max(head.ContentLength, 0);
        framing = IsHead || head.Status is 204 or 304 || head.ContentLength == 0 ? Framing.None
            : head.Chunked ? Framing.Chunked
            : head.ContentLength > 0 ? Framing.Length
            : Framing.UntilClose;
        return rest;
    }

    /// <summary>Gives a piece of the response's body to Kestrel. Returns the bytes given.</summary>
    private int TakeResponse(ReadOnlySpan<byte> bytes)
    {
        switch (framing)
        {
            case Framing.Length:
                var run = (int)Math.Min(left, bytes.Length);
                ChunkReader.Write(response.Writer, bytes[..run]);
                left -= run;
                if (left == 0) framing = Framing.Done;
                return run;
            case Framing.Chunked:
                var data = chunks.Take(bytes, response.Writer);
                if (!chunks.IsDone) return data;
                framing = Framing.Done;
                if (!chunks.Trailers.IsEmpty && features.Get<IHttpResponseTrailersFeature>()?.Trailers is { } trailers) StreamHead.TakeTrailers(chunks.Trailers, trailers);
                return data;
            case Framing.UntilClose:
                ChunkReader.Write(response.Writer, bytes);
                return bytes.Length;
            default:
                return 0;
        }
    }

    private static bool IsFailure(Exception e) =>
        e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or BadHttpRequestException;
}
