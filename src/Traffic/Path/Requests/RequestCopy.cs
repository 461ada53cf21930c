using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mainstay.Traffic.Path.Requests;

/// <summary>A request as an errand takes it along: what its client sent and its guards said, in HTTP/1.0, so that the answer comes without chunks and without interim ones.</summary>
internal static class RequestCopy
{
    /// <summary>Copies a request whose body is whole.</summary>
    /// <param name="x">The exchange.</param>
    /// <param name="content">The body.</param>
    /// <param name="isForLater">Its client will not be there any more: where it came from is written down.</param>
    public static byte[] Of(Exchange x, ReadOnlySpan<byte> content, bool isForLater)
    {
        var request = x.Request;
        var head = x.HeadBytes;
        var made = new List<byte>(request.Length + content.Length + 512);
        made.AddRange(request.Method.Of(head));
        made.Add((byte)' ');
        made.AddRange(request.Target.Of(head));
        made.AddRange(" HTTP/1.0\r\n"u8);
        var lines = new HeaderLines(head, request);
        while (lines.MoveNext())
        {
            if (!IsOwn(lines.Name)) made.AddRange(lines.Line);
        }
        made.AddRange(x.Onward.Lines);
        if (isForLater) AddOrigin(made, x);
        else if (request.DeadlineMs >= 0) Add(made, string.Create(CultureInfo.InvariantCulture, $"X-Mainstay-Deadline: {Math.Max(1, x.CallerLeftMs)}"));
        AddTrace(made, x);
        if (request.HasBody || content.Length > 0) Add(made, string.Create(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}"));
        made.AddRange("\r\n"u8);
        made.AddRange(content);
        return [.. made];
    }

    /// <summary>What the request is: two with the same print are the same.</summary>
    public static byte[] PrintOf(Exchange x, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(x.Request.Method.Of(x.HeadBytes));
        hash.AppendData(" "u8);
        hash.AppendData(x.Request.Target.Of(x.HeadBytes));
        hash.AppendData("\n"u8);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    private static void AddOrigin(List<byte> made, Exchange x)
    {
        made.AddRange(x.Connection.ForwardedFor);
        if (!x.Request.ForwardedProto) made.AddRange(x.Client.Facts is null ? "X-Forwarded-Proto: http\r\n"u8 : "X-Forwarded-Proto: https\r\n"u8);
        if (x.Request.ForwardedHost || x.Request.Host.IsEmpty) return;
        made.AddRange("X-Forwarded-Host: "u8);
        made.AddRange(x.Request.Host.Of(x.HeadBytes));
        made.AddRange("\r\n"u8);
    }

    // One id and one trace for the client's request and the errand.
    private static void AddTrace(List<byte> made, Exchange x)
    {
        var request = x.Request;
        var id = x.TakeRequestId();
        made.AddRange("X-Request-Id: "u8);
        made.AddRange(id);
        made.AddRange("\r\ntraceparent: "u8);
        if (request.Traceparent.IsEmpty)
        {
            Span<byte> buffer = stackalloc byte[64];
            var trace = new HeadWriter(buffer);
            trace.Add("00-"u8);
            if (request.RequestId.IsEmpty) trace.Add(id);
            else
            {
                trace.AddHex(x.TraceSpan != 0 ? x.TraceHigh : x.Dice.Next() | 1);
                trace.AddHex(x.TraceSpan != 0 ? x.TraceLow : x.Dice.Next());
            }
            trace.Add("-"u8);
            trace.AddHex(x.TraceSpan != 0 ? x.TraceSpan : x.Dice.Next() | 1);
            trace.Add("-01"u8);
            made.AddRange(buffer[..trace.Length]);
        }
        else
        {
            made.AddRange(request.Traceparent.Of(x.HeadBytes));
        }
        made.AddRange("\r\n"u8);
    }

    /// <summary>What is written anew.</summary>
    private static bool IsOwn(ReadOnlySpan<byte> name) =>
        HeaderNames.Of(name) is HeaderName.Traceparent or HeaderName.RequestId or HeaderName.TransferEncoding or HeaderName.ContentLength or HeaderName.Expect
        || Ascii.EqualsIgnoreCase(name, "x-mainstay-deadline"u8) || Ascii.EqualsIgnoreCase(name, "mainstay-callback-url"u8);

    private static void Add(List<byte> made, string line)
    {
        made.AddRange(Encoding.ASCII.GetBytes(line));
        made.AddRange("\r\n"u8);
    }
}
