namespace Mainstay.Traffic.Path;

/// <summary>
/// Follows a chunked body (RFC 9112 §7.1) through arbitrary pieces: says where it ends and refuses what is malformed, and can
/// strip the framing in place.
/// </summary>
/// <remarks>
/// Stricter than the grammar: sizes of at most 15 digits, extensions and each trailer line of at most 512 and 4,096 bytes, at most 100
/// trailer lines, no bare LF or CR, trailers in ASCII, and nothing among them that frames, routes, identifies or describes the message.
/// </remarks>
internal struct ChunkScanner
{
    private const int SizeDigits = 15;
    private const int ExtensionBytes = 512;
    private const int TrailerBytes = 4096;
    private const int TrailerLines = 100;

    private enum At : byte
    {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataReturn,
        DataEnd,
        TrailerStart,
        TrailerName,
        TrailerValue,
        TrailerEnd,
        LastEnd,
        Done,
        Bad,
    }

    private At at;
    private int count;
    private int trailers;
    private long left;
    private ulong nameHash;

    /// <summary>The largest chunk; 0 for whatever the digits can say.</summary>
    public long MostChunk { get; init; }

    public readonly bool IsDone => at == At.Done;

    public readonly bool IsBad => at == At.Bad;

    /// <summary>Bytes of data so far, without framing and trailers.</summary>
    public long Data { get; private set; }

    /// <summary>Takes bytes until the body ends or they do. Returns how many belong to the body; <see cref="IsBad"/> tells of malformed ones.</summary>
    /// <param name="bytes">What arrived. With <paramref name="strip"/>, its beginning holds the data afterwards.</param>
    /// <param name="strip">True to leave only the data.</param>
    /// <param name="kept">Bytes to pass on: all that belong to the body, or its data alone.</param>
    public int Take(Span<byte> bytes, bool strip, out int kept)
    {
        kept = 0;
        var index = 0;
        while (index < bytes.Length && at < At.Done)
        {
            if (at == At.Data)
            {
                var run = (int)Math.Min(left, bytes.Length - index);
                if (strip && kept != index) bytes.Slice(index, run).CopyTo(bytes[kept..]);
                if (strip) kept += run;
                index += run;
                left -= run;
                Data += run;
                if (left == 0) at = At.DataReturn;
            }
            else
            {
                at = Step(bytes[index++]);
            }
        }
        if (!strip) kept = index;
        return index;
    }

    private At Step(byte next) => at switch
    {
        At.Size => StepSize(next),
        At.Extension => next == '\r' ? At.SizeEnd : IsText(next) && ++count <= ExtensionBytes ? At.Extension : At.Bad,
        At.SizeEnd => next != '\n' ? At.Bad : Begin(left == 0 ? At.TrailerStart : At.Data),
        At.DataReturn => next == '\r' ? At.DataEnd : At.Bad,
        At.DataEnd => next == '\n' ? Begin(At.Size) : At.Bad,
        At.TrailerStart => next == '\r' ? At.LastEnd : ++trailers > TrailerLines ? At.Bad : StepName(next),
        At.TrailerName => next == ':' && count > 0 ? CheckName() : StepName(next),
        At.TrailerValue => next == '\r' ? At.TrailerEnd : IsText(next) && next < 0x80 && ++count <= TrailerBytes ? At.TrailerValue : At.Bad,
        At.TrailerEnd => next == '\n' ? Begin(At.TrailerStart) : At.Bad,
        At.LastEnd => next == '\n' ? At.Done : At.Bad,
        _ => At.Bad,
    };

    private At Begin(At state)
    {
        count = 0;
        nameHash = 0;
        return state;
    }

    private At StepSize(byte next)
    {
        var digit = next switch
        {
            >= (byte)'0' and <= (byte)'9' => next - '0',
            >= (byte)'a' and <= (byte)'f' => next - 'a' + 10,
            >= (byte)'A' and <= (byte)'F' => next - 'A' + 10,
            _ => -1,
        };
        if (digit >= 0 && count < SizeDigits)
        {
            left = count++ == 0 ? digit : left * 16 + digit;
            return MostChunk > 0 && left > MostChunk ? At.Bad : At.Size;
        }
        if (count == 0 || digit >= 0) return At.Bad;
        return next == '\r' ? At.SizeEnd : next == ';' ? Begin(At.Extension) : At.Bad;
    }

    private At StepName(byte next)
    {
        var isToken = char.IsAsciiLetterOrDigit((char)next) || "!#$%&'*+-.^_`|~"u8.Contains(next);
        if (!isToken || ++count > TrailerBytes) return At.Bad;
        nameHash = HashOf(nameHash, next);
        return At.TrailerName;
    }

    /// <summary>RFC 9110 §6.5.1: fields that frame or route must not come as trailers. Compared by hash, as the name is not kept.</summary>
    private readonly At CheckName() => Forbidden.AsSpan().Contains(nameHash) ? At.Bad : At.TrailerValue;

    private static readonly ulong[] Forbidden = [.. new[]
    {
        "content-length", "transfer-encoding", "host", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "max-forwards", "via",
        "content-type", "content-encoding", "content-range", "range", "authorization", "proxy-authorization", "proxy-connection", "cookie", "set-cookie",
        "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-prefix", "x-real-ip", "x-request-id", "traceparent",
    }.Select(name => HashOf(System.Text.Encoding.ASCII.GetBytes(name)))];

    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        ulong hash = 0;
        foreach (var letter in name) hash = HashOf(hash, letter);
        return hash;
    }

    private static ulong HashOf(ulong hash, byte letter) => (hash ^ (uint)(letter | 0x20)) * 0x100000001B3UL + 1;

    private static bool IsText(byte next) => next is >= 0x20 and not 0x7F or (byte)'\t';
}
