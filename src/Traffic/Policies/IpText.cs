using System.Buffers.Binary;
using System.Net;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// IP addresses as numbers of 128 bits, IPv4 within <c>::ffff:0:0/96</c>: what is compared and hashed on the path without an object each.
/// </summary>
internal static class IpText
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    /// <summary>The number of an address; an IPv6 address's scope does not count.</summary>
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var length) && length == 4
            ? FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The address of a number.</summary>
    public static IPAddress ToAddress(UInt128 number)
    {
        if (IsIPv4(number)) return new IPAddress(BinaryPrimitives.ReverseEndianness((uint)number));
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    public static UInt128 FromIPv4(uint number) => new(0, MappedPrefix | number);

    public static bool IsIPv4(UInt128 number) => number >> 32 == new UInt128(0, MappedPrefix >> 32);

    /// <summary>
    /// Reads an address as proxies write it: IPv4 with or without a port, IPv6 bare, or in brackets with or without a port. No zones, no
    /// leading zeros in IPv4, which some read as octal.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = default;
        if (text.IsEmpty) return false;
        if (text[0] == '[')
        {
            var end = text.IndexOf((byte)']');
            return end > 0 && IsPort(text[(end + 1)..]) && TryParseIPv6(text[1..end], out address);
        }
        var colon = text.IndexOf((byte)':');
        if (colon >= 0 && text[(colon + 1)..].Contains((byte)':')) return TryParseIPv6(text, out address);
        if (colon >= 0 && !IsPort(text[colon..])) return false;
        if (!TryParseIPv4(colon < 0 ? text : text[..colon], out var four)) return false;
        address = FromIPv4(four);
        return true;
    }

    private static bool IsPort(ReadOnlySpan<byte> text) =>
        text.IsEmpty || (text.Length is >= 2 and <= 6 && text[0] == ':' && !text[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));

    private static bool TryParseIPv4(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;
        for (var part = 0; part < 4; part++)
        {
            var end = part < 3 ? text.IndexOf((byte)'.') : text.Length;
            if (end is < 1 or > 3 || (end > 1 && text[0] == '0')) return false;
            var value = 0u;
            foreach (var digit in text[..end])
            {
                if (digit is < (byte)'0' or > (byte)'9') return false;
                value = value * 10 + digit - '0';
            }
            if (value > 255) return false;
            number = number << 8 | value;
            text = part < 3 ? text[(end + 1)..] : default;
        }
        return true;
    }

    /// <summary>RFC 4291 §2.2: eight groups, one run of zeros as <c>::</c>, the last two groups perhaps as IPv4.</summary>
    private static bool TryParseIPv6(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = default;
        UInt128 before = 0, after = 0;
        var (groups, gapAt) = (0, -1);
        if (text.StartsWith("::"u8))
        {
            gapAt = 0;
            text = text[2..];
        }
        while (!text.IsEmpty)
        {
            var colon = text.IndexOf((byte)':');
            var group = colon < 0 ? text : text[..colon];
            if (colon < 0 && group.Contains((byte)'.'))
            {
                if (groups > 6 || !TryParseIPv4(group, out var four)) return false;
                Append(four >> 16);
                Append(four & 0xFFFF);
                break;
            }
            if (groups == 8 || !TryParseHex(group, out var value)) return false;
            Append(value);
            if (colon < 0) break;
            text = text[(colon + 1)..];
            if (text.IsEmpty) return false;
            if (text[0] != ':') continue;
            if (gapAt >= 0) return false;
            gapAt = groups;
            text = text[1..];
        }
        if (gapAt < 0 ? groups != 8 : groups > 7) return false;
        // What stands before the gap is moved to the front; a shift by all 128 bits would be none.
        address = gapAt < 0 ? before : (gapAt == 0 ? 0 : before << (16 * (8 - gapAt))) | after;
        return true;

        void Append(uint group)
        {
            if (gapAt < 0) before = before << 16 | group;
            else after = after << 16 | group;
            groups++;
        }
    }

    private static bool TryParseHex(ReadOnlySpan<byte> text, out uint value)
    {
        value = 0;
        if (text.Length is 0 or > 4) return false;
        foreach (var letter in text)
        {
            var digit = char.IsAsciiDigit((char)letter) ? letter - '0' : (letter | 0x20) is >= 'a' and <= 'f' ? (letter | 0x20) - 'a' + 10 : -1;
            if (digit < 0) return false;
            value = value << 4 | (uint)digit;
        }
        return true;
    }
}
