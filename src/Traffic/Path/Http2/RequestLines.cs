using System.Buffers;
using System.Text;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>
/// Writes a request's fields as the head of HTTP/1.1 that the stations read, and judges what only HTTP/2 knows (RFC 9113 §8.2 and §8.3):
/// pseudo-fields, names, fields of a connection, the lengths. The rest is judged by <see cref="RequestHead"/>. A WebSocket (RFC 8441) becomes HTTP/1.1's request for one.
/// </summary>
internal sealed class RequestLines : IFields
{
    private const int MethodRoom = 64;
    private const int AuthorityRoom = 512;

    private enum Pseudo
    {
        None = 0,
        Method = 1,
        Scheme = 2,
        Authority = 4,
        Path = 8,
        Protocol = 16,
    }

    private static readonly SearchValues<byte> TargetBytes =
        SearchValues.Create([.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(value => (byte)value)]);

    private readonly byte[] method = new byte[MethodRoom];
    private readonly byte[] authority = new byte[AuthorityRoom];
    private byte[] path = [];
    private byte[] cookies = [];
    private byte[] text = [];
    private int methodLength;
    private int authorityLength;
    private int pathLength;
    private int cookieLength;
    private int length;
    private int mostBytes;
    private int mostLine;
    private bool isSecure;
    private bool isStarted;
    private bool isCut;
    private bool hasHost;
    private bool hasCookie;
    private bool isWebSocket;
    private Pseudo seen;

    /// <summary>The request must be answered with a stream error (§8.1.1).</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The declared length; -1 for none.</summary>
    public long ContentLength { get; private set; }

    /// <summary>What the service has to answer to where a WebSocket is asked for, whose bytes then follow without framing; empty for any other request.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>Begins a request.</summary>
    public void Begin(bool secure, PathLimits limits)
    {
        isSecure = secure;
        mostBytes = limits.HeadBytes;
        mostLine = limits.StartLineBytes;
        methodLength = authorityLength = pathLength = cookieLength = length = 0;
        isStarted = isCut = hasHost = hasCookie = isWebSocket = IsMalformed = false;
        Key = [];
        seen = Pseudo.None;
        ContentLength = -1;
        text = Buffers.Rent();
    }

