using System.Buffers.Text;

namespace Mainstay.Observe.Collect;

/// <summary>Reads the text of <c>/proc</c> and <c>/sys</c> files in place. What is not as expected reads as absent, never as an error.</summary>
public static class ProcText
{
    /// <summary>Takes the next line, without its end, off the front; false where nothing is left.</summary>
    public static bool Line(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> line)
    {
        if (text.IsEmpty)
        {
            line = default;
            return false;
        }

        var end = text.IndexOf((byte)'\n');
        line = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return true;
    }

    /// <summary>Takes the next word, bounded by blanks, off the front; empty where none is left.</summary>
    public static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> line)
    {
        var start = line.IndexOfAnyExcept((byte)' ', (byte)'\t');
        if (start < 0)
        {
            line = default;
            return default;
        }

        line = line[start..];
        var end = line.IndexOfAny((byte)' ', (byte)'\t');
        var word = end < 0 ? line : line[..end];
        line = end < 0 ? default : line[end..];
        return word;
    }

    /// <summary>Takes the next word as a whole number; 0 where it is none.</summary>
    public static ulong Number(ref ReadOnlySpan<byte> line) => Value(Word(ref line)) ?? 0;

    /// <summary>Passes over words.</summary>
    public static void Skip(ref ReadOnlySpan<byte> line, int words)
    {
        for (var i = 0; i < words; i++)
        {
            Word(ref line);
        }
    }

    /// <summary>A word as a whole number; null where it is none.</summary>
    public static ulong? Value(ReadOnlySpan<byte> word) =>
        Utf8Parser.TryParse(word, out ulong value, out var used) && used == word.Length ? value : null;

    /// <summary>A word as a number with decimals; null where it is none.</summary>
    public static double? Decimal(ReadOnlySpan<byte> word) =>
        Utf8Parser.TryParse(word, out double value, out var used) && used == word.Length && double.IsFinite(value) ? value : null;

    /// <summary>The number after a key that begins a line, such as <c>MemTotal: 5 kB</c> or <c>nr_throttled 5</c>; null where it is absent.</summary>
    public static ulong? Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        while (Line(ref text, out var line))
        {
            if (line.StartsWith(key) && line.Length > key.Length && line[key.Length] is (byte)':' or (byte)' ' or (byte)'\t')
            {
                var rest = line[(key.Length + 1)..];
                return Value(Word(ref rest));
            }
        }

        return null;
    }
}
