using System.Text;

namespace Mainstay.Host.Cli.Output;

/// <summary>Columns that text takes on a terminal: escape sequences and combining marks none, East Asian wide characters two.</summary>
public static class TextWidth
{
    public static int Of(string text)
    {
        var columns = 0;
        Walk(text, (_, width, _) =>
        {
            columns += width;
            return true;
        });
        return columns;
    }

    public static string PadRight(string text, int columns) => text + new string(' ', Math.Max(0, columns - Of(text)));

    public static string PadLeft(string text, int columns) => new string(' ', Math.Max(0, columns - Of(text))) + text;

    /// <summary>The text when it fits; else as much as does, with an ellipsis. Colours that were begun are ended.</summary>
    public static string Fit(string text, int columns)
    {
        if (Of(text) <= columns)
        {
            return text;
        }

        var kept = new StringBuilder();
        var used = 0;
        var colored = false;
        Walk(text, (part, width, escape) =>
        {
            colored |= escape;
            used += width;
            if (used > columns - 1)
            {
                return false;
            }

            kept.Append(part);
            return true;
        });
        return kept.Append('…').Append(colored ? "\e[0m" : "").ToString();
    }

    /// <summary>One line without anything that could move the cursor: control characters become spaces, escape sequences vanish.</summary>
    public static string Harmless(string text)
    {
        var clean = new StringBuilder();
        Walk(text, (part, _, escape) =>
        {
            clean.Append(escape ? "" : char.IsControl(part[0]) ? " " : part);
            return true;
        });
        return clean.ToString();
    }

    static void Walk(string text, Func<string, int, bool, bool> visit)
    {
        var at = 0;
        while (at < text.Length)
        {
            var escape = EscapeLength(text, at);
            if (escape > 0)
            {
                if (!visit(text.Substring(at, escape), 0, true))
                {
                    return;
                }

                at += escape;
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
            if (!visit(text.Substring(at, length), WidthOf(rune), false))
            {
                return;
            }

            at += length;
        }
    }

    // ECMA-48 §5.4: CSI, parameters and intermediates up to one final byte 0x40–0x7E.
    static int EscapeLength(string text, int at)
    {
        if (text[at] != '\e' || at + 1 >= text.Length || text[at + 1] != '[')
        {
            return 0;
        }

        var end = at + 2;
        while (end < text.Length && text[end] is < '@' or > '~')
        {
            end++;
        }

        return Math.Min(end + 1, text.Length) - at;
    }

    static int WidthOf(Rune rune) => rune.Value switch
    {
        _ when Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.Format => 0,
        >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF => 2,
        >= 0xFE30 and <= 0xFE6F or >= 0xFF00 and <= 0xFF60 or >= 0xFFE0 and <= 0xFFE6 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD => 2,
        _ => 1,
    };
}
