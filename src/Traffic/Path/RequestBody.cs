using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Path;

/// <summary>How much of a request's body is there, and how it goes on.</summary>
internal struct RequestBody
{
    private ChunkScanner chunks;
    private long left;
    private bool chunked;

    /// <summary>Bytes of the body that arrived together with the head.</summary>
    public int Buffered { get; private set; }

    /// <summary>The whole body has arrived (or there is none).</summary>
    public bool IsComplete { get; private set; }

    public bool IsBad { get; private set; }

    /// <summary>Bytes of data that have arrived of a body whose length was not declared.</summary>
    public readonly long Data => chunks.Data;

    /// <summary>Looks at what arrived behind the head.</summary>
    public static RequestBody Begin(RequestHead request, Span<byte> behindHead)
    {
        // Larger chunks are what many endpoints refuse, Kestrel among them.
        var body = new RequestBody { chunks = new ChunkScanner { MostChunk = int.MaxValue }, chunked = request.Chunked, left = Math.Max(request.ContentLength, 0) };
        if (body.chunked || body.left > 0) body.Buffered = body.Take(behindHead);
        else body.IsComplete = true;
        return body;
    }

    /// <summary>Sends the rest of the body upstream as it arrives: the next piece is read only when the last was taken (back-pressure).</summary>
    /// <returns>None when all was sent; else why not. Ends the upstream connection where the response's side must learn of it.</returns>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<Reason> PumpAsync(Exchange x, RequestBody body)
    {
        var buffer = Buffers.Rent();
        var clock = x.Connection.Gateway.Clock;
        var limits = x.Connection.Gateway.Limits;
        var pace = new BodyPace(limits, body.Buffered);
        try
        {
            while (!body.IsComplete)
            {
                if (!x.Connection.Waits.ForBody(receives: true, pace.Begin(clock.CoarseMs))) return Fail(x, Reason.BodyStalled);
                var room = body.chunked ? buffer.Length : (int)Math.Min(buffer.Length, body.left);
                var received = await x.Client.ReceiveAsync(buffer.AsMemory(0, room));
                pace.End(clock.CoarseMs, received);
                if (x.Connection.Waits.IsBodyStalled) return Fail(x, Reason.BodyStalled);
                if (received <= 0) return Fail(x, Reason.ClientAborted);
                var taken = body.Take(buffer.AsSpan(0, received));
                if (body.IsBad) return Fail(x, Reason.BadRequest);
                if (body.Data > x.MaxBody) return Fail(x, Reason.BodyTooLarge);
                if (x.Mirror is not null) CopyForMirror(x, buffer.AsSpan(0, taken));
                if (taken < received) x.Input.PutBack(buffer.AsSpan(taken, received - taken));
                x.BytesIn += taken;
                x.HasBodyArrived = body.IsComplete;
                if (!x.Connection.Waits.ForBody(receives: false, (long)limits.BodyStall.TotalMilliseconds)) return Fail(x, Reason.UpstreamClosed);
                var sent = await x.Upstream!.Wire.SendAsync(buffer.AsMemory(0, taken));
                // The endpoint may have answered without reading on; that answer is still worth receiving.
                if (sent < 0) return Reason.UpstreamClosed;
            }
            return Reason.None;
        }
        finally
        {
            x.Connection.Waits.EndBody();
            Buffers.Return(buffer);
        }
    }

    /// <summary>Takes what arrived behind what is there, before anything of the body was sent. Returns the bytes that belong to it.</summary>
    public int Append(Span<byte> more)
    {
        var taken = Take(more);
        Buffered += taken;
        return taken;
    }

    private static void CopyForMirror(Exchange x, ReadOnlySpan<byte> more)
    {
        x.MirrorLeft -= more.Length;
        if (x.MirrorLeft >= 0)
        {
            x.Mirror!.Append(more);
            return;
        }
        x.Mirror!.Drop(isTooLarge: true);
        x.Mirror = null;
    }

    private static Reason Fail(Exchange x, Reason reason)
    {
        x.Upstream!.Break();
        return reason;
    }

    private int Take(Span<byte> bytes)
    {
        if (!chunked)
        {
            var run = (int)Math.Min(left, bytes.Length);
            left -= run;
            IsComplete = left == 0;
            return run;
        }
        var taken = chunks.Take(bytes, strip: false, out _);
        IsComplete = chunks.IsDone;
        IsBad = chunks.IsBad;
        return taken;
    }
}
