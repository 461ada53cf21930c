using System.Buffers.Text;

namespace Mainstay.Traffic.Policies;

/// <summary>What part of a file a request asks for (RFC 9110 §14.2). One range is understood; several are answered with the whole, which is allowed.</summary>
/// <param name="From">The first byte.</param>
/// <param name="Length">How many.</param>
/// <param name="Kind">Whether it is a part at all.</param>
internal readonly record struct ByteRange(long From, long Length, ByteRangeKind Kind)
{
    /// <summary>What a Range header means for a file of this size.</summary>
    public static ByteRange Of(ReadOnlySpan<byte> header, long size)
    {
        var whole = new ByteRange(0, size, ByteRangeKind.Whole);
        if (!header.StartsWith("bytes="u8) || header.Contains((byte)',')) return whole;
        var range = header[6..].Trim((byte)' ');
        var dash = range.IndexOf((byte)'-');
        if (dash < 0) return whole;
        var first = range[..dash];
        var last = range[(dash + 1)..];
        if (first.IsEmpty)
        {
            if (!Read(last, out var suffix)) return whole;
            return suffix == 0 || size == 0 ? new(0, 0, ByteRangeKind.Outside) : new(Math.Max(0, size - suffix), Math.Min(suffix, size), ByteRangeKind.Part);
        }
        if (!Read(first, out var from)) return whole;
        var to = size - 1;
        if (!last.IsEmpty && (!Read(last, out to) || to < from)) return whole;
        return from >= size ? new(0, 0, ByteRangeKind.Outside) : new(from, Math.Min(to, size - 1) - from + 1, ByteRangeKind.Part);
    }

    // 18 digits cannot overflow.
    private static bool Read(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        return text.Length is > 0 and <= 18 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9') && Utf8Parser.TryParse(text, out number, out _);
    }
}

/// <summary>Whether a part was asked for.</summary>
internal enum ByteRangeKind
{
    Whole,
    Part,

    /// <summary>A part that the file does not have: 416.</summary>
    Outside,
}
