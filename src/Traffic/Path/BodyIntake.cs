using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Receives a request's whole body before any of it is passed on, for what has to see all of it. Bounded; the body then lies behind the head and
/// is sent with it, so that an exchange looks as if all had arrived at once.
/// </summary>
internal static class BodyIntake
{
    private static readonly byte[] Continue = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    /// <summary>None when the body is whole; else why it is refused.</summary>
    /// <param name="x">An exchange whose body is not under way.</param>
    /// <param name="most">Bytes of content.</param>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<Reason> ReceiveAsync(Exchange x, int most)
    {
        if (x.Request.ContentLength > most) return Reason.BodyTooLarge;
        if (x.Body.IsComplete) return ContentLength(x) > most ? Reason.BodyTooLarge : Reason.None;
        // The client may be waiting to be asked (RFC 9110 §10.1.1); the endpoint is not asked before the body is there.
        if (x.Request.Expects && x.Body.Buffered == 0 && await x.Client.SendAsync(Continue) < 0) return Reason.ClientAborted;
        var waits = x.Connection.Waits;
        while (!x.Body.IsComplete)
        {
            // Chunks cost some bytes each; a body of nothing but framing ends here.
            if (x.Body.Buffered > most + most / 2 + 1024) return Ended(x, Reason.BodyTooLarge);
            waits.ForIntake();
            var room = x.Input.Room();
            var received = await x.Client.ReceiveAsync(room);
            if (received <= 0) return Ended(x, waits.IsExpired ? Reason.BodyStalled : Reason.ClientAborted);
            x.Input.Took(received);
            x.BytesIn += x.Body.Append(room.Span[..received]);
            if (x.Body.IsBad) return Ended(x, Reason.BadRequest);
        }
        return Ended(x, ContentLength(x) > most ? Reason.BodyTooLarge : Reason.None);
    }

    /// <summary>The content of a whole body: without framing, in a buffer to be returned, or in place where it has none.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="rented">What to give to <see cref="Buffers.Return"/>; null for nothing.</param>
    public static Memory<byte> Content(Exchange x, out byte[]? rented)
    {
        rented = null;
        var raw = x.Input.Memory.Slice(x.Request.Length, x.Body.Buffered);
        if (!x.Request.Chunked) return raw;
        rented = Buffers.Rent(raw.Length);
        raw.CopyTo(rented);
        var chunks = new ChunkScanner();
        chunks.Take(rented.AsSpan(0, raw.Length), strip: true, out var kept);
        return rented.AsMemory(0, kept);
    }

    private static int ContentLength(Exchange x)
    {
        if (!x.Request.Chunked) return x.Body.Buffered;
        var content = Content(x, out var rented);
        if (rented is not null) Buffers.Return(rented);
        return content.Length;
    }

    private static Reason Ended(Exchange x, Reason reason)
    {
        // The heartbeat may have given up just as the last byte came: the body is served, but nothing more can be received.
        if (!x.Connection.Waits.Arrived()) x.Close = true;
        return reason;
    }
}
