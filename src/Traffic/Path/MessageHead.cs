using System.Buffers;
using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>How far a parse has come.</summary>
internal enum ParseStatus
{
    Incomplete,
    Complete,
    Bad,
}

/// <summary>A part of a head, as offsets from the head's first byte: it stays valid when the buffer is moved.</summary>
internal readonly record struct Piece(int Start, int Length)
{
    public bool IsEmpty => Length == 0;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> head) => head.Slice(Start, Length);
}

/// <summary>Where a header line of a parsed head is, so that who looks for one searches no bytes.</summary>
/// <param name="Start">Its first byte, from the head's.</param>
/// <param name="NameLength">Bytes before its colon.</param>
/// <param name="Length">Bytes with its line end.</param>
internal readonly record struct HeaderLine(int Start, int NameLength, int Length)
{
    public Piece All => new(Start, Length);

    public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> head) => head.Slice(Start, NameLength);

    /// <summary>Whether it has this name, in any case.</summary>
    public bool IsNamed(ReadOnlySpan<byte> head, ReadOnlySpan<byte> name) => NameLength == name.Length && Ascii.EqualsIgnoreCase(Name(head), name);

    /// <summary>What is behind its colon, without the white space around it.</summary>
    public Piece Value(ReadOnlySpan<byte> head)
    {
        var (from, to) = (Start + NameLength + 1, Start + Length - 2);
        while (from < to && head[from] is (byte)' ' or (byte)'\t') from++;
        while (to > from && head[to - 1] is (byte)' ' or (byte)'\t') to--;
        return new Piece(from, to - from);
    }
}

