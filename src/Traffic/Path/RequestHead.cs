using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>A request's head. See <see cref="MessageHead"/> for what every head refuses.</summary>
/// <remarks>
/// Refused beside that: a request line that is not "method SP target SP version" with single spaces, targets with bytes outside of
/// 0x21 to 0x7E, versions other than 1.0 and 1.1, a missing, repeated or malformed Host (1.0 may leave it out), a target whose
/// authority is not the Host, CONNECT, and any Expect but 100-continue.
/// </remarks>
internal sealed class RequestHead : MessageHead
{
    private static readonly SearchValues<byte> TargetBytes =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(value => (byte)value)]);
    private static readonly SearchValues<byte> HostBytes =
        SearchValues.Create("-.:_~[]0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private const int HostLength = 261;

    private bool hostSeen;
    private bool traceparentTwice;
    private bool upgradesToHttp;
    private int authorizations;
    private Piece authority;

    /// <summary>True when the peer may set X-Forwarded-* itself. Stays for the connection's life.</summary>
    public bool Trusted { get; set; }

    public Piece Method { get; private set; }

    /// <summary>The target as it is passed on: origin form or <c>*</c>.</summary>
    public Piece Target { get; private set; }

    /// <summary>The target without its query.</summary>
    public Piece Path { get; private set; }

    public Piece Host { get; private set; }

    public Piece Traceparent { get; private set; }

    public Piece RequestId { get; private set; }

    /// <summary>The value of Content-Type; where it is there twice, the last one, which no media type list accepts (see <see cref="HasOneType"/>).</summary>
    public Piece ContentType { get; private set; }

    /// <summary>Content-Type is there at most once.</summary>
    public bool HasOneType { get; private set; }

    /// <summary>The value of Authorization; empty where it is absent or there more than once, since then nobody knows which one counts.</summary>
    public Piece Authorization { get; private set; }

    public bool ForwardedProto { get; private set; }

    public bool ForwardedHost { get; private set; }

    public bool Expects { get; private set; }

    /// <summary>For how many milliseconds the caller still waits; -1 where it does not say.</summary>
    public long DeadlineMs { get; private set; }

    /// <summary>What the request says of its level; negative where it says nothing that can be read. Worth something in the mesh alone.</summary>
    public int Level { get; private set; } = NoLevel;

    private const int NoLevel = -2;

    /// <summary>RFC 9110 §9.2.1, without TRACE: asking twice does no harm.</summary>
    public bool IsSafe { get; private set; }

    public bool IsHead { get; private set; }

    /// <summary>A request to switch protocols (RFC 9110 §7.8); not to another HTTP, whose requests would pass unseen through the tunnel.</summary>
    public bool WantsUpgrade => NamesUpgrade && !Upgrade.IsEmpty && Minor == 1 && !HasBody && !upgradesToHttp;

    /// <summary>A gRPC call, whose body may be a stream that is silent for long.</summary>
    public bool IsStream { get; private set; }

    public bool HasBody => Chunked || ContentLength > 0;

    public override void Reset()
    {
        base.Reset();
        hostSeen = traceparentTwice = ForwardedProto = ForwardedHost = Expects = IsSafe = IsHead = IsStream = false;
        HasOneType = true;
        upgradesToHttp = false;
        authorizations = 0;
        ContentType = Authorization = default;
        DeadlineMs = -1;
        Level = NoLevel;
        authority = Method = Target = Path = Host = Traceparent = RequestId = default;
    }

    /// <summary>RFC 9112 §3: method SP request-target SP HTTP-version.</summary>
    protected override bool TakeStartLine(ReadOnlySpan<byte> bytes, Piece line)
    {
        var text = line.Of(bytes);
        var space = text.IndexOf((byte)' ');
        if (space is <= 0 or > 32 || text[..space].IndexOfAnyExcept(TokenBytes) >= 0) return false;
        var rest = text[(space + 1)..];
        var second = rest.IndexOf((byte)' ');
        if (second <= 0) return false;
        var target = rest[..second];
        if (target.IndexOfAnyExcept(TargetBytes) >= 0) return false;
        var version = rest[(second + 1)..];
        if (version.SequenceEqual("HTTP/1.1"u8)) Minor = 1;
        else if (version.SequenceEqual("HTTP/1.0"u8)) Minor = 0;
        else return version.StartsWith("HTTP/"u8) && Refuse(Reason.UnsupportedVersion);
        Method = new Piece(line.Start, space);
        IsHead = text[..space].SequenceEqual("HEAD"u8);
        IsSafe = IsHead || text[..space].SequenceEqual("GET"u8) || text[..space].SequenceEqual("OPTIONS"u8);
        return TakeTarget(text[..space], target, line.Start + space + 1);
    }

    protected override bool Take(HeaderName name, ReadOnlySpan<byte> bytes, Piece value)
    {
        switch (name)
        {
            case HeaderName.Host:
                if (hostSeen || !IsHost(value.Of(bytes))) return false;
                hostSeen = true;
                Host = value;
                return true;
            case HeaderName.Expect:
                Expects = Ascii.EqualsIgnoreCase(value.Of(bytes), "100-continue"u8);
                return Expects;
            case HeaderName.Traceparent:
                // W3C Trace Context §3.2.2: more than one is none.
                if (!Traceparent.IsEmpty) traceparentTwice = true;
                Traceparent = value;
                return true;
            case HeaderName.RequestId:
                if (value.Length is > 0 and <= 128 && value.Of(bytes).IndexOfAnyExcept(TargetBytes) < 0) RequestId = value;
                return true;
            case HeaderName.ContentType:
                HasOneType = ContentType == default;
                ContentType = value;
                IsStream = value.Of(bytes).StartsWith("application/grpc"u8);
                return true;
            case HeaderName.Authorization:
                Authorization = ++authorizations == 1 ? value : default;
                return true;
            case HeaderName.Deadline:
                // What is not understood is no deadline; of several, the shortest counts.
                if (Utf8Parser.TryParse(value.Of(bytes), out int deadline, out var used) && used == value.Length && deadline >= 0)
                {
                    DeadlineMs = DeadlineMs < 0 ? deadline : Math.Min(DeadlineMs, deadline);
                }
                return true;
            case HeaderName.Level:
                // Two are none.
                Level = Level == NoLevel ? Levels.Parse(value.Of(bytes)) : -1;
                return true;
            case HeaderName.ForwardedProto:
                ForwardedProto = Trusted;
                return true;
            case HeaderName.ForwardedHost:
                ForwardedHost = Trusted;
                return true;
            default:
                return true;
        }
    }

    /// <summary>Endpoints read header values as UTF-8 and refuse what is not; then it is refused here already.</summary>
    protected override bool IsText(ReadOnlySpan<byte> value) => Utf8.IsValid(value);

    protected override bool IsCut(HeaderName name) => name switch
    {
        HeaderName.Connection or HeaderName.KeepAlive or HeaderName.ProxyConnection or HeaderName.ProxyAuthorization
            or HeaderName.Te or HeaderName.Upgrade or HeaderName.Traceparent or HeaderName.RequestId or HeaderName.Deadline
            or HeaderName.Level => true,
        HeaderName.ForwardedFor or HeaderName.ForwardedHost or HeaderName.ForwardedProto or HeaderName.OtherForwarded => !Trusted,
        _ => false,
    };

    protected override bool Finish(ReadOnlySpan<byte> bytes)
    {
        if (Chunked && ContentLength >= 0) return false;
        if (!hostSeen && Minor == 1) return false;
        if (!authority.IsEmpty && !Ascii.EqualsIgnoreCase(authority.Of(bytes), Host.Of(bytes))) return false;
        if (traceparentTwice || !IsTraceparent(Traceparent.Of(bytes))) Traceparent = default;
        if (Minor == 0) Expects = false;
        upgradesToHttp = !Upgrade.IsEmpty && NamesHttp(Upgrade.Of(bytes));
        return true;
    }

    private static bool NamesHttp(ReadOnlySpan<byte> protocols)
    {
        foreach (var range in protocols.Split((byte)','))
        {
            var one = protocols[range].Trim(" \t"u8);
            if (one.Length >= 2 && one[0] is (byte)'h' or (byte)'H' && (one[1] is (byte)'2' or (byte)'3' || (one.Length >= 4 && Ascii.EqualsIgnoreCase(one[..4], "http"u8)))) return true;
            if (one.Length >= 3 && Ascii.EqualsIgnoreCase(one[..3], "tls"u8)) return true;
        }
        return false;
    }

    /// <summary>RFC 9110 §7.2: a name, an IPv4 address or a bracketed IPv6 one, and perhaps a port.</summary>
    private static bool IsHost(ReadOnlySpan<byte> host)
    {
        if (host.Length is 0 or > HostLength || host.IndexOfAnyExcept(HostBytes) >= 0) return false;
        var name = host;
        var colon = host.LastIndexOf((byte)':');
        if (colon >= 0 && colon > host.LastIndexOf((byte)']'))
        {
            var port = host[(colon + 1)..];
            if (port.Length is 0 or > 5 || port.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
            name = host[..colon];
        }
        if (name.IsEmpty) return false;
        return name[0] == '[' ? name[^1] == ']' && name.Length > 3 : !name.ContainsAny((byte)'[', (byte)']', (byte)':');
    }

    private bool TakeTarget(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, int start)
    {
        if (method.SequenceEqual("CONNECT"u8)) return Refuse(Reason.UnsupportedMethod);
        if (target[0] != '/')
        {
            if (target.SequenceEqual("*"u8)) return method.SequenceEqual("OPTIONS"u8) && Accept(new Piece(start, 1), 1);
            // RFC 9112 §3.2.2: the absolute form is understood and passed on in origin form.
            if (target.Length < 8 || !Ascii.EqualsIgnoreCase(target[..7], "http://"u8)) return false;
            var slash = target[7..].IndexOf((byte)'/');
            if (slash <= 0) return false;
            authority = new Piece(start + 7, slash);
            start += 7 + slash;
            target = target[(7 + slash)..];
        }
        var query = target.IndexOf((byte)'?');
        return Accept(new Piece(start, target.Length), query < 0 ? target.Length : query);
    }

    private bool Accept(Piece target, int pathLength)
    {
        Target = target;
        Path = target with { Length = pathLength };
        return true;
    }

    /// <summary>W3C Trace Context §3.2: version "-" trace-id "-" parent-id "-" flags, lowercase hexadecimal, ids not all zero.</summary>
    private static bool IsTraceparent(ReadOnlySpan<byte> value)
    {
        if (value.Length is < 55 or > 256 || value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
        if (value[..2].SequenceEqual("ff"u8) || (value[..2].SequenceEqual("00"u8) && value.Length != 55)) return false;
        return IsHex(value[..2]) && IsHex(value[3..35]) && IsHex(value[36..52]) && IsHex(value[53..55])
            && value[3..35].ContainsAnyExcept((byte)'0') && value[36..52].ContainsAnyExcept((byte)'0');
    }

    private static readonly SearchValues<byte> HexBytes = SearchValues.Create("0123456789abcdef"u8);

    private static bool IsHex(ReadOnlySpan<byte> value) => value.IndexOfAnyExcept(HexBytes) < 0;
}
