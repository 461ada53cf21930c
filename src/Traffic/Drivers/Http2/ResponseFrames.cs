using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>Turns a response as HTTP/1.1 has it into the frames of one stream, as far as there is room. Used again for each stream of a wire, under the connection's lock.</summary>
internal sealed class ResponseFrames(Outlet outlet, PathLimits limits)
{
    private enum Framing
    {
        Head,
        Length,
        Chunked,
        UntilClose,
        Done,
    }

    private readonly ResponseHead response = new();
    private ChunkReader chunks;
    private ReadOnlyMemory<byte> rest;
    private byte[]? headSoFar;
    private Framing framing;
    private long left;
    private int stream;
    private bool isHead;
    private byte[] key = [];

    /// <summary>The stream's window for data (RFC 9113 §6.9); a setting may make it negative.</summary>
    public long Window { get; set; }

    /// <summary>The response is whole, and its end is put.</summary>
    public bool IsDone => framing == Framing.Done;

    /// <summary>The service speaks WebSocket with the client: bytes pass both ways.</summary>
    public bool IsTunnel { get; private set; }

    /// <summary>What was given is no response.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Begins a stream's response.</summary>
    /// <param name="id">The stream.</param>
    /// <param name="isHead">It has no body whatever its head says.</param>
    /// <param name="webSocketKey">What a service has to answer to that is asked to speak WebSocket; empty for any other request.</param>
    public void Begin(int id, bool isHead, byte[] webSocketKey)
    {
        key = webSocketKey;
        IsTunnel = false;
        stream = id;
        this.isHead = isHead;
        framing = Framing.Head;
        HasFailed = false;
        Window = outlet.Peer.InitialWindow;
        chunks.Reset();
    }

    /// <summary>Forgets what is not whole.</summary>
    public void End() => headSoFar = null;

    /// <summary>Puts what there is room for. True when all of it was put, or can not be; else the rest is left.</summary>
    public bool Put(ref ReadOnlyMemory<byte> bytes)
    {
        rest = bytes;
        var isOver = PutRest();
        bytes = rest;
        rest = default;
        return isOver;
    }

    /// <summary>Ends a response that has no other end than its connection's. False where it is none, or has one.</summary>
    public bool TryEnd()
    {
        if (framing != Framing.UntilClose) return false;
        EndResponse(withFrame: true);
        return true;
    }

    private bool PutRest()
    {
        while (!rest.IsEmpty && !HasFailed)
        {
            if (framing == Framing.Head)
            {
                if (outlet.Room <= 0) return false;
                PutHead();
            }
            else if (!PutBody())
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Puts a response's head, once it is whole; interim ones too.</summary>
    private void PutHead()
    {
        var bytes = rest;
        if (headSoFar is null) response.Reset();
        else bytes = (byte[])[.. headSoFar, .. rest.Span];
        var status = response.Parse(bytes.Span, limits);
        headSoFar = status == ParseStatus.Incomplete ? bytes.ToArray() : null;
        HasFailed = status == ParseStatus.Bad || (status == ParseStatus.Complete && !IsFitting(bytes.Span));
        rest = status == ParseStatus.Complete ? bytes[response.Length..] : default;
        if (HasFailed || status != ParseStatus.Complete) return;
        left = Math.Max(response.ContentLength, 0);
        IsTunnel = response.Status == 101;
        framing = response.IsInterim ? Framing.Head
            : IsTunnel ? Framing.UntilClose
            : isHead || response.Status is 204 or 304 || response.ContentLength == 0 ? Framing.Done
            : response.Chunked ? Framing.Chunked
            : left > 0 ? Framing.Length
            : Framing.UntilClose;
        var start = outlet.Pending.BeginHeaders();
        ResponseLines.WriteHead(outlet.Encoder, outlet.Pending, response, bytes.Span);
        outlet.Pending.EndHeaders(start, stream, endsStream: framing == Framing.Done, outlet.Peer.FrameSize);
        if (framing == Framing.Done) EndResponse(withFrame: false);
    }

    /// <summary>
    /// Protocols are switched only where that was asked for, by a service that has read the key. To the client of a WebSocket success means that it has begun, so any other success is none.
    /// </summary>
    private bool IsFitting(ReadOnlySpan<byte> bytes) => response.Status == 101
        ? key.Length > 0 && response.Only(bytes, "sec-websocket-accept"u8, out var proof) && WebSocketKey.IsProvenBy(key, proof.Of(bytes))
        : key.Length == 0 || response.Status is < 200 or >= 300;

    /// <summary>Puts a piece of the body. False where there is no room.</summary>
    private bool PutBody()
    {
        var span = rest.Span;
        switch (framing)
        {
            case Framing.Length or Framing.UntilClose:
                var run = framing == Framing.Length ? (int)Math.Min(left, span.Length) : span.Length;
                var count = Allowed(run);
                if (count == 0) return false;
                var ends = framing == Framing.Length && left == count;
                PutData(span[..count], ends);
                left -= count;
                rest = rest[count..];
                if (ends) EndResponse(withFrame: false);
                return true;
            case Framing.Chunked:
                return PutChunks(span);
            default:
                rest = default;
                return true;
        }
    }

    private bool PutChunks(ReadOnlySpan<byte> span)
    {
        var run = chunks.Skip(ref span);
        rest = rest[^span.Length..];
        var isEnded = false;
        if (run > 0)
        {
            var count = Allowed(run);
            if (count == 0) return false;
            chunks.Took(count);
            var behind = span[count..];
            chunks.Skip(ref behind);
            // What ends the body says so with its last data where that can be seen already.
            isEnded = chunks.IsDone && chunks.Trailers.IsEmpty;
            PutData(span[..count], isEnded);
            rest = rest[^behind.Length..];
        }
        if (!chunks.IsDone) return true;
        if (!chunks.Trailers.IsEmpty)
        {
            var start = outlet.Pending.BeginHeaders();
            ResponseLines.WriteTrailers(outlet.Encoder, outlet.Pending, chunks.Trailers);
            outlet.Pending.EndHeaders(start, stream, endsStream: true, outlet.Peer.FrameSize);
            isEnded = true;
        }
        EndResponse(withFrame: !isEnded);
        return true;
    }

    private int Allowed(int run) => (int)Math.Max(0, Math.Min(Math.Min(run, FrameHead.MostPayload), Math.Min(Math.Min(Window, outlet.Window), outlet.Room)));

    private void PutData(ReadOnlySpan<byte> data, bool ends)
    {
        outlet.Pending.Frame(FrameType.Data, ends ? FrameHead.EndStream : (byte)0, stream, data);
        Window -= data.Length;
        outlet.Window -= data.Length;
    }

    private void EndResponse(bool withFrame)
    {
        if (withFrame) outlet.Pending.Frame(FrameType.Data, FrameHead.EndStream, stream, []);
        framing = Framing.Done;
    }
}