    public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (IsMalformed) return;
        if (name.Length > 0 && name[0] == ':')
        {
            if (isStarted || !TakePseudo(name, value)) IsMalformed = true;
            return;
        }
        if (!isStarted) Start();
        if (IsMalformed || !FieldRules.IsName(name) || !FieldRules.IsValue(value) || FieldRules.IsOfConnection(name, value))
        {
            IsMalformed = true;
            return;
        }
        switch (name.Length)
        {
            // It says what we do anyway, and belongs to one hop.
            case 2 when name.SequenceEqual("te"u8):
                return;
            case 4 when name.SequenceEqual("host"u8):
                TakeHost(value);
                return;
            case 6 when name.SequenceEqual("cookie"u8):
                TakeCookie(value);
                return;
            case 14 when name.SequenceEqual("content-length"u8):
                if (Key.Length > 0 || !TakeLength(value)) IsMalformed = true;
                break;
            case 17 when Key.Length > 0 && name.SequenceEqual("sec-websocket-key"u8):
                return;
        }
        AddLine(name, value);
    }

    /// <summary>Ends the head. False where it is malformed; else the text belongs to the caller, and is to be given to <see cref="Buffers.Return"/>.</summary>
    /// <param name="endsStream">No body follows.</param>
    /// <param name="into">The head; without its end where it is larger than the path takes, which the path will say.</param>
    /// <param name="bytes">Its length.</param>
    public bool Finish(bool endsStream, out byte[] into, out int bytes)
    {
        if (!isStarted && !IsMalformed) Start();
        if (endsStream && ContentLength > 0) IsMalformed = true;
        if (!IsMalformed)
        {
            // §8.2.3: one line for those who know no crumbs.
            if (hasCookie) AddLine("cookie"u8, cookies.AsSpan(0, cookieLength));
            if (!endsStream && ContentLength < 0 && Key.Length == 0) AddLine("transfer-encoding"u8, "chunked"u8);
            if (!isCut) Add("\r\n"u8);
        }
        (into, bytes) = (text, length);
        text = [];
        Drop(ref path);
        Drop(ref cookies);
        if (!IsMalformed) return true;
        Buffers.Return(into);
        (into, bytes) = ([], 0);
        return false;
    }

    private bool TakePseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var which = name.Length switch
        {
            5 => name.SequenceEqual(":path"u8) ? Pseudo.Path : Pseudo.None,
            7 => name.SequenceEqual(":method"u8) ? Pseudo.Method : name.SequenceEqual(":scheme"u8) ? Pseudo.Scheme : Pseudo.None,
            9 => name.SequenceEqual(":protocol"u8) ? Pseudo.Protocol : Pseudo.None,
            10 => name.SequenceEqual(":authority"u8) ? Pseudo.Authority : Pseudo.None,
            _ => Pseudo.None,
        };
        if (which == Pseudo.None || (seen & which) != 0) return false;
        seen |= which;
        switch (which)
        {
            case Pseudo.Method:
                return FieldRules.IsName(Lower(value, stackalloc byte[MethodRoom])) && Keep(value, method, out methodLength);
            case Pseudo.Scheme:
                return Ascii.EqualsIgnoreCase(value, isSecure ? "https"u8 : "http"u8);
            case Pseudo.Authority:
                return !value.IsEmpty && value.IndexOfAnyExcept(TargetBytes) < 0 && Keep(value, authority, out authorityLength);
            case Pseudo.Protocol:
                isWebSocket = value.SequenceEqual("websocket"u8);
                return !value.IsEmpty;
            default:
                if (value.IsEmpty || value.IndexOfAnyExcept(TargetBytes) >= 0) return false;
                // One that is longer than a request line may be is refused by the path for its first bytes alone.
                value = value[..Math.Min(value.Length, mostLine + 1)];
                path = Buffers.Rent(value.Length);
                value.CopyTo(path);
                pathLength = value.Length;
                return true;
        }
    }

    private static bool Keep(ReadOnlySpan<byte> value, byte[] into, out int length)
    {
        length = Math.Min(value.Length, into.Length);
        value[..length].CopyTo(into);
        return true;
    }

    private static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> value, Span<byte> into)
    {
        if (value.Length > into.Length) return default;
        Ascii.ToLower(value, into, out var length);
        return into[..length];
    }

    /// <summary>Writes the request line; the pseudo-fields are known (§8.3: all of them come first).</summary>
    private void Start()
    {
        isStarted = true;
        var verb = method.AsSpan(0, methodLength);
        var isConnect = verb.SequenceEqual("CONNECT"u8);
        // RFC 8441 §4: all of them, with CONNECT alone. Other protocols are refused by the path as any CONNECT is.
        var isExtended = (seen & Pseudo.Protocol) != 0;
        isWebSocket &= isConnect;
        var target = isConnect && !isWebSocket ? authority.AsSpan(0, authorityLength) : path.AsSpan(0, pathLength);
        // §8.3.1 and §8.5; the asterisk is judged by the path.
        var needed = isExtended ? Pseudo.Method | Pseudo.Scheme | Pseudo.Authority | Pseudo.Path | Pseudo.Protocol
            : isConnect ? Pseudo.Method | Pseudo.Authority
            : Pseudo.Method | Pseudo.Scheme | Pseudo.Path;
        if ((seen & needed) != needed || (isConnect && seen != needed) || (isExtended && !isConnect)
            || ((!isConnect || isWebSocket) && target[0] != '/' && !target.SequenceEqual("*"u8)))
        {
            IsMalformed = true;
            return;
        }
        Add(isWebSocket ? "GET"u8 : verb);
        Add(" "u8);
        Add(target);
        Add(" HTTP/1.1\r\n"u8);
        if (authorityLength > 0) AddLine("host"u8, authority.AsSpan(0, authorityLength));
        if (!isWebSocket) return;
        Key = WebSocketKey.Make();
        AddLine("connection"u8, "Upgrade"u8);
        AddLine("upgrade"u8, "websocket"u8);
        AddLine("sec-websocket-key"u8, Key);
    }

    /// <summary>§8.3.1: one that is not the authority makes the request malformed, and so does a second one.</summary>
    private void TakeHost(ReadOnlySpan<byte> value)
    {
        if (hasHost) IsMalformed = true;
        else if (authorityLength == 0) AddLine("host"u8, value);
        else if (!Ascii.EqualsIgnoreCase(value, authority.AsSpan(0, authorityLength))) IsMalformed = true;
        hasHost = true;
    }

    private void TakeCookie(ReadOnlySpan<byte> value)
    {
        var more = value.Length + 2;
        if (cookieLength + more > mostBytes)
        {
            Cut();
            return;
        }
        if (cookieLength + more > cookies.Length)
        {
            var larger = Buffers.Rent(Math.Max(cookieLength + more, Buffers.Usual));
            cookies.AsSpan(0, cookieLength).CopyTo(larger);
            Drop(ref cookies);
            cookies = larger;
        }
        if (hasCookie)
        {
            "; "u8.CopyTo(cookies.AsSpan(cookieLength));
            cookieLength += 2;
        }
        hasCookie = true;
        value.CopyTo(cookies.AsSpan(cookieLength));
        cookieLength += value.Length;
    }

    private bool TakeLength(ReadOnlySpan<byte> value)
    {
        if (ContentLength >= 0 || value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
        ContentLength = 0;
        foreach (var digit in value) ContentLength = ContentLength * 10 + (digit - '0');
        return true;
    }

    private void AddLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (isCut) return;
        if (length + name.Length + value.Length + 6 > mostBytes)
        {
            Cut();
            return;
        }
        Add(name);
        Add(": "u8);
        Add(value);
        Add("\r\n"u8);
    }

    /// <summary>The head is too large: the path sees as much of it as it refuses, and nothing that would end it.</summary>
    private void Cut()
    {
        if (isCut) return;
        isCut = true;
        var rest = mostBytes - length;
        if (rest <= 0) return;
        Reserve(rest);
        text.AsSpan(length, rest).Fill((byte)'x');
        length += rest;
    }

    private void Add(ReadOnlySpan<byte> more)
    {
        Reserve(more.Length);
        more.CopyTo(text.AsSpan(length));
        length += more.Length;
    }

    private void Reserve(int more)
    {
        if (length + more <= text.Length) return;
        var larger = Buffers.Rent(Math.Max(text.Length * 2, length + more));
        text.AsSpan(0, length).CopyTo(larger);
        Buffers.Return(text);
        text = larger;
    }

    private static void Drop(ref byte[] buffer)
    {
        if (buffer.Length > 0) Buffers.Return(buffer);
        buffer = [];
    }
}
