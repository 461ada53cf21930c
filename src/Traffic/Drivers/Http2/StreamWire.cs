using System.Buffers;
using System.Buffers.Text;
using System.Net;
using Mainstay.Traffic.Drivers.Epoll;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>
/// The streams of an HTTP/2 connection, one after the other, as a wire that speaks HTTP/1.1: what is received is a request as a head with a body, what
/// is sent is its response. Between two streams it waits, as a kept connection does.
/// </summary>
/// <remarks>
/// RST_STREAM from the client breaks the wire, and closing the wire with a reset sends one. A send is over when the frames are put, so the client's
/// flow control holds back the endpoint; a body that nobody receives fills the stream's window and holds back the client. A wire whose stream did not
/// end well ends with it. All state belongs to the connection's lock; flows go on outside of it.
/// </remarks>
internal sealed class StreamWire : Wire, IResumable
{
    // Enough for a chunk's size line and its end.
    private const int ChunkExtra = 16;
    private const int NotYet = -2;
    private readonly Http2Connection connection;
    private readonly Lock gate;
    private readonly Waiter receiving = new();
    private readonly Waiter sending = new();
    private readonly ResponseFrames frames;
    private BodyBuffer body = new();

    // The request's head, and later what ends its chunks.
    private byte[] text = [];
    private int textStart;
    private int textEnd;
    private Memory<byte> into;
    private ReadOnlyMemory<byte> outgoing;
    private int outgoingLength;
    private long expected;
    private int taken;
    private bool isChunked;
    private bool isTunnel;
    private bool isReceiving;
    private bool isSending;
    private bool isIdle;
    private bool isFresh;
    private bool isStopped;
    private bool isBroken;
    private bool isClosed;
    private bool isPoisoned;
    private bool endsIdle;
    private bool hasStream;
    private bool hasEnding;
    private byte[]? trailers;
    private Action? leave;

    public StreamWire(Http2Connection connection)
    {
        this.connection = connection;
        gate = connection.Gate;
        frames = new ResponseFrames(connection.Out, connection.Limits);
        Action = Execute;
    }

    public Action Action { get; }

    /// <summary>The stream's number.</summary>
    public int Id { get; private set; }

    /// <summary>The client has ended its direction.</summary>
    public bool IsRequestEnded { get; private set; }

    /// <summary>The flow is done with the stream, or it broke.</summary>
    public bool IsGone => !hasStream || isBroken;

    /// <summary>What we may still send.</summary>
    public long SendWindow
    {
        get => frames.Window;
        set => frames.Window = value;
    }

    /// <summary>What the client may still send.</summary>
    public int ReceiveWindow { get; set; }

    public override IPEndPoint? Peer => connection.Peer;

    public override WireFacts? Facts => connection.Facts;

    public override int Lane => connection.Lane;

    public override bool WaitsWithoutBuffer => true;

    public override bool IsReadable => false;

    public override bool IsEnded => isBroken;

    private Outlet Out => connection.Out;

    /// <summary>Registers what the client's leaving sets off.</summary>
    public void LeaveBy(Action action) => leave = action;

    /// <summary>Begins a stream. Under the lock.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="head">Its head as text; belongs to the wire from here on.</param>
    /// <param name="length">The text's length.</param>
    /// <param name="contentLength">What it declares; -1 for nothing.</param>
    /// <param name="ends">No body follows.</param>
    /// <param name="webSocketKey">Of a request to speak WebSocket; empty for any other.</param>
    public void Begin(int id, byte[] head, int length, long contentLength, bool ends, byte[] webSocketKey)
    {
        Id = id;
        (text, textStart, textEnd) = (head, 0, length);
        IsRequestEnded = ends;
        expected = contentLength;
        isTunnel = webSocketKey.Length > 0;
        isChunked = contentLength < 0 && !ends && !isTunnel;
        frames.Begin(id, isHead: head.AsSpan(0, length).StartsWith("HEAD "u8), webSocketKey);
        ReceiveWindow = Http2Connection.StreamWindow;
        taken = 0;
        isFresh = hasStream = true;
        isIdle = isStopped = hasEnding = false;
    }

    /// <summary>Lets the flow go on that waited for a stream.</summary>
    public void Start() => receiving.Complete(0);

    /// <summary>A piece of the body arrived. False where it was not declared. Under the lock.</summary>
    public bool Arrive(ReadOnlySpan<byte> data)
    {
        if (expected >= 0 && (expected -= data.Length) < 0) return false;
        if (isStopped || isClosed) connection.Credit(data.Length);
        else body.Add(data);
        return true;
    }

