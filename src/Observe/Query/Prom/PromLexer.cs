using System.Globalization;
using System.Text;

namespace Mainstay.Observe.Query.Prom;

enum PromTokenKind
{
    End,
    Name,
    Number,
    Duration,
    Text,
    Symbol,
}

/// <summary>One word of the text.</summary>
/// <param name="Text">As written; of a text in quotes what it says.</param>
/// <param name="Value">Of a number its value, of a duration its milliseconds.</param>
readonly record struct PromToken(PromTokenKind Kind, int At, string Text, double Value = 0)
{
    public bool Is(string symbol) => Kind == PromTokenKind.Symbol && Text == symbol;

    public bool IsWord(string word) => Kind == PromTokenKind.Name && string.Equals(Text, word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Cuts the text of an expression into words.</summary>
sealed class PromLexer(string text)
{
    static readonly string[] Symbols = ["==", "!=", "!~", "=~", ">=", "<=", "(", ")", "{", "}", "[", "]", ",", ":", "=", ">", "<", "+", "-", "*", "/", "%", "^", "@"];

    int at;

    public PromFault? Fault { get; private set; }

    /// <summary>The next word; the end after a fault.</summary>
    public PromToken Next()
    {
        Blanks();
        if (at >= text.Length || Fault is not null)
        {
            return new(PromTokenKind.End, text.Length, "");
        }

        var start = at;
        var c = text[at];
        if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
        {
            return Number(start);
        }

        if (char.IsAsciiLetter(c) || c is '_')
        {
            return Name(start);
        }

        if (c is '"' or '\'' or '`')
        {
            return Quoted(start);
        }

        foreach (var symbol in Symbols)
        {
            if (string.CompareOrdinal(text, at, symbol, 0, symbol.Length) == 0)
            {
                at += symbol.Length;
                return new(PromTokenKind.Symbol, start, symbol);
            }
        }

        return Fail($"'{c}' is not expected", start);
    }

    void Blanks()
    {
        while (at < text.Length)
        {
            if (text[at] == '#')
            {
                while (at < text.Length && text[at] != '\n')
                {
                    at++;
                }
            }
            else if (text[at] is ' ' or '\t' or '\n' or '\r')
            {
                at++;
            }
            else
            {
                return;
            }
        }
    }

    // Dots within a name are ours: they let OpenTelemetry's names stand without quotes.
    PromToken Name(int start)
    {
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or ':' || (text[at] == '.' && at + 1 < text.Length && (char.IsAsciiLetterOrDigit(text[at + 1]) || text[at + 1] == '_'))))
        {
            at++;
        }

        var word = text[start..at];
        return word.ToLowerInvariant() switch
        {
            "inf" => new(PromTokenKind.Number, start, word, double.PositiveInfinity),
            "nan" => new(PromTokenKind.Number, start, word, double.NaN),
            _ => new(PromTokenKind.Name, start, word),
        };
    }

    PromToken Number(int start)
    {
        if (text[at] == '0' && at + 1 < text.Length && text[at + 1] is 'x' or 'X')
        {
            at += 2;
            while (at < text.Length && char.IsAsciiHexDigit(text[at]))
            {
                at++;
            }

            return at - start is > 2 and <= 18 ? new(PromTokenKind.Number, start, text[start..at], ulong.Parse(text.AsSpan()[(start + 2)..at], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                : Fail("a hexadecimal number of 1 to 16 digits is expected", start);
        }

        Digits();
        if (at < text.Length && text[at] is 'y' or 'w' or 'd' or 'h' or 'm' or 's')
        {
            return Duration(start);
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            Digits();
        }

        if (at < text.Length && text[at] is 'e' or 'E')
        {
            var mark = at++;
            at += at < text.Length && text[at] is '+' or '-' ? 1 : 0;
            var digits = at;
            Digits();
            at = digits == at ? mark : at;
        }

        var word = text[start..at];
        return at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_') || !double.TryParse(word.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? Fail($"'{word}{(at < text.Length ? text[at] : ' ')}' is neither a number nor a duration", start)
            : new(PromTokenKind.Number, start, word, value);
    }

    void Digits()
    {
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '_' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))))
        {
            at++;
        }
    }

    // 1h30m: each unit once, from the largest down.
    PromToken Duration(int start)
    {
        at = start;
        var (total, last) = (0.0, 7);
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            var from = at;
            Digits();
            var count = double.Parse(text[from..at].Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture);
            var (rank, unit, length) = Unit();
            if (rank >= last)
            {
                return Fail("a duration such as 5m or 1h30m is expected", start);
            }

            (total, last, at) = (total + (count * unit), rank, at + length);
        }

        return at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_') || total > 1e14
            ? Fail("a duration such as 5m or 1h30m is expected", start)
            : new(PromTokenKind.Duration, start, text[start..at], total);
    }

    (int Rank, double Ms, int Length) Unit()
    {
        var isMs = at + 1 < text.Length && text[at] == 'm' && text[at + 1] == 's';
        return at >= text.Length ? (9, 0, 0) : text[at] switch
        {
            _ when isMs => (0, 1, 2),
            's' => (1, 1e3, 1),
            'm' => (2, 6e4, 1),
            'h' => (3, 3.6e6, 1),
            'd' => (4, 8.64e7, 1),
            'w' => (5, 6.048e8, 1),
            'y' => (6, 3.1536e10, 1),
            _ => (9, 0, 0),
        };
    }

    PromToken Quoted(int start)
    {
        var quote = text[at++];
        var value = new StringBuilder();
        for (; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] == '\n' && quote != '`')
            {
                break;
            }

            if (text[at] != '\\' || quote == '`')
            {
                value.Append(text[at]);
            }
            else if (!Escape(value))
            {
                return Fail("a backslash stands before none of a b f n r t v \\ \" ' x u U or three octal digits", at);
            }
        }

        if (at >= text.Length || text[at] != quote)
        {
            return Fail("the text in quotes does not end", start);
        }

        at++;
        return new(PromTokenKind.Text, start, value.ToString());
    }

    bool Escape(StringBuilder into)
    {
        at++;
        var c = at < text.Length ? text[at] : '\0';
        var simple = "abfnrtv\\\"'".IndexOf(c, StringComparison.Ordinal);
        if (c != '\0' && simple >= 0)
        {
            into.Append("\a\b\f\n\r\t\v\\\"'"[simple]);
            return true;
        }

        var (skip, length, style) = c switch { 'x' => (1, 2, 16), 'u' => (1, 4, 16), 'U' => (1, 8, 16), >= '0' and <= '7' => (0, 3, 8), _ => (0, 0, 0) };
        if (length == 0 || at + skip + length > text.Length)
        {
            return false;
        }

        long code = 0;
        foreach (var digit in text.AsSpan(at + skip, length))
        {
            var number = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : 99;
            if (number >= style)
            {
                return false;
            }

            code = (code * style) + number;
        }

        if (code > 0x10FFFF || code is >= 0xD800 and <= 0xDFFF)
        {
            return false;
        }

        into.Append(char.ConvertFromUtf32((int)code));
        at += skip + length - 1;
        return true;
    }

    PromToken Fail(string what, int where)
    {
        Fault ??= new(what, where);
        at = text.Length;
        return new(PromTokenKind.End, where, "");
    }
}
