namespace Mainstay.Traffic.Path;

/// <summary>Percent-encoding as queries have it (a plus sign is a space). Malformed encodings stand for themselves.</summary>
internal static class Percent
{
    /// <summary>Whether an encoded text is this decoded one.</summary>
    public static bool Equals(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> decoded)
    {
        var at = 0;
        for (var index = 0; index < encoded.Length; at++)
        {
            if (at == decoded.Length || Next(encoded, ref index) != decoded[at]) return false;
        }
        return at == decoded.Length;
    }

    /// <summary>Decodes into a span that is as long at least. Returns the length.</summary>
    public static int Decode(ReadOnlySpan<byte> encoded, Span<byte> into)
    {
        var length = 0;
        for (var index = 0; index < encoded.Length;) into[length++] = Next(encoded, ref index);
        return length;
    }

    /// <summary>0 to 15, or -1.</summary>
    public static int HexOf(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };

    private static byte Next(ReadOnlySpan<byte> encoded, ref int index)
    {
        var next = encoded[index++];
        if (next == '+') return (byte)' ';
        if (next != '%' || index + 1 >= encoded.Length) return next;
        var (high, low) = (HexOf(encoded[index]), HexOf(encoded[index + 1]));
        if (high < 0 || low < 0) return next;
        index += 2;
        return (byte)(high * 16 + low);
    }
}