/// <summary>
/// What requests and responses share: a strict, resumable parse of start line and headers (RFC 9112 §2 to §5), which notes what the gateway
/// must know and which lines must not be passed on. Everything between those lines is later copied as blocks.
/// </summary>
/// <remarks>
/// Each complete line is parsed once, however the bytes arrive. Refused everywhere: a line that ends in a bare LF, a CR or other control
/// character inside a line, folded lines, white space before the colon, names that are no tokens, more than one Content-Length, more than
/// one Transfer-Encoding, and both of them together.
/// </remarks>
internal abstract class MessageHead
{
    protected static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);
    private static readonly SearchValues<byte> ControlBytes =
        SearchValues.Create([0, 1, 2, 3, 4, 5, 6, 7, 8, .. Enumerable.Range(10, 22).Select(value => (byte)value), 127]);

    private HeaderLine[] lines = new HeaderLine[16];
    private Piece[] cuts = new Piece[8];
    private int cutCount;
    private int lineStart;
    private int scanned;
    private int headerCount;
    private bool startLineDone;

    /// <summary>Bytes of the whole head with its empty line, once complete.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of the start line with its line end.</summary>
    public int StartLineLength { get; private set; }

    /// <summary>The minor version: 0 or 1.</summary>
    public int Minor { get; protected set; }

    /// <summary>The declared length, or -1.</summary>
    public long ContentLength { get; private set; }

    public bool Chunked { get; private set; }

    /// <summary>Connection has <c>close</c>.</summary>
    public bool Close { get; private set; }

    /// <summary>Connection has <c>keep-alive</c>.</summary>
    public bool KeepAlive { get; private set; }

    /// <summary>Connection has <c>upgrade</c>.</summary>
    public bool NamesUpgrade { get; private set; }

    /// <summary>The value of Upgrade.</summary>
    public Piece Upgrade { get; private set; }

    /// <summary>Header lines.</summary>
    public int HeaderCount => headerCount;

    /// <summary>Where each header line is, in order.</summary>
    public ReadOnlySpan<HeaderLine> Lines => lines.AsSpan(0, headerCount);

    /// <summary>Why the parse failed.</summary>
    public Reason Failure { get; private set; }

    /// <summary>True when the sender keeps the connection open after this message (RFC 9112 §9.3).</summary>
    public bool Persistent => !Close && (Minor == 1 || KeepAlive);

    /// <summary>The lines that are not passed on, in order.</summary>
    public ReadOnlySpan<Piece> Cuts => cuts.AsSpan(0, cutCount);

    private bool namesOthers;

    /// <summary>What every head starts from.</summary>
    public virtual void Reset()
    {
        cutCount = lineStart = scanned = headerCount = 0;
        startLineDone = namesOthers = false;
        Length = StartLineLength = Minor = 0;
        ContentLength = -1;
        Chunked = Close = KeepAlive = NamesUpgrade = false;
        Upgrade = default;
        Failure = Reason.None;
    }

    /// <summary>Goes on parsing; <paramref name="bytes"/> starts at the head's first byte and holds what has arrived so far.</summary>
    public ParseStatus Parse(ReadOnlySpan<byte> bytes, PathLimits limits)
    {
        while (true)
        {
            var end = bytes[scanned..].IndexOf((byte)'\n');
            if (end < 0) return Wait(bytes, limits);
            end += scanned;
            if (end == lineStart || bytes[end - 1] != '\r') return Bad();
            var line = new Piece(lineStart, end - 1 - lineStart);
            lineStart = scanned = end + 1;
            if (lineStart > limits.HeadBytes) return Bad(Reason.HeadTooLarge);
            if (!startLineDone)
            {
                if (lineStart > limits.StartLineBytes) return Bad(Reason.RequestLineTooLong);
                if (!TakeStartLine(bytes, line)) return Bad();
                StartLineLength = lineStart;
                startLineDone = true;
            }
            else if (line.IsEmpty)
            {
                Length = lineStart;
                if (!Finish(bytes)) return Bad();
                if (namesOthers) Recut(bytes);
                return ParseStatus.Complete;
            }
            else
            {
                if (headerCount == limits.Headers) return Bad(Reason.HeadTooLarge);
                if (!TakeHeader(bytes, line)) return Bad();
            }
        }
    }

    /// <summary>Parses the start line; false to refuse, with the reason set if it is not <see cref="Reason.BadRequest"/>.</summary>
    protected abstract bool TakeStartLine(ReadOnlySpan<byte> bytes, Piece line);

    /// <summary>Takes what this kind of message must know from a header; false to refuse.</summary>
    protected abstract bool Take(HeaderName name, ReadOnlySpan<byte> bytes, Piece value);

    /// <summary>Whether the value's bytes beyond ASCII make sense.</summary>
    protected virtual bool IsText(ReadOnlySpan<byte> value) => true;

    /// <summary>True when a header of this name is not passed on.</summary>
    protected abstract bool IsCut(HeaderName name);

    /// <summary>Checks what can be judged only when all headers are known; false to refuse.</summary>
    protected abstract bool Finish(ReadOnlySpan<byte> bytes);

    protected bool Refuse(Reason reason)
    {
        Failure = reason;
        return false;
    }

    private ParseStatus Bad(Reason reason = Reason.BadRequest)
    {
        if (Failure == Reason.None) Failure = reason;
        return ParseStatus.Bad;
    }

    private ParseStatus Wait(ReadOnlySpan<byte> bytes, PathLimits limits)
    {
        scanned = bytes.Length;
        // A wrong first byte (a TLS hello, say) is refused at once and not only when the head's time is over.
        if (!startLineDone && bytes.Length > 0 && !TokenBytes.Contains(bytes[0])) return Bad();
        if (!startLineDone && bytes.Length >= limits.StartLineBytes) return Bad(Reason.RequestLineTooLong);
        return bytes.Length >= limits.HeadBytes ? Bad(Reason.HeadTooLarge) : ParseStatus.Incomplete;
    }

    private bool TakeHeader(ReadOnlySpan<byte> bytes, Piece line)
    {
        if (!Split(bytes, line, out var name, out var value) || !IsText(value.Of(bytes))) return false;
        if (headerCount == lines.Length) Array.Resize(ref lines, headerCount * 2);
        lines[headerCount++] = new HeaderLine(line.Start, name.Length, line.Length + 2);
        var known = HeaderNames.Of(name.Of(bytes));
        if (known == HeaderName.Other) return true;
        if (IsCut(known)) Cut(new Piece(line.Start, line.Length + 2));
        return known switch
        {
            HeaderName.ContentLength => TakeContentLength(value.Of(bytes)),
            HeaderName.TransferEncoding => TakeTransferEncoding(value.Of(bytes)),
            HeaderName.Connection => TakeConnection(value.Of(bytes)),
            HeaderName.Upgrade => TakeUpgrade(value),
            _ => Take(known, bytes, value),
        };
    }

    /// <summary>RFC 9112 §5: field-name ":" OWS field-value OWS.</summary>
    internal static bool Split(ReadOnlySpan<byte> bytes, Piece line, out Piece name, out Piece value)
    {
        var text = line.Of(bytes);
        var colon = text.IndexOf((byte)':');
        name = value = default;
        if (colon <= 0 || text[..colon].IndexOfAnyExcept(TokenBytes) >= 0) return false;
        var from = colon + 1;
        var to = text.Length;
        while (from < to && text[from] is (byte)' ' or (byte)'\t') from++;
        while (to > from && text[to - 1] is (byte)' ' or (byte)'\t') to--;
        if (text[from..to].ContainsAny(ControlBytes)) return false;
        name = new Piece(line.Start, colon);
        value = new Piece(line.Start + from, to - from);
        return true;
    }

    /// <summary>Whether these bytes can stand as a header's value without changing what follows.</summary>
    internal static bool IsValue(ReadOnlySpan<byte> value) => !value.ContainsAny(ControlBytes);

    private bool TakeContentLength(ReadOnlySpan<byte> value)
    {
        // 18 digits cannot overflow; a list of lengths ("5, 5") is no number and refused.
        if (ContentLength >= 0 || value.Length is 0 or > 18) return false;
        long length = 0;
        foreach (var digit in value)
        {
            if (!char.IsAsciiDigit((char)digit)) return false;
            length = length * 10 + (digit - '0');
        }
        ContentLength = length;
        return true;
    }

    private bool TakeTransferEncoding(ReadOnlySpan<byte> value)
    {
        if (Chunked || Minor == 0) return false;
        if (!Ascii.EqualsIgnoreCase(value, "chunked"u8)) return Refuse(Reason.UnsupportedTransferCoding);
        Chunked = true;
        return true;
    }

    private bool TakeUpgrade(Piece value)
    {
        if (!Upgrade.IsEmpty || value.Length is 0 or > 256) return false;
        Upgrade = value;
        return true;
    }

    private bool TakeConnection(ReadOnlySpan<byte> value)
    {
        foreach (var range in value.Split((byte)','))
        {
            var option = value[range].Trim(" \t"u8);
            if (option.IsEmpty) continue;
            if (option.IndexOfAnyExcept(TokenBytes) >= 0) return false;
            if (Ascii.EqualsIgnoreCase(option, "close"u8)) Close = true;
            else if (Ascii.EqualsIgnoreCase(option, "keep-alive"u8)) KeepAlive = true;
            else if (Ascii.EqualsIgnoreCase(option, "upgrade"u8)) NamesUpgrade = true;
            else namesOthers = true;
        }
        return true;
    }

    /// <summary>Finds the next line of a name in a whole head. Not for names that the parse notes.</summary>
    /// <param name="bytes">The head.</param>
    /// <param name="at">The number of the line to look from; 0 at first. Set to where to go on.</param>
    /// <param name="name">In any case.</param>
    /// <param name="value">Its value, trimmed.</param>
    public bool Next(ReadOnlySpan<byte> bytes, ref int at, ReadOnlySpan<byte> name, out Piece value)
    {
        var all = Lines;
        while (at < all.Length)
        {
            ref readonly var line = ref all[at++];
            if (!line.IsNamed(bytes, name)) continue;
            value = line.Value(bytes);
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The only line of a name; false where there is none, or more than one.</summary>
    public bool Only(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name, out Piece value)
    {
        var at = 0;
        return Next(bytes, ref at, name, out value) && !Next(bytes, ref at, name, out _);
    }

    /// <summary>Does not pass on the lines of these names either, nor of those with underscores for dashes, which some servers take for the same. For a whole head, before it is written.</summary>
    public void CutNamed(ReadOnlySpan<byte> bytes, byte[][] names)
    {
        foreach (ref readonly var line in Lines)
        {
            foreach (var one in names)
            {
                if (line.NameLength != one.Length || !IsAlike(line.Name(bytes), one)) continue;
                CutInOrder(line.All);
                break;
            }
        }
    }

    private static bool IsAlike(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other)
    {
        if (name.Length != other.Length) return false;
        for (var index = 0; index < name.Length; index++)
        {
            var (a, b) = (name[index], other[index]);
            if (a != b && !(a is (byte)'-' or (byte)'_' && b is (byte)'-' or (byte)'_') && !((a | 0x20) == (b | 0x20) && char.IsAsciiLetter((char)a))) return false;
        }
        return true;
    }

    private void CutInOrder(Piece line)
    {
        var at = cutCount;
        while (at > 0 && cuts[at - 1].Start >= line.Start) at--;
        if (at < cutCount && cuts[at].Start == line.Start) return;
        Cut(line);
        cuts.AsSpan(at, cutCount - 1 - at).CopyTo(cuts.AsSpan(at + 1));
        cuts[at] = line;
    }

    private void Cut(Piece line)
    {
        if (cutCount == cuts.Length) Array.Resize(ref cuts, cutCount * 2);
        cuts[cutCount++] = line;
    }

    /// <summary>RFC 9110 §7.6.1: what Connection names belongs to one hop. Rare, so the lines are gone through a second time.</summary>
    private void Recut(ReadOnlySpan<byte> bytes)
    {
        cutCount = 0;
        foreach (ref readonly var line in Lines)
        {
            var known = HeaderNames.Of(line.Name(bytes));
            if (IsCut(known) || (!HeaderNames.IsEssential(known) && IsNamed(bytes, line.Name(bytes)))) Cut(line.All);
        }
    }

    private bool IsNamed(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> header)
    {
        foreach (ref readonly var line in Lines)
        {
            if (HeaderNames.Of(line.Name(bytes)) != HeaderName.Connection) continue;
            var options = line.Value(bytes).Of(bytes);
            foreach (var range in options.Split((byte)','))
            {
                if (Ascii.EqualsIgnoreCase(options[range].Trim(" \t"u8), header)) return true;
            }
        }
        return false;
    }
}