    /// <summary>The request is whole, with these trailer lines. False where less came than was declared. Under the lock.</summary>
    public bool EndRequest(ReadOnlySpan<byte> lines)
    {
        if (expected > 0) return false;
        IsRequestEnded = true;
        // Behind a declared length HTTP/1.1 has no place for trailers.
        if (isChunked && !lines.IsEmpty) trailers = lines.ToArray();
        if (frames.IsDone) connection.Closed(this);
        return true;
    }

    /// <summary>So many bytes that count arrived and were taken. Under the lock.</summary>
    public void Credit(int bytes)
    {
        connection.Credit(bytes);
        if (IsRequestEnded || isBroken || isClosed) return;
        taken += bytes;
        if (taken < Http2Connection.StreamWindow / 2) return;
        Out.Pending.WindowUpdate(Id, taken);
        ReceiveWindow += taken;
        taken = 0;
        Out.Schedule();
    }

    /// <summary>What a waiting receive gets now. True where it got something, which <see cref="CompleteReceive"/> tells it. Under the lock.</summary>
    public bool TryWake(out int received)
    {
        received = NotYet;
        if (!isReceiving) return false;
        received = TryReceive(into.Span);
        if (received == NotYet) return false;
        isReceiving = false;
        into = default;
        return true;
    }

    public void CompleteReceive(int received) => receiving.Complete(received);

    public void CompleteSend() => sending.Complete(frames.HasFailed || isBroken || isClosed ? Broken : outgoingLength);

    /// <summary>The stream is over before its time: by the client, by its fault, or with the connection. Under the lock.</summary>
    public void Break()
    {
        isBroken = isPoisoned = true;
        DropBody();
    }

    /// <summary>Tells the flow that the stream broke. Not under the lock.</summary>
    public void Left()
    {
        leave?.Invoke();
        Execute();
    }

    /// <summary>The wire's flow has ended.</summary>
    public void Gone() => connection.Gone();

    /// <summary>The connection is over: one that waits for a stream ends. Under the lock; to be run afterwards.</summary>
    public void Retire()
    {
        isPoisoned = true;
        if (!isIdle) return;
        isIdle = false;
        endsIdle = true;
        connection.Soon(this);
    }

