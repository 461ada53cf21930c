using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>The header names that mean something to the gateway; all others pass through as they are.</summary>
internal enum HeaderName
{
    Other,
    Connection,
    ContentLength,
    Expect,
    Host,
    KeepAlive,
    ProxyAuthenticate,
    ProxyAuthorization,
    ProxyConnection,
    RequestId,
    Te,
    Traceparent,
    TransferEncoding,
    Upgrade,
    ForwardedFor,
    ForwardedHost,
    ForwardedProto,
    ContentType,
    Authorization,

    /// <summary>What proxies say about the client in other ways: Forwarded (RFC 7239), X-Real-IP, any other X-Forwarded-*.</summary>
    OtherForwarded,
    Deadline,
    Level,
    AdmitLevel,
}

internal static class HeaderNames
{
    /// <summary>Which one it is. Lengths tell most names apart, so that a header costs at most two comparisons.</summary>
    public static HeaderName Of(ReadOnlySpan<byte> name)
    {
        var known = ByLength(name);
        return known == HeaderName.Other && name.Length > 12 && name[0] is (byte)'x' or (byte)'X' && IsForwarded(name[..12])
            ? HeaderName.OtherForwarded
            : known;
    }

    /// <summary>Servers of the CGI kind take an underscore for a dash.</summary>
    private static bool IsForwarded(ReadOnlySpan<byte> start) =>
        start[1] is (byte)'-' or (byte)'_' && start[11] is (byte)'-' or (byte)'_' && Ascii.EqualsIgnoreCase(start[2..11], "forwarded"u8);

    private static HeaderName ByLength(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Is(name, "te"u8, HeaderName.Te),
        4 => Is(name, "host"u8, HeaderName.Host),
        6 => Is(name, "expect"u8, HeaderName.Expect),
        7 => Is(name, "upgrade"u8, HeaderName.Upgrade),
        9 => Is(name, "forwarded"u8, HeaderName.OtherForwarded, "x-real-ip"u8, HeaderName.OtherForwarded),
        10 => Is(name, "connection"u8, HeaderName.Connection, "keep-alive"u8, HeaderName.KeepAlive),
        11 => Is(name, "traceparent"u8, HeaderName.Traceparent),
        12 => Is(name, "content-type"u8, HeaderName.ContentType, "x-request-id"u8, HeaderName.RequestId),
        13 => Is(name, "authorization"u8, HeaderName.Authorization),
        14 => Is(name, "content-length"u8, HeaderName.ContentLength),
        15 => Is(name, "x-forwarded-for"u8, HeaderName.ForwardedFor),
        16 when (name[2] | 0x20) == 'm' => Is(name, "x-mainstay-level"u8, HeaderName.Level, "x-mainstay-admit"u8, HeaderName.AdmitLevel),
        16 => Is(name, "x-forwarded-host"u8, HeaderName.ForwardedHost, "proxy-connection"u8, HeaderName.ProxyConnection),
        17 => Is(name, "transfer-encoding"u8, HeaderName.TransferEncoding, "x-forwarded-proto"u8, HeaderName.ForwardedProto),
        18 => Is(name, "proxy-authenticate"u8, HeaderName.ProxyAuthenticate),
        19 => Is(name, "proxy-authorization"u8, HeaderName.ProxyAuthorization, "x-mainstay-deadline"u8, HeaderName.Deadline),
        _ => HeaderName.Other,
    };

    /// <summary>True for headers that frame or address the message: naming them in Connection must not remove them.</summary>
    public static bool IsEssential(HeaderName name) => name is HeaderName.Host or HeaderName.ContentLength
        or HeaderName.TransferEncoding or HeaderName.ContentType or HeaderName.Traceparent or HeaderName.RequestId
        or HeaderName.ForwardedFor or HeaderName.ForwardedHost or HeaderName.ForwardedProto or HeaderName.OtherForwarded
        or HeaderName.Authorization;

    private static HeaderName Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known, HeaderName then) =>
        Ascii.EqualsIgnoreCase(name, known) ? then : HeaderName.Other;

    private static HeaderName Is(
        ReadOnlySpan<byte> name, ReadOnlySpan<byte> one, HeaderName thenOne, ReadOnlySpan<byte> two, HeaderName thenTwo) =>
        Ascii.EqualsIgnoreCase(name, one) ? thenOne : Is(name, two, thenTwo);
}
