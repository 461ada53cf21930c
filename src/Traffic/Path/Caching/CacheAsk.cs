using System.Text;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>What of a request's head matters for a cache, found in one pass over its lines.</summary>
internal struct CacheAsk
{
    /// <summary>What of the request belongs to a client's own copy: when we ask on our own account, it is not passed on.</summary>
    public static readonly byte[][] ClientConditions = [.. new[] { "If-None-Match", "If-Modified-Since", "If-Range", "Range" }.Select(Encoding.ASCII.GetBytes)];

    public RequestFacts Facts;
    public Piece IfNoneMatch;
    public Piece IfModifiedSince;
    public Piece IfRange;
    public Piece Range;

    /// <summary>What Vary names most; the last of several.</summary>
    public Piece AcceptEncoding;
    public int AcceptEncodings;

    /// <summary>Something that a cache cannot judge: it goes to the service, and what comes back is not kept.</summary>
    public bool IsOdd;

    /// <summary>A trusted proxy says more about the client than the address and scheme that are in the key.</summary>
    public bool HasForwarded;

    public readonly bool IsConditional => !IfNoneMatch.IsEmpty || !IfModifiedSince.IsEmpty || !Range.IsEmpty;

    public static CacheAsk Of(Exchange x, ReadOnlySpan<byte> head)
    {
        var request = x.Request;
        var ask = new CacheAsk { Facts = new RequestFacts { Control = new(), IsGet = !request.IsHead, IsAuthorized = x.Identity is not null } };
        Piece pragma = default;
        for (var start = request.StartLineLength; start < request.Length - 2;)
        {
            var line = new Piece(start, head[start..].IndexOf((byte)'\n') - 1);
            start += line.Length + 2;
            ask.Take(line, line.Of(head).IndexOf((byte)':'), head, ref pragma);
        }
        if (!pragma.IsEmpty) ask.Facts.Control.AddPragma(pragma.Of(head));
        ask.IsOdd |= request.HasBody || request.WantsUpgrade || request.Expects;
        ask.HasForwarded &= request.Trusted;
        ask.Facts.IsRange = !ask.Range.IsEmpty;
        return ask;
    }

    private static Piece ValueOf(Piece line, int colon, ReadOnlySpan<byte> head)
    {
        var left = line.Of(head)[(colon + 1)..].TrimStart(" \t"u8);
        return new Piece(line.Start + line.Length - left.Length, left.TrimEnd(" \t"u8).Length);
    }

    private void Take(Piece line, int colon, ReadOnlySpan<byte> head, ref Piece pragma)
    {
        var name = head.Slice(line.Start, colon);
        // Lengths tell most names apart.
        switch (colon)
        {
            case 5 when Is(name, "range"u8): Range = ValueOf(line, colon, head); break;
            case 6 when Is(name, "cookie"u8): Facts.HasCookie = true; break;
            case 6 when Is(name, "pragma"u8): pragma = ValueOf(line, colon, head); break;
            case 8 when Is(name, "if-match"u8): IsOdd = true; break;
            case 8 when Is(name, "if-range"u8): IfRange = ValueOf(line, colon, head); break;
            case 9 when Is(name, "forwarded"u8): HasForwarded = true; break;
            case 13 when Is(name, "cache-control"u8): Facts.Control.Add(ValueOf(line, colon, head).Of(head)); break;
            case 13 when Is(name, "authorization"u8): Facts.IsAuthorized = true; break;
            case 13 when Is(name, "if-none-match"u8): IfNoneMatch = ValueOf(line, colon, head); break;
            // What makes some services do something else than the address and method say.
            case 13 when Is(name, "x-rewrite-url"u8) || Is(name, "x-http-method"u8): IsOdd = true; break;
            case 14 when Is(name, "x-original-url"u8): IsOdd = true; break;
            case 15 when Is(name, "accept-encoding"u8):
                AcceptEncoding = ValueOf(line, colon, head);
                AcceptEncodings++;
                break;
            case 17 when Is(name, "x-method-override"u8): IsOdd = true; break;
            case 17 when Is(name, "if-modified-since"u8): IfModifiedSince = ValueOf(line, colon, head); break;
            case 19 when Is(name, "if-unmodified-since"u8): IsOdd = true; break;
            case 22 when Is(name, "x-http-method-override"u8): IsOdd = true; break;
            default:
                HasForwarded |= colon > 12 && name[0] is (byte)'x' or (byte)'X' && HeaderNames.Of(name) is HeaderName.ForwardedHost or HeaderName.ForwardedProto or HeaderName.OtherForwarded;
                break;
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);
}