    public override ValueTask<int> ReadableAsync()
    {
        lock (gate)
        {
            if (!isFresh)
            {
                Finish(isComplete: frames.IsDone);
                if (isPoisoned || isClosed || connection.IsOver) return new ValueTask<int>(Broken);
                isIdle = true;
                connection.Idle(this);
                return receiving.Begin();
            }
            return new ValueTask<int>(0);
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        lock (gate)
        {
            var received = TryReceive(buffer.Span);
            if (received != NotYet) return new ValueTask<int>(received);
            into = buffer;
            isReceiving = true;
            return receiving.Begin();
        }
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (gate)
        {
            if (isBroken || isClosed || frames.HasFailed || !hasStream) return new ValueTask<int>(Broken);
            outgoing = bytes;
            outgoingLength = bytes.Length;
            var isDone = PutMore();
            Out.Schedule();
            if (isDone) return new ValueTask<int>(frames.HasFailed ? Broken : outgoingLength);
            isSending = true;
            Out.Block(this);
            return sending.Begin();
        }
    }

    /// <summary>Puts as much as there is room for. True when the send is over. Under the lock.</summary>
    public bool PutMore()
    {
        if (frames.HasFailed || isBroken || isClosed) return EndSend();
        var wasDone = frames.IsDone;
        var isOver = frames.Put(ref outgoing);
        if (frames.IsDone && !wasDone && IsRequestEnded) connection.Closed(this);
        return isOver && EndSend();
    }

    public override void EndSending()
    {
        if (!frames.IsTunnel)
        {
            StopReceiving();
            return;
        }
        lock (gate)
        {
            if (isBroken || isClosed || !hasStream || !frames.TryEnd()) return;
            Out.Schedule();
            if (IsRequestEnded) connection.Closed(this);
        }
    }

    public override void StopReceiving()
    {
        lock (gate)
        {
            if (isIdle)
            {
                connection.Forget(this);
                Retire();
                return;
            }
            // It was about to be given up while it waited for a stream, but then one came.
            if (isFresh) return;
            isStopped = true;
            DropBody();
            if (isReceiving) connection.Soon(this);
        }
    }

    public override void GoOn(IResumable what) => connection.GoOn(what);

    public override void Soon(IResumable what) => connection.Soon(what);

    public override void Close(bool reset = false)
    {
        lock (gate)
        {
            if (isClosed) return;
            isClosed = isPoisoned = true;
            if (isIdle)
            {
                connection.Forget(this);
                Retire();
            }
            if (!reset && !isBroken && hasStream && frames.TryEnd())
            {
                Out.Schedule();
                if (IsRequestEnded) connection.Closed(this);
            }
            Finish(isComplete: frames.IsDone);
            if (isReceiving || isSending) connection.Soon(this);
        }
    }

    /// <summary>Completes what waits and can not go on any more.</summary>
    public void Execute()
    {
        var received = NotYet;
        var isSent = false;
        lock (gate)
        {
            if (endsIdle) received = Broken;
            else TryWake(out received);
            endsIdle = false;
            if (isSending && (isBroken || isClosed))
            {
                Out.Unblock(this);
                isSent = EndSend();
            }
        }
        if (isSent) CompleteSend();
        if (received != NotYet) receiving.Complete(received);
    }

    private bool EndSend()
    {
        isSending = false;
        outgoing = default;
        return true;
    }

    /// <summary>The flow is done with the stream. What is not complete is reset, and so is a request that nobody wants the rest of (RFC 9113 §8.1).</summary>
    private void Finish(bool isComplete)
    {
        if (!hasStream) return;
        hasStream = false;
        if (!isBroken && !(isComplete && IsRequestEnded))
        {
            isPoisoned = true;
            connection.ResetByUs(this, isComplete ? Http2Error.None : Http2Error.Internal);
        }
        DropBody();
        ReturnText();
        trailers = null;
        frames.End();
        connection.Finished(this);
    }

    private void DropBody()
    {
        if (body.Count > 0) connection.Credit(body.Count);
        body.Clear();
    }

    private void ReturnText()
    {
        if (text.Length > 0) Buffers.Return(text);
        text = [];
        textStart = textEnd = 0;
    }

    private int TryReceive(Span<byte> buffer)
    {
        if (isBroken || isClosed) return Broken;
        isFresh = false;
        var length = TakeText(buffer);
        if (textStart < textEnd || buffer.IsEmpty) return length;
        if (isStopped) return length;
        // Of a WebSocket nothing is taken before it has begun: it would be read as another request where it does not begin.
        if (body.Count > 0 && (!isTunnel || frames.IsTunnel)) length += TakeBody(buffer[length..], mayGoAside: length == 0);
        if (IsRequestEnded && isChunked && !hasEnding && body.Count == 0 && textStart == textEnd)
        {
            PutEnding();
            length += TakeText(buffer[length..]);
        }
        return length > 0 || (IsRequestEnded && body.Count == 0) ? length : NotYet;
    }

    private int TakeText(Span<byte> buffer)
    {
        var length = Math.Min(textEnd - textStart, buffer.Length);
        text.AsSpan(textStart, length).CopyTo(buffer);
        textStart += length;
        if (textStart == textEnd) ReturnText();
        return length;
    }

    /// <summary>Takes what fits of the body, as a chunk where its length was not declared.</summary>
    private int TakeBody(Span<byte> buffer, bool mayGoAside)
    {
        int length;
        if (!isChunked)
        {
            length = body.Take(buffer);
            Credit(length);
            return length;
        }
        if (buffer.Length > 2 * ChunkExtra) return WriteChunk(buffer);
        if (!mayGoAside) return 0;
        // Too little room for a chunk: it goes by way of the text.
        text = Buffers.Rent();
        (textStart, textEnd) = (0, WriteChunk(text.AsSpan(0, 4 * ChunkExtra)));
        return TakeText(buffer);
    }

    private int WriteChunk(Span<byte> room)
    {
        var data = Math.Min(body.Count, room.Length - ChunkExtra);
        Utf8Formatter.TryFormat(data, room, out var length, new StandardFormat('x'));
        "\r\n"u8.CopyTo(room[length..]);
        length += 2 + body.Take(room.Slice(length + 2, data));
        "\r\n"u8.CopyTo(room[length..]);
        Credit(data);
        return length + 2;
    }

    /// <summary>RFC 9112 §7.1: the last chunk, with trailers.</summary>
    private void PutEnding()
    {
        hasEnding = true;
        var lines = trailers.AsSpan();
        text = Buffers.Rent(lines.Length + 5);
        "0\r\n"u8.CopyTo(text);
        lines.CopyTo(text.AsSpan(3));
        "\r\n"u8.CopyTo(text.AsSpan(3 + lines.Length));
        (textStart, textEnd) = (0, lines.Length + 5);
    }
}
