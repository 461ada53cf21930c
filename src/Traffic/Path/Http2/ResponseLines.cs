using System.Text;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>Writes a response's head, or trailer lines, as a block of fields: names in lower case, without what frames HTTP/1.1.</summary>
internal static class ResponseLines
{
    private const int UsualName = 128;

    public static void WriteHead(HpackEncoder encoder, OutBuffer into, ResponseHead head, ReadOnlySpan<byte> bytes)
    {
        encoder.Begin(into);
        // RFC 8441 §5: a WebSocket begins with the status of success, and has no proof of its key.
        var isTunnel = head.Status == 101;
        encoder.Status(into, isTunnel ? 200 : head.Status);
        // RFC 9110 §8.6: neither 1xx nor 204 have a length; that of 304 would be of another body.
        var hasLength = head.Status is >= 200 and not (204 or 304);
        for (var start = head.StartLineLength; start < head.Length - 2;)
        {
            var line = new Piece(start, bytes[start..].IndexOf((byte)'\n') - 1);
            start += line.Length + 2;
            MessageHead.Split(bytes, line, out var name, out var value);
            var known = HeaderNames.Of(name.Of(bytes));
            if (known is HeaderName.Connection or HeaderName.KeepAlive or HeaderName.ProxyConnection or HeaderName.TransferEncoding or HeaderName.Upgrade) continue;
            if (known == HeaderName.ContentLength && !hasLength) continue;
            if (isTunnel && Ascii.EqualsIgnoreCase(name.Of(bytes), "sec-websocket-accept"u8)) continue;
            Write(encoder, into, name.Of(bytes), value.Of(bytes));
        }
    }

    public static void WriteTrailers(HpackEncoder encoder, OutBuffer into, ReadOnlySpan<byte> lines)
    {
        encoder.Begin(into);
        while (!lines.IsEmpty)
        {
            var line = new Piece(0, lines.IndexOf((byte)'\n') - 1);
            if (MessageHead.Split(lines, line, out var name, out var value)) Write(encoder, into, name.Of(lines), value.Of(lines));
            lines = lines[(line.Length + 2)..];
        }
    }

    private static void Write(HpackEncoder encoder, OutBuffer into, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.Length > UsualName)
        {
            encoder.Field(into, Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(name).ToLowerInvariant()), value);
            return;
        }
        Span<byte> lower = stackalloc byte[UsualName];
        Ascii.ToLower(name, lower, out var length);
        encoder.Field(into, lower[..length], value);
    }
}
