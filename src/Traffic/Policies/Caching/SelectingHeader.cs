using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>
/// The values of headers that <c>Vary</c> names, written so that values that mean the same are the same (RFC 9111 §4.1): without white space around commas, languages in lower
/// case, and of codings which of the known ones are accepted.
/// </summary>
internal static class SelectingHeader
{
    private static readonly byte[][] Codings = [.. new[] { "br", "compress", "deflate", "gzip", "identity", "zstd" }.Select(Encoding.ASCII.GetBytes)];

    /// <summary>Writes one line's value behind what is there. Returns the new length; -1 where there is no room.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="length">How much is there already.</param>
    /// <param name="name">The header's name in lower case.</param>
    /// <param name="value">The value.</param>
    public static int Write(Span<byte> into, int length, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("accept-encoding"u8)) return WriteCodings(into, length, value, null);
        return into.Length - length < value.Length + 8 ? -1 : WriteText(into, length, name, value);
    }

    /// <summary>The same for Accept-Encoding.</summary>
    /// <param name="into">Where to.</param>
    /// <param name="length">How much is there already.</param>
    /// <param name="value">The value.</param>
    /// <param name="known">What was read last.</param>
    public static int WriteCodings(Span<byte> into, int length, ReadOnlySpan<byte> value, AcceptedCodings? known)
    {
        if (into.Length - length < value.Length + 8) return -1;
        if ((known is null ? Accepted(value) : known.Of(value)) is not (>= 0 and var mask)) return WriteText(into, length, "accept-encoding"u8, value);
        into[length++] = (byte)',';
        // A byte that no value has tells it from text.
        into[length++] = 1;
        into[length++] = (byte)(mask + 32);
        return length;
    }

    private static int WriteText(Span<byte> into, int length, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        into[length++] = (byte)',';
        var lowers = name.SequenceEqual("accept-language"u8);
        var wasSpace = true;
        foreach (var one in value)
        {
            var isSpace = one is (byte)' ' or (byte)'\t';
            if (isSpace && wasSpace) continue;
            if (one == ',' && length > 0 && into[length - 1] == ' ') length--;
            into[length++] = isSpace ? (byte)' ' : lowers && one is >= (byte)'A' and <= (byte)'Z' ? (byte)(one | 0x20) : one;
            wasSpace = isSpace || one == ',';
        }
        return length;
    }

    /// <summary>A bit for each coding that is accepted; -1 where something else is said, which is then taken by its letters.</summary>
    internal static int Accepted(ReadOnlySpan<byte> value)
    {
        var mask = 0;
        foreach (var range in value.Split((byte)','))
        {
            var part = value[range].Trim(" \t"u8);
            if (part.IsEmpty) continue;
            var end = part.IndexOf((byte)';');
            // A weight makes an order of preference, which only its letters tell; the weight 1 is none.
            if (end >= 0 && !part[(end + 1)..].Trim((byte)' ').SequenceEqual("q=1"u8) && !part[(end + 1)..].Trim((byte)' ').SequenceEqual("q=1.0"u8)) return -1;
            var coding = (end < 0 ? part : part[..end]).Trim((byte)' ');
            var known = -1;
            for (var index = 0; index < Codings.Length; index++)
            {
                if (Codings[index].Length == coding.Length && Ascii.EqualsIgnoreCase(Codings[index], coding)) known = index;
            }
            if (known < 0) return -1;
            mask |= 1 << known;
        }
        return mask;
    }
}
