using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Spans;

/// <summary>
/// Names what a server does where its instrumentation names it no further than the method, as those do that know no route: <c>GET /orders/{id}</c>, by the route that it says or by the
/// path. What looks like an id is <c>{id}</c>, and where a path goes on in more ways than <see cref="MostWays"/> the rest of them are <c>{*}</c>: there are never many names. One caller at a time.
/// </summary>
sealed class SpanNames
{
    /// <summary>So many different segments behind one beginning have names of their own.</summary>
    public const int MostWays = 20;

    const int MostSegments = 8;
    const int MostBeginnings = 4096;

    readonly byte[] room = new byte[256];
    readonly Dictionary<ulong, HashSet<ulong>> ways = [];

    /// <summary>The better name, until the next call; empty where the span's own says enough.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> service, in SpanView span)
    {
        if (span.Kind != SpanKind.Server || !SaysLittle(span.Name))
        {
            return default;
        }

        var attributes = span.Attributes;
        var method = First(attributes.TextOf("http.request.method"u8), attributes.TextOf("http.method"u8));
        var route = attributes.TextOf("http.route"u8);
        var path = route.IsEmpty ? PathOf(First(attributes.TextOf("url.path"u8), First(attributes.TextOf("http.target"u8), attributes.TextOf("http.url"u8)))) : route;
        if (method.IsEmpty || method.Length > 20 || path.IsEmpty)
        {
            return default;
        }

        var done = 0;
        Put(method, ref done);
        Put(" "u8, ref done);
        if (route.IsEmpty)
        {
            Templated(service, path, ref done);
        }
        else
        {
            Put(route[0] == '/' ? default : "/"u8, ref done);
            Put(route, ref done);
        }

        return room.AsSpan(0, done);
    }

    // A method alone, as the conventions say for servers that know no route, its older form, and what .NET's server says by itself.
    static bool SaysLittle(ReadOnlySpan<byte> name)
    {
        name = name.StartsWith("HTTP "u8) ? name[5..] : name;
        return (name.Length is > 2 and < 8 && name.IndexOfAnyExceptInRange((byte)'A', (byte)'Z') < 0) || name.SequenceEqual("Microsoft.AspNetCore.Hosting.HttpRequestIn"u8);
    }

    // The path of a path with a query, or of a URL.
    static ReadOnlySpan<byte> PathOf(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("://"u8) is > 0 and var scheme)
        {
            text = text[(scheme + 3)..];
            text = text.IndexOf((byte)'/') is >= 0 and var slash ? text[slash..] : "/"u8;
        }

        var end = text.IndexOfAny("?#"u8);
        return end < 0 ? text : text[..end];
    }

    void Templated(ReadOnlySpan<byte> service, ReadOnlySpan<byte> path, ref int done)
    {
        var beginning = Hash(service, 14695981039346656037UL);
        var segments = 0;
        foreach (var range in path.Split((byte)'/'))
        {
            var segment = path[range];
            if (segment.IsEmpty)
            {
                continue;
            }

            if (++segments > MostSegments)
            {
                Put("/…"u8, ref done);
                return;
            }

            segment = IsId(segment) ? "{id}"u8 : IsOneOfFew(beginning, Hash(segment, beginning)) ? segment : "{*}"u8;
            beginning = Hash(segment, beginning);
            Put("/"u8, ref done);
            Put(segment, ref done);
        }

        Put(segments == 0 ? "/"u8 : default, ref done);
    }

    bool IsOneOfFew(ulong beginning, ulong way)
    {
        if (!ways.TryGetValue(beginning, out var known))
        {
            if (ways.Count >= MostBeginnings)
            {
                return false;
            }

            ways[beginning] = known = [];
        }

        return known.Contains(way) || (known.Count < MostWays && known.Add(way));
    }

    // Numbers, UUIDs and other hexadecimal, and what is long and has digits in it.
    static bool IsId(ReadOnlySpan<byte> segment)
    {
        var digits = 0;
        var isHex = true;
        foreach (var one in segment)
        {
            digits += one is >= (byte)'0' and <= (byte)'9' ? 1 : 0;
            isHex &= one == '-' || char.IsAsciiHexDigit((char)one);
        }

        return digits > 0 && (digits == segment.Length || (isHex && segment.Length >= 8) || (digits >= 3 && segment.Length >= 16));
    }

    void Put(ReadOnlySpan<byte> text, ref int done)
    {
        text = text[..Math.Min(text.Length, room.Length - done)];
        text.CopyTo(room.AsSpan(done));
        done += text.Length;
    }

    static ReadOnlySpan<byte> First(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => one.IsEmpty ? other : one;

    // FNV-1a, with something between segments.
    static ulong Hash(ReadOnlySpan<byte> text, ulong hash)
    {
        foreach (var one in text)
        {
            hash = (hash ^ one) * 1099511628211UL;
        }

        return (hash ^ '/') * 1099511628211UL;
    }
}
