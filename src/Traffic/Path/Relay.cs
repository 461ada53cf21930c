using System.Runtime.CompilerServices;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The station that brings a response to the client: its head without what belongs to one hop, then the body as it arrives, piece by
/// piece and never held back.
/// </summary>
internal static class Relay
{
    private enum Framing
    {
        None,
        Length,
        Chunked,
        UntilClose,
    }

    /// <summary>True when the response is complete; false when it was cut short, and the client's connection with it.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<bool> ResponseAsync(Exchange x)
    {
        var upstream = x.Upstream!;
        var framing = FramingOf(x);
        // HTTP/1.0 does not know chunks: it gets the bare data, ended by the connection's end.
        var strip = framing == Framing.Chunked && x.Request.Minor == 0;
        if (strip || framing == Framing.UntilClose) x.Close = true;
        x.IsReusable = framing != Framing.UntilClose && x.Response.Persistent;
        var left = framing == Framing.Length ? x.Response.ContentLength : 0;
        var chunks = new ChunkScanner();

        // 1. The head, and as much of the body as came with it, in one send.
        var length = WriteHead(x, strip);
        var piece = Next(upstream, framing, strip, ref left, ref chunks);
        if (chunks.IsBad) return false;
        x.Collecting?.Take(x, piece.Span, isFramed: !strip);
        x.Answered = true;
        int sent;
        if (length + piece.Length <= x.Output.Length)
        {
            piece.CopyTo(x.Output.AsMemory(length));
            sent = await SendAsync(x, x.Output.AsMemory(0, length + piece.Length));
        }
        else
        {
            sent = await SendAsync(x, x.Output.AsMemory(0, length));
            if (sent >= 0) sent = await SendAsync(x, piece);
        }
        if (sent < 0) return Cut(x, Reason.ClientAborted);
        x.ReturnOutput();

        // 2. The rest, one piece in hand at a time: what the client does not take is not read from the endpoint.
        var isDone = framing switch
        {
            Framing.Length => left == 0,
            Framing.Chunked => chunks.IsDone,
            Framing.UntilClose => false,
            _ => true,
        };
        if (isDone && strip) x.Collecting?.TakeEnd(x);
        while (!isDone)
        {
            x.Connection.Waits.ForUpstreamBody(x.Response.IsEventStream, x.Target!.IdleMs);
            var received = await upstream.ReadableAsync();
            if (received >= 0) received = await upstream.ReceiveAsync();
            if (received == 0 && framing == Framing.UntilClose) return true;
            if (received <= 0) return Cut(x, x.Connection.Waits.Why(Reason.UpstreamAborted));
            upstream.Took(received);
            piece = Next(upstream, framing, strip, ref left, ref chunks);
            if (chunks.IsBad) return Cut(x, Reason.UpstreamBadResponse);
            x.Collecting?.Take(x, piece.Span, isFramed: !strip);
            isDone = framing switch { Framing.Length => left == 0, Framing.Chunked => chunks.IsDone, _ => false };
            if (isDone && strip) x.Collecting?.TakeEnd(x);
            if (!piece.IsEmpty && await SendAsync(x, piece) < 0) return Cut(x, Reason.ClientAborted);
        }
        return true;
    }

    /// <summary>RFC 9112 §6.3.</summary>
    private static Framing FramingOf(Exchange x)
    {
        var response = x.Response;
        if (x.Request.IsHead || response.Status is < 200 or 204 or 304) return Framing.None;
        if (response.Chunked) return Framing.Chunked;
        if (response.ContentLength < 0) return Framing.UntilClose;
        return response.ContentLength == 0 ? Framing.None : Framing.Length;
    }

    /// <summary>Takes from the upstream what belongs to the body.</summary>
    private static Memory<byte> Next(Upstream upstream, Framing framing, bool strip, ref long left, ref ChunkScanner chunks)
    {
        var received = upstream.Received;
        var taken = 0;
        var kept = 0;
        switch (framing)
        {
            case Framing.Length:
                taken = kept = (int)Math.Min(left, received.Length);
                left -= taken;
                break;
            case Framing.Chunked:
                taken = chunks.Take(received.Span, strip, out kept);
                break;
            case Framing.UntilClose:
                taken = kept = received.Length;
                break;
            default:
                return default;
        }
        upstream.Skip(taken);
        return received[..kept];
    }

    /// <summary>Sends to the client and counts it. Negative if the client is gone.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public static async ValueTask<int> SendAsync(Exchange x, ReadOnlyMemory<byte> bytes)
    {
        if (x.Pace > 0) return await SendPacedAsync(x, bytes);
        var sending = x.Client.SendAsync(bytes);
        // Only a client that does not keep up costs a deadline.
        if (!sending.IsCompleted) x.Connection.Waits.ForClient(bytes.Length);
        var sent = await sending;
        if (sent > 0) x.BytesOut += sent;
        return sent;
    }

