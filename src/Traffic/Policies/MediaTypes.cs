using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>Which media types (RFC 9110 §8.3.1) there may be: exact ones, <c>text/*</c>, and <c>application/*+json</c>.</summary>
internal sealed class MediaTypes(IEnumerable<string> allowed)
{
    private readonly (byte[] Start, byte[] End, bool IsExact)[] patterns = [.. allowed.Select(Read)];

    /// <summary>Whether a Content-Type is one of them; parameters do not count, but for text that is to be read as JSON none but UTF-8 does.</summary>
    /// <param name="contentType">The header's value.</param>
    /// <param name="isJson">Whether the body is read as JSON.</param>
    public bool Allow(ReadOnlySpan<byte> contentType, bool isJson)
    {
        var end = contentType.IndexOf((byte)';');
        var type = (end < 0 ? contentType : contentType[..end]).Trim(" \t"u8);
        if (isJson && end >= 0 && !IsUtf8(contentType[(end + 1)..])) return false;
        foreach (var (start, tail, isExact) in patterns)
        {
            if (isExact ? Ascii.EqualsIgnoreCase(type, start) : type.Length > start.Length + tail.Length
                && Ascii.EqualsIgnoreCase(type[..start.Length], start) && Ascii.EqualsIgnoreCase(type[^tail.Length..], tail) && !type[start.Length..].Contains((byte)'/'))
            {
                return true;
            }
        }
        return false;
    }

    private static (byte[] Start, byte[] End, bool IsExact) Read(string text)
    {
        var star = text.IndexOf('*', StringComparison.Ordinal);
        return star < 0 ? (Encoding.ASCII.GetBytes(text), [], true) : (Encoding.ASCII.GetBytes(text[..star]), Encoding.ASCII.GetBytes(text[(star + 1)..]), false);
    }

    /// <summary>RFC 8259 §8.1: JSON between systems is UTF-8.</summary>
    private static bool IsUtf8(ReadOnlySpan<byte> parameters)
    {
        foreach (var range in parameters.Split((byte)';'))
        {
            var one = parameters[range].Trim(" \t"u8);
            if (one.Length < 8 || !Ascii.EqualsIgnoreCase(one[..8], "charset="u8)) continue;
            var value = one[8..].Trim((byte)'"');
            if (!Ascii.EqualsIgnoreCase(value, "utf-8"u8) && !Ascii.EqualsIgnoreCase(value, "us-ascii"u8)) return false;
        }
        return true;
    }
}
