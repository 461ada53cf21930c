using System.Buffers;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>What RFC 9113 §8.2 asks of every field.</summary>
internal static class FieldRules
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>A token without upper case (§8.2.1).</summary>
    public static bool IsName(ReadOnlySpan<byte> name) => !name.IsEmpty && name.IndexOfAnyExcept(NameBytes) < 0;

    /// <summary>Nothing that would end the line, and no white space around it (§8.2.1).</summary>
    public static bool IsValue(ReadOnlySpan<byte> value) =>
        value.IndexOfAny((byte)0, (byte)'\r', (byte)'\n') < 0
        && (value.IsEmpty || (value[0] is not ((byte)' ' or (byte)'\t') && value[^1] is not ((byte)' ' or (byte)'\t')));

    /// <summary>Belongs to one connection of HTTP/1.1 (§8.2.2), or is <c>te</c> with anything but <c>trailers</c>.</summary>
    public static bool IsOfConnection(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => name.Length switch
    {
        2 => name.SequenceEqual("te"u8) && !System.Text.Ascii.EqualsIgnoreCase(value, "trailers"u8),
        7 => name.SequenceEqual("upgrade"u8),
        10 => name.SequenceEqual("connection"u8) || name.SequenceEqual("keep-alive"u8),
        16 => name.SequenceEqual("proxy-connection"u8),
        17 => name.SequenceEqual("transfer-encoding"u8),
        _ => false,
    };
}