    /// <summary>Sends a tenth of a second's part at a time. Slow on purpose, so what it costs does not matter.</summary>
    private static async ValueTask<int> SendPacedAsync(Exchange x, ReadOnlyMemory<byte> bytes)
    {
        var total = 0;
        while (total < bytes.Length)
        {
            var part = (int)Math.Min(Math.Max(x.Pace / 10, 1), bytes.Length - total);
            await x.Connection.Gateway.Naps.ForAsync(Math.Max(part * 1000L / x.Pace, 1));
            x.Connection.Waits.ForClient(part);
            var sent = await x.Client.SendAsync(bytes.Slice(total, part));
            if (sent < 0) return sent;
            x.BytesOut += sent;
            total += part;
        }
        return total;
    }

    private static bool Cut(Exchange x, Reason reason)
    {
        x.Reason = reason;
        return false;
    }

    /// <summary>Writes the response's head as the client gets it, and takes it from the upstream. Returns the bytes written.</summary>
    internal static int WriteHead(Exchange x, bool strip)
    {
        var response = x.Response;
        var upstream = x.Upstream!;
        x.RoomFor(response.Length, x.Added.Length);
        var head = upstream.Received.Span[..response.Length];
        var writer = new HeadWriter(x.Output);
        if (response.Minor == 1)
        {
            writer.Add(head[..response.StartLineLength]);
        }
        else
        {
            writer.Add("HTTP/1.1 "u8);
            writer.Add(response.Status);
            writer.Add(" "u8);
            writer.Add(response.Phrase.Of(head));
            writer.Add("\r\n"u8);
        }
        var edit = x.Target!.Edits?.Response;
        if (strip || edit is not null) HeadEdit.Copy(ref writer, head, response, edit, strip ? "transfer-encoding"u8 : default);
        else writer.AddHeaders(head, response);
        if (!response.HasRequestId)
        {
            writer.Add("X-Request-Id: "u8);
            writer.Add(x.TakeRequestId());
            writer.Add("\r\n"u8);
        }
        writer.Add(x.Added.Lines);
        if (response.Status == 101)
        {
            writer.Add("Connection: Upgrade\r\nUpgrade: "u8);
            writer.Add(response.Upgrade.Of(head));
            writer.Add("\r\n"u8);
        }
        else if (x.Close || x.Connection.Gateway.IsDraining)
        {
            x.Close = true;
            writer.Add("Connection: close\r\n"u8);
        }
        else if (x.Request.Minor == 0)
        {
            writer.Add("Connection: keep-alive\r\n"u8);
        }
        writer.Add("Via: 1.1 mainstay\r\n\r\n"u8);
        upstream.Skip(response.Length);
        return writer.Length;
    }

    /// <summary>Writes the head of an answer of our own, with the lines that stations added. Returns the bytes written.</summary>
    /// <param name="x">The exchange; its status is set here.</param>
    /// <param name="status">The status.</param>
    /// <param name="lines">Whole header lines, without framing.</param>
    /// <param name="contentLength">Bytes of the body that belongs to it, also where it is not sent (HEAD).</param>
    internal static int WriteOwnHead(Exchange x, int status, ReadOnlySpan<byte> lines, long contentLength)
    {
        x.Status = status;
        x.RoomFor(lines.Length, x.Added.Length);
        var writer = new HeadWriter(x.Output);
        writer.Add("HTTP/1.1 "u8);
        writer.Add(status);
        writer.Add(" "u8);
        writer.Add(Phrases.Of(status));
        writer.Add("\r\n"u8);
        writer.Add(lines);
        writer.Add(x.Added.Lines);
        // RFC 9110 §8.6: neither 1xx nor 204 have a length.
        if (status is not 204)
        {
            writer.Add("Content-Length: "u8);
            writer.Add(contentLength);
            writer.Add("\r\n"u8);
        }
        writer.Add("X-Request-Id: "u8);
        writer.Add(x.TakeRequestId());
        writer.Add("\r\n"u8);
        if (!x.Body.IsComplete) x.Close = x.HasUnread = true;
        if (x.Close || x.Connection.Gateway.IsDraining)
        {
            x.Close = true;
            writer.Add("Connection: close\r\n"u8);
        }
        else if (x.Request.Minor == 0)
        {
            writer.Add("Connection: keep-alive\r\n"u8);
        }
        writer.Add("\r\n"u8);
        return writer.Length;
    }

    /// <summary>Sends an answer of our own with a body that is at hand. False if the client is gone.</summary>
    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    internal static async ValueTask<bool> SendOwnAsync(Exchange x, int status, ReadOnlyMemory<byte> lines, ReadOnlyMemory<byte> body)
    {
        var length = WriteOwnHead(x, status, lines.Span, body.Length);
        x.Answered = true;
        if (x.Request.IsHead) body = default;
        int sent;
        if (length + body.Length <= x.Output.Length)
        {
            body.CopyTo(x.Output.AsMemory(length));
            sent = await SendAsync(x, x.Output.AsMemory(0, length + body.Length));
        }
        else
        {
            sent = await SendAsync(x, x.Output.AsMemory(0, length));
            if (sent >= 0) sent = await SendAsync(x, body);
        }
        return sent >= 0 || Cut(x, Reason.ClientAborted);
    }
}
