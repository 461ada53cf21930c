using System.Runtime.CompilerServices;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Answers with a kept response: all of it, the part that was asked for, or that the client has it already.</summary>
internal sealed class StoredAnswer : IAnswer
{
    private StoredResponse? stored;
    private CacheAsk ask;
    private string? how;

    /// <summary>Says what is given.</summary>
    /// <param name="response">The response.</param>
    /// <param name="asked">What the client asked for.</param>
    /// <param name="told">What Cache-Status says; null where it says nothing.</param>
    public void Set(StoredResponse response, in CacheAsk asked, string? told) => (stored, ask, how) = (response, asked, told);

    public void Clear() => (stored, how) = (null, null);

    [AsyncMethodBuilder(typeof(ReusedTask<>))]
    public async ValueTask<bool> SendAsync(Exchange x)
    {
        // 1. The head, and as much of the body as fits behind it.
        var response = stored!;
        var (status, from, left) = Decide(x, response);
        var length = WriteHead(x, response, status, from, left);
        x.Answered = true;
        if (x.Request.IsHead || status is 304 or 416) left = 0;
        var (piece, offset) = PlaceOf(response, from);
        var filled = length;
        while (left > 0 && filled < x.Output.Length)
        {
            var part = Next(response, ref piece, ref offset, (int)Math.Min(left, x.Output.Length - filled));
            part.Span.CopyTo(x.Output.AsSpan(filled));
            filled += part.Length;
            left -= part.Length;
        }
        var sent = await Relay.SendAsync(x, x.Output.AsMemory(0, filled));

        // 2. The rest, from where it lies: nobody changes it.
        while (left > 0 && sent >= 0)
        {
            var part = Next(response, ref piece, ref offset, (int)Math.Min(left, int.MaxValue));
            sent = await Relay.SendAsync(x, part);
            left -= part.Length;
        }
        if (sent >= 0) return true;
        x.Reason = Reason.ClientAborted;
        return false;
    }

    private (int Status, long From, long Length) Decide(Exchange x, StoredResponse response)
    {
        var whole = (response.Head.Status, 0L, response.Length);
        if (response.Head.Status is < 200 or >= 300) return whole;
        var bytes = x.HeadBytes;
        // RFC 9110 §13.2.2: the tag is asked first, the date only without one.
        if (!ask.IfNoneMatch.IsEmpty)
        {
            if (Validators.Names(ask.IfNoneMatch.Of(bytes), response.Head.Tag)) return (304, 0, response.Length);
        }
        else if (!ask.IfModifiedSince.IsEmpty && HttpDate.Read(ask.IfModifiedSince.Of(bytes)) is { } since
            && (response.Head.Facts.LastModifiedMs ?? response.Head.Facts.DateMs) <= since)
        {
            return (304, 0, response.Length);
        }
        if (ask.Range.IsEmpty || x.Request.IsHead || response.Head.Status != 200) return whole;
        if (!ask.IfRange.IsEmpty && !Validators.HoldsForRange(ask.IfRange.Of(bytes), response.Head.Tag, response.Head.Facts.LastModifiedMs)) return whole;
        var range = ByteRange.Of(ask.Range.Of(bytes), response.Length);
        return range.Kind switch
        {
            ByteRangeKind.Part => (206, range.From, range.Length),
            ByteRangeKind.Outside => (416, 0, 0),
            _ => whole,
        };
    }

    private int WriteHead(Exchange x, StoredResponse response, int status, long from, long length)
    {
        var now = x.NowMs;
        x.Added.Add("Age"u8, response.Times.Age(now) / 1000);
        if (how is not null) CacheStatus.AddAnswered(x, how, response.Times.LeftMs(now));
        if (status is 206 or 416)
        {
            Span<byte> text = stackalloc byte[72];
            var writer = new HeadWriter(text);
            writer.Add("bytes "u8);
            if (status == 416)
            {
                writer.Add("*"u8);
            }
            else
            {
                writer.Add(from);
                writer.Add("-"u8);
                writer.Add(from + length - 1);
            }
            writer.Add("/"u8);
            writer.Add(response.Length);
            x.Added.Add("Content-Range"u8, text[..writer.Length]);
        }
        var lines = status switch { 304 => response.Head.NotModifiedLines, 416 => default, _ => response.Head.Lines.AsSpan() };
        return Relay.WriteOwnHead(x, status, lines, length);
    }

    private static (int Piece, int Offset) PlaceOf(StoredResponse response, long from)
    {
        var piece = 0;
        while (from > 0 && from >= response.Body[piece].Length) from -= response.Body[piece++].Length;
        return (piece, (int)from);
    }

    private static ReadOnlyMemory<byte> Next(StoredResponse response, ref int piece, ref int offset, int most)
    {
        var bytes = response.Body[piece].AsMemory(offset);
        if (bytes.Length > most)
        {
            offset += most;
            return bytes[..most];
        }
        piece++;
        offset = 0;
        return bytes;
    }
}
