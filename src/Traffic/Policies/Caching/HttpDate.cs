using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>Dates in headers (RFC 9110 §5.6.7): the one form in which they are written, and the two obsolete ones in which they may still come.</summary>
internal static class HttpDate
{
    private static readonly string[] Obsolete = ["dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "ddd MMM  d HH:mm:ss yyyy"];

    /// <summary>Milliseconds since 1970, or null for what is no date.</summary>
    public static long? Read(ReadOnlySpan<byte> text)
    {
        if (text.Length == 29 && Utf8Parser.TryParse(text, out DateTimeOffset date, out var used, 'R') && used == text.Length) return date.ToUnixTimeMilliseconds();
        if (text.Length is < 24 or > 33) return null;
        return DateTimeOffset.TryParseExact(Encoding.ASCII.GetString(text), Obsolete, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var old)
            ? old.ToUnixTimeMilliseconds()
            : null;
    }
}
