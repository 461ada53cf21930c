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

    /// <summary>Reads a request's head, in place: it is much to be copied.</summary>
    public void Read(Exchange x, ReadOnlySpan<byte> head)
    {
        var request = x.Request;
        this = default;
        Facts.Control = new();
        Facts.IsGet = !request.IsHead;
        Facts.IsAuthorized = x.Identity is not null;
        Piece pragma = default;
        foreach (ref readonly var line in request.Lines) Take(line, head, ref pragma);
        if (!pragma.IsEmpty) Facts.Control.AddPragma(pragma.Of(head));
        IsOdd |= request.HasBody || request.WantsUpgrade || request.Expects;
        HasForwarded &= request.Trusted;
        Facts.IsRange = !Range.IsEmpty;
    }

    private void Take(in HeaderLine line, ReadOnlySpan<byte> head, ref Piece pragma)
    {
        var name = line.Name(head);
        // Lengths and first letters tell most names apart.
        switch ((name.Length << 8) | (name[0] | 0x20))
        {
            case (5 << 8) | 'r' when Is(name, "range"u8): Range = line.Value(head); break;
            case (6 << 8) | 'c' when Is(name, "cookie"u8): Facts.HasCookie = true; break;
            case (6 << 8) | 'p' when Is(name, "pragma"u8): pragma = line.Value(head); break;
            case (8 << 8) | 'i' when Is(name, "if-match"u8): IsOdd = true; break;
            case (8 << 8) | 'i' when Is(name, "if-range"u8): IfRange = line.Value(head); break;
            case (9 << 8) | 'f' when Is(name, "forwarded"u8): HasForwarded = true; break;
            case (13 << 8) | 'c' when Is(name, "cache-control"u8): Facts.Control.Add(line.Value(head).Of(head)); break;
            case (13 << 8) | 'a' when Is(name, "authorization"u8): Facts.IsAuthorized = true; break;
            case (13 << 8) | 'i' when Is(name, "if-none-match"u8): IfNoneMatch = line.Value(head); break;
            // What makes some services do something else than the address and method say.
            case (13 << 8) | 'x' when Is(name, "x-rewrite-url"u8) || Is(name, "x-http-method"u8): IsOdd = true; break;
            case (14 << 8) | 'x' when Is(name, "x-original-url"u8): IsOdd = true; break;
            case (15 << 8) | 'a' when Is(name, "accept-encoding"u8):
                AcceptEncoding = line.Value(head);
                AcceptEncodings++;
                break;
            case (17 << 8) | 'x' when Is(name, "x-method-override"u8): IsOdd = true; break;
            case (17 << 8) | 'i' when Is(name, "if-modified-since"u8): IfModifiedSince = line.Value(head); break;
            case (19 << 8) | 'i' when Is(name, "if-unmodified-since"u8): IsOdd = true; break;
            case (22 << 8) | 'x' when Is(name, "x-http-method-override"u8): IsOdd = true; break;
            default:
                HasForwarded |= name.Length > 12 && name[0] is (byte)'x' or (byte)'X' && HeaderNames.Of(name) is HeaderName.ForwardedHost or HeaderName.ForwardedProto or HeaderName.OtherForwarded;
                break;
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => Ascii.EqualsIgnoreCase(name, known);
}
