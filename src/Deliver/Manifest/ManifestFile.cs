using System.Text;
using System.Text.Unicode;
using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>One manifest file as text.</summary>
/// <param name="Path">As the user named it, for messages.</param>
/// <param name="Text">Its content.</param>
public sealed record ManifestFile(string Path, string Text)
{
    /// <summary>The longest text of all files of a manifest together, in UTF-16 units.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>Reads UTF-8, with or without a byte order mark; anything else is a problem.</summary>
    public static (ManifestFile? File, PlacedProblem? Problem) Decode(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength)
        {
            return (null, TooLong(path));
        }

        if (bytes is [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..])
        {
            return (null, Wrong(new(path, 0, 0), "the text is UTF-16", "save it as UTF-8"));
        }

        bytes = bytes is [0xEF, 0xBB, 0xBF, ..] ? bytes[3..] : bytes;
        if (!Utf8.IsValid(bytes))
        {
            var good = Utf8.ToUtf16(bytes, new char[bytes.Length], out var read, out _, replaceInvalidSequences: false) is var _ ? read : 0;
            return (null, Wrong(PlaceAt(path, Encoding.UTF8.GetString(bytes[..good]), int.MaxValue), "the text is not UTF-8", "save the file as UTF-8, or check that it is a manifest at all"));
        }

        return (new(path, Encoding.UTF8.GetString(bytes)), null);
    }

    /// <summary>What makes the text unreadable before YAML comes into it.</summary>
    internal PlacedProblem? Check()
    {
        if (Text.Length > MaxLength)
        {
            return TooLong(Path);
        }

        // YAML 1.2 §5.1: the C0 controls but tab and line ends, and DEL, are not printable. U+FFFD stands where a decoder gave up.
        for (var i = 0; i < Text.Length; i++)
        {
            var c = Text[i];
            if ((c < ' ' && c is not ('\t' or '\n' or '\r')) || c == '\x7F')
            {
                return Wrong(PlaceAt(Path, Text, i), $"the control character U+{(int)c:X4} is not text", "remove it, or check that this is a manifest at all");
            }

            if (c == '\uFFFD' || (char.IsSurrogate(c) && !IsPair(i)))
            {
                return Wrong(PlaceAt(Path, Text, i), "the text is not UTF-8", "save the file as UTF-8, or check that it is a manifest at all");
            }
        }

        return null;
    }

    bool IsPair(int i) =>
        char.IsHighSurrogate(Text[i]) ? i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]) : i > 0 && char.IsHighSurrogate(Text[i - 1]);

    static PlacedProblem TooLong(string path) => Wrong(
        new(path, 0, 0), $"the text is longer than {MaxLength / (1024 * 1024)} Mi characters", "check that this is a manifest at all, or split the architecture");

    static PlacedProblem Wrong(Place place, string what, string remedy) => new(place, new Problem("", what, remedy));

    static Place PlaceAt(string path, string text, int index)
    {
        var before = text.AsSpan(0, Math.Min(index, text.Length));
        return new(path, before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }
}
