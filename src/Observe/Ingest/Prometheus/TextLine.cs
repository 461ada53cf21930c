using System.Buffers.Text;
using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Prometheus;

/// <summary>One line of the text, read from left to right.</summary>
internal ref struct TextLine(ReadOnlySpan<byte> body, int at, int end)
{
    int at = at;

    public ReadOnlySpan<byte> Body { get; } = body;

    public readonly int Position => at;

    public readonly bool IsAtEnd => at >= end;

    /// <summary>The next byte; 0 at the end.</summary>
    public readonly byte Peek => at < end ? Body[at] : (byte)0;

    /// <summary>Whether what follows can be a number.</summary>
    public bool HasNumber
    {
        get
        {
            Blanks();
            return at < end && Body[at] != '#';
        }
    }

    public void Advance() => at++;

    public void Blanks()
    {
        while (at < end && Body[at] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            at++;
        }
    }

    public ReadOnlySpan<byte> Word()
    {
        var start = at;
        while (at < end && Body[at] is not ((byte)' ' or (byte)'\t' or (byte)'\r'))
        {
            at++;
        }

        return Body[start..at];
    }

    /// <summary>Passes a metric's or label's name.</summary>
    public void Name()
    {
        while (at < end && (char.IsAsciiLetterOrDigit((char)Body[at]) || Body[at] is (byte)'_' or (byte)':' or (byte)'.'))
        {
            at++;
        }
    }

    /// <summary>A text in quotes with the escapes \\, \" and \n; without a scratch its text is only passed.</summary>
    public bool Quoted(DecodeScratch? scratch, out TextRef text, out bool tooMuch)
    {
        (text, tooMuch) = (default, false);
        if (Peek != '"')
        {
            return false;
        }

        var start = ++at;
        var escapes = false;
        while (at < end && Body[at] != '"')
        {
            escapes |= Body[at] == '\\';
            at += Body[at] == '\\' ? 2 : 1;
        }

        if (at >= end)
        {
            at = end;
            return false;
        }

        text = new(start, at++ - start);
        if (escapes && scratch is not null)
        {
            var json = new JsonText(scratch);
            Unescape(ref json, Body.Slice(text.Start, text.Length));
            (text, tooMuch) = (json.Done, json.Overflowed);
        }

        return !tooMuch;
    }

    public bool Number(out double value)
    {
        Blanks();
        var word = Word();
        value = 0;
        var bare = word.Length > 0 && word[0] is (byte)'+' or (byte)'-' ? word[1..] : word;
        var sign = word.Length > 0 && word[0] == '-' ? -1 : 1;
        if (Ascii.EqualsIgnoreCase(bare, "inf"u8) || Ascii.EqualsIgnoreCase(bare, "infinity"u8))
        {
            value = sign * double.PositiveInfinity;
            return true;
        }

        if (Ascii.EqualsIgnoreCase(bare, "nan"u8))
        {
            value = double.NaN;
            return true;
        }

        return Utf8Parser.TryParse(word, out value, out var used) && used == word.Length;
    }

    static void Unescape(ref JsonText into, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var slash = text.IndexOf((byte)'\\');
            if (slash < 0 || slash + 1 >= text.Length)
            {
                into.Raw(text);
                return;
            }

            into.Raw(text[..slash]);
            into.Raw(text[slash + 1] switch { (byte)'n' => "\n"u8, (byte)'"' => "\""u8, (byte)'\\' => "\\"u8, _ => text.Slice(slash, 2) });
            text = text[(slash + 2)..];
        }
    }
}
