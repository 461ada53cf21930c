using System.Buffers;
using System.Text;
using Mainstay.Traffic.Path;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>Turns heads from HTTP/2 to HTTP/1.1 and back.</summary>
internal static class StreamHead
{
    // What a head takes beside its own texts: separators, the version, Transfer-Encoding, line ends.
    private const int Extra = 128;
    private static readonly SearchValues<char> NameChars = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> TargetChars = SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(value => (char)value)]);
    private static readonly SearchValues<char> ControlChars =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(value => value != 9).Select(value => (char)value), (char)127]);

    /// <summary>
    /// Writes a request's head. Null where RFC 9113 §8.2 and §8.3 call it malformed: header fields that belong to a connection, or a text in
    /// which HTTP/1.1 would see more than one. Pseudo-header fields were checked by Kestrel.
    /// </summary>
    /// <param name="request">The stream's request.</param>
    /// <param name="chunked">Whether a body of unknown length follows.</param>
    /// <param name="buffer">Rented; belongs to the caller, whatever is returned.</param>
    public static int? Write(IHttpRequestFeature request, bool chunked, ref byte[] buffer)
    {
        var target = request.RawTarget;
        if (!IsAll(request.Method, NameChars) || !IsAll(target, TargetChars)) return null;
        var room = request.Method.Length + target.Length + Extra;
        foreach (var (name, values) in request.Headers)
        {
            foreach (var value in values) room += name.Length + (value?.Length ?? 0) + 4;
        }
        if (room > buffer.Length)
        {
            Buffers.Return(buffer);
            buffer = Buffers.Rent(room);
        }
        var length = Put(buffer, 0, request.Method) + 1;
        buffer[length - 1] = (byte)' ';
        length = Put(buffer, length, target);
        length = Put(buffer, length, " HTTP/1.1\r\n");
        foreach (var (name, values) in request.Headers)
        {
            if (name.StartsWith(':')) continue;
            if (!IsAll(name, NameChars) || IsOfConnection(name, values)) return null;
            foreach (var value in values)
            {
                if (value.AsSpan().ContainsAny(ControlChars)) return null;
                length = Put(buffer, length, name);
                length = Put(buffer, length, ": ");
                length = Put(buffer, length, value ?? "");
                length = Put(buffer, length, "\r\n");
            }
        }
        if (chunked) length = Put(buffer, length, "Transfer-Encoding: chunked\r\n");
        return Put(buffer, length, "\r\n");
    }

    /// <summary>Writes trailer lines; null where they are malformed.</summary>
    public static byte[]? WriteTrailers(IHeaderDictionary trailers)
    {
        var text = new StringBuilder();
        foreach (var (name, values) in trailers)
        {
            if (!IsAll(name, NameChars) || IsOfConnection(name, values)) return null;
            foreach (var value in values)
            {
                if (value.AsSpan().ContainsAny(ControlChars)) return null;
                text.Append(name).Append(": ").Append(value).Append("\r\n");
            }
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>Gives a response's status and header fields to a stream, without what frames HTTP/1.1.</summary>
    public static void Take(ResponseHead head, ReadOnlySpan<byte> bytes, IHttpResponseFeature response)
    {
        response.StatusCode = head.Status;
        var headers = response.Headers;
        for (var start = head.StartLineLength; start < head.Length - 2;)
        {
            var line = new Piece(start, bytes[start..].IndexOf((byte)'\n') - 1);
            start += line.Length + 2;
            MessageHead.Split(bytes, line, out var name, out var value);
            var known = HeaderNames.Of(name.Of(bytes));
            if (known is HeaderName.Connection or HeaderName.KeepAlive or HeaderName.ProxyConnection or HeaderName.TransferEncoding or HeaderName.Upgrade) continue;
            if (known == HeaderName.ContentLength)
            {
                if (head.Status is not (204 or 304)) headers.ContentLength = head.ContentLength;
                continue;
            }
            Add(headers, NameOf(name.Of(bytes)), Encoding.Latin1.GetString(value.Of(bytes)));
        }
    }

    /// <summary>Gives trailer lines to a stream.</summary>
    public static void TakeTrailers(ReadOnlySpan<byte> lines, IHeaderDictionary trailers)
    {
        while (!lines.IsEmpty)
        {
            var line = new Piece(0, lines.IndexOf((byte)'\n') - 1);
            if (MessageHead.Split(lines, line, out var name, out var value)) Add(trailers, NameOf(name.Of(lines)), Encoding.Latin1.GetString(value.Of(lines)));
            lines = lines[(line.Length + 2)..];
        }
    }

    private static void Add(IHeaderDictionary headers, string name, string value) =>
        headers[name] = headers.TryGetValue(name, out var before) ? StringValues.Concat(before, value) : value;

    /// <summary>RFC 9113 §8.2.2.</summary>
    private static bool IsOfConnection(string name, StringValues values) => name.Length switch
    {
        2 => Is(name, "te") && !(values.Count == 1 && Is(values[0]!, "trailers")),
        7 => Is(name, "upgrade"),
        10 => Is(name, "connection") || Is(name, "keep-alive"),
        16 => Is(name, "proxy-connection"),
        17 => Is(name, "transfer-encoding"),
        _ => false,
    };

    private static bool Is(string name, string known) => name.Equals(known, StringComparison.OrdinalIgnoreCase);

    private static bool IsAll(string text, SearchValues<char> allowed) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(allowed);

    private static int Put(byte[] into, int at, string text) => at + Encoding.Latin1.GetBytes(text, into.AsSpan(at));

    /// <summary>The name as a text; those that most responses have are made once.</summary>
    private static string NameOf(ReadOnlySpan<byte> name)
    {
        foreach (var known in Usual)
        {
            if (known.Length == name.Length && Ascii.EqualsIgnoreCase(name, known)) return known;
        }
        return Encoding.ASCII.GetString(name);
    }

    private static readonly string[] Usual =
    [
        "Content-Type", "Date", "Server", "Via", "X-Request-Id", "ETag", "Last-Modified", "Cache-Control", "Content-Encoding", "Accept-Ranges",
        "Vary", "Location", "Set-Cookie", "grpc-status", "grpc-message", "grpc-encoding", "X-Mainstay-Reason",
    ];
}
