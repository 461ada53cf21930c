using System.Buffers.Binary;
using System.Net;
using System.Numerics;

namespace Mainstay.Traffic.Policies;

/// <summary>How far a header of the PROXY protocol is there.</summary>
internal enum ProxyHeaderStatus
{
    Incomplete,
    Complete,
    Bad,
}

/// <summary>
/// The header with which a load balancer begins a connection (proxy-protocol.txt of HAProxy, versions 1 and 2): whose connection it passes on. Read
/// strictly; what a sender must not send is bad, whatever it may have meant.
/// </summary>
/// <param name="Length">Bytes of the header.</param>
/// <param name="Source">The client; null where the connection is the sender's own (LOCAL), or of a kind that is not told (UNKNOWN, UNSPEC, UNIX, datagrams).</param>
internal readonly record struct ProxyHeader(int Length, IPEndPoint? Source)
{
    /// <summary>The longest header: the extensions of version 2 may be long, and this is what proxies in the field send at most, with room to spare.</summary>
    public const int Most = 4096;

    /// <summary>§2.1: the longest line of version 1, with its line end.</summary>
    public const int MostText = 107;

    private const int FixedPart = 16;
    private const byte ChecksumType = 0x03;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads the header at the beginning of what was received.</summary>
    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        if (received.IsEmpty) return ProxyHeaderStatus.Incomplete;
        if (received[0] == 'P') return ReadText(received, out header);
        var common = Math.Min(received.Length, Signature.Length);
        if (!received[..common].SequenceEqual(Signature[..common])) return ProxyHeaderStatus.Bad;
        return ReadBinary(received, out header);
    }

    /// <summary>§2.1: one line, words separated by exactly one space.</summary>
    private static ProxyHeaderStatus ReadText(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        var start = "PROXY "u8;
        var common = Math.Min(received.Length, start.Length);
        if (!received[..common].SequenceEqual(start[..common])) return ProxyHeaderStatus.Bad;
        var line = received[..Math.Min(received.Length, MostText)];
        var end = line.IndexOf((byte)'\n');
        if (end < 0) return line.Length == MostText ? ProxyHeaderStatus.Bad : ProxyHeaderStatus.Incomplete;
        if (end < start.Length || line[end - 1] != '\r') return ProxyHeaderStatus.Bad;
        var words = line[start.Length..(end - 1)];
        if (words.Contains((byte)'\r')) return ProxyHeaderStatus.Bad;
        // What follows UNKNOWN is to be ignored.
        if (words.SequenceEqual("UNKNOWN"u8) || words.StartsWith("UNKNOWN "u8))
        {
            header = new ProxyHeader(end + 1, null);
            return ProxyHeaderStatus.Complete;
        }
        var isV4 = words.StartsWith("TCP4 "u8);
        if (!isV4 && !words.StartsWith("TCP6 "u8)) return ProxyHeaderStatus.Bad;
        words = words[5..];
        if (!TakeAddress(ref words, isV4, out var source) || !TakeAddress(ref words, isV4, out _)) return ProxyHeaderStatus.Bad;
        var space = words.IndexOf((byte)' ');
        if (space < 0 || !TryParsePort(words[..space], out var port) || !TryParsePort(words[(space + 1)..], out _)) return ProxyHeaderStatus.Bad;
        header = new ProxyHeader(end + 1, new IPEndPoint(IpText.ToAddress(source), port));
        return ProxyHeaderStatus.Complete;
    }

    private static bool TakeAddress(ref ReadOnlySpan<byte> words, bool isV4, out UInt128 address)
    {
        address = default;
        var space = words.IndexOf((byte)' ');
        if (space < 0) return false;
        var word = words[..space];
        words = words[(space + 1)..];
        // No brackets and no port, which proxies write elsewhere.
        return !word.Contains((byte)'[') && word.Contains((byte)':') != isV4 && IpText.TryParse(word, out address);
    }

    private static bool TryParsePort(ReadOnlySpan<byte> word, out int port)
    {
        port = 0;
        if (word.Length is 0 or > 5 || (word[0] == '0' && word.Length > 1)) return false;
        foreach (var digit in word)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            port = port * 10 + digit - '0';
        }
        return port <= ushort.MaxValue;
    }

    /// <summary>§2.2: signature, version and command, family and protocol, length; then addresses and extensions.</summary>
    private static ProxyHeaderStatus ReadBinary(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        if (received.Length > 12 && (received[12] is not (0x20 or 0x21))) return ProxyHeaderStatus.Bad;
        if (received.Length > 13 && (received[13] >> 4 > 3 || (received[13] & 0xF) > 2)) return ProxyHeaderStatus.Bad;
        if (received.Length < FixedPart) return ProxyHeaderStatus.Incomplete;
        var length = FixedPart + BinaryPrimitives.ReadUInt16BigEndian(received[14..]);
        if (length > Most) return ProxyHeaderStatus.Bad;
        var (isLocal, kind) = (received[12] == 0x20, received[13]);
        var addresses = isLocal ? 0 : (kind >> 4) switch { 1 => 12, 2 => 36, 3 => 216, _ => 0 };
        if (length < FixedPart + addresses) return ProxyHeaderStatus.Bad;
        if (received.Length < length) return ProxyHeaderStatus.Incomplete;
        header = new ProxyHeader(length, null);
        // The receiver uses its own connection's addresses, and skips the rest, whatever it is.
        if (isLocal || kind >> 4 == 0) return ProxyHeaderStatus.Complete;
        if (!HasWholeExtensions(received[..length], FixedPart + addresses)) return ProxyHeaderStatus.Bad;
        var part = received[FixedPart..];
        header = kind switch
        {
            0x11 => new ProxyHeader(length, new IPEndPoint(IpText.ToAddress(IpText.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(part))), BinaryPrimitives.ReadUInt16BigEndian(part[8..]))),
            0x21 => new ProxyHeader(length, new IPEndPoint(IpText.ToAddress(BinaryPrimitives.ReadUInt128BigEndian(part)), BinaryPrimitives.ReadUInt16BigEndian(part[32..]))),
            _ => header,
        };
        return ProxyHeaderStatus.Complete;
    }

    /// <summary>§2.2.3 to §2.2.7: extensions are skipped, but they must be whole, and where one is the header's checksum it must hold.</summary>
    private static bool HasWholeExtensions(ReadOnlySpan<byte> header, int from)
    {
        var checksumAt = -1;
        while (from < header.Length)
        {
            if (header.Length - from < 3) return false;
            var size = BinaryPrimitives.ReadUInt16BigEndian(header[(from + 1)..]);
            if (header.Length - from - 3 < size) return false;
            if (header[from] == ChecksumType)
            {
                if (size != 4 || checksumAt >= 0) return false;
                checksumAt = from + 3;
            }
            from += 3 + size;
        }
        if (checksumAt < 0) return true;
        var sum = uint.MaxValue;
        for (var at = 0; at < header.Length; at++) sum = BitOperations.Crc32C(sum, at >= checksumAt && at < checksumAt + 4 ? (byte)0 : header[at]);
        return BinaryPrimitives.ReadUInt32BigEndian(header[checksumAt..]) == ~sum;
    }
}
