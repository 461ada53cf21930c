using System.Text;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Reads from heads what a cache must know.</summary>
internal static class FactsReader
{
    /// <summary>More headers in Vary than these make a response one that is not kept.</summary>
    private const int MostVary = 16;

    /// <summary>Bytes of all values of the headers that Vary names.</summary>
    public const int MostSelecting = 2048;

    public static ResponseFacts Of(ReadOnlySpan<byte> head, ResponseHead response, long nowUtcMs)
    {
        var facts = new ResponseFacts { Status = response.Status };
        var lines = new HeaderLines(head, response);
        while (lines.MoveNext())
        {
            var name = lines.Name;
            var value = lines.Line[(name.Length + 1)..].Trim(" \t\r\n"u8);
            switch (name.Length)
            {
                case 3 when Is(name, "age"u8): facts.Age = CacheDirectives.Seconds(value); break;
                case 4 when Is(name, "date"u8): facts.DateMs = HttpDate.Read(value); break;
                case 4 when Is(name, "etag"u8): facts.HasTag = true; break;
                case 4 when Is(name, "vary"u8): facts.VariesByEverything |= value.Contains((byte)'*'); break;
                // RFC 9111 §5.3: what is no date, and a second one, is the past.
                case 7 when Is(name, "expires"u8): (facts.HasExpires, facts.ExpiresMs) = (true, facts.HasExpires ? null : HttpDate.Read(value)); break;
                case 10 when Is(name, "set-cookie"u8): facts.HasSetCookie = true; break;
                case 13 when Is(name, "cache-control"u8): facts.Control.Add(value); break;
                case 13 when Is(name, "last-modified"u8): facts.LastModifiedMs = HttpDate.Read(value); break;
            }
        }
        facts.DateMs ??= nowUtcMs;
        return facts;
    }

    /// <summary>The headers that Vary names, in lower case and in order; null where they are too many.</summary>
    public static byte[][]? VaryOf(ReadOnlySpan<byte> head, ResponseHead response)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var lines = new HeaderLines(head, response);
        while (lines.MoveNext())
        {
            if (!Is(lines.Name, "vary"u8)) continue;
            var value = lines.Line[5..].Trim(" \t\r\n"u8);
            foreach (var range in value.Split((byte)','))
            {
                var one = value[range].Trim(" \t"u8);
                if (!one.IsEmpty) names.Add(Encoding.ASCII.GetString(one).ToLowerInvariant());
            }
        }
        return names.Count > MostVary ? null : [.. names.Select(Encoding.ASCII.GetBytes)];
    }

    /// <summary>Writes what a request has of these headers. The length; -1 where it is too much.</summary>
    public static int WriteSelecting(Span<byte> into, byte[][] names, RequestHead request, ReadOnlySpan<byte> head, in CacheAsk ask, AcceptedCodings codings)
    {
        var length = 0;
        foreach (var name in names)
        {
            if (length < 0 || into.Length == length) return -1;
            into[length++] = 0;
            // The one that nearly all name was found with the others.
            if (ask.AcceptEncodings < 2 && name.AsSpan().SequenceEqual("accept-encoding"u8))
            {
                if (ask.AcceptEncodings == 1) length = SelectingHeader.WriteCodings(into, length, ask.AcceptEncoding.Of(head), codings);
                continue;
            }
            var at = 0;
            while (request.Next(head, ref at, name, out var value))
            {
                length = SelectingHeader.Write(into, length, name, value.Of(head));
                if (length < 0) return -1;
            }
        }
        return length;
    }

    /// <summary>The target of a URI of the same origin, of a response's Location say; empty for any other (RFC 9111 §4.4).</summary>
    public static ReadOnlySpan<byte> SameOrigin(ReadOnlySpan<byte> uri, bool isSecure, ReadOnlySpan<byte> host)
    {
        var fragment = uri.IndexOf((byte)'#');
        if (fragment >= 0) uri = uri[..fragment];
        if (uri.StartsWith("/"u8)) return uri.StartsWith("//"u8) ? default : uri;
        var scheme = isSecure ? "https://"u8 : "http://"u8;
        if (uri.Length <= scheme.Length || !Ascii.EqualsIgnoreCase(uri[..scheme.Length], scheme)) return default;
        var rest = uri[scheme.Length..];
        var slash = rest.IndexOf((byte)'/');
        return slash > 0 && Ascii.EqualsIgnoreCase(rest[..slash], host) ? rest[slash..] : default;
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);
}
