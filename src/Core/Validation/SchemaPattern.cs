using System.Text;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Validation;

/// <summary>
/// ECMA-262's regular expressions, as schemas have them, made into those of the runtime: <c>\d</c> and <c>\w</c> mean ASCII, <c>$</c> the very end, and a dot no
/// line end. Without backtracking: the time grows with the text alone.
/// </summary>
static class SchemaPattern
{
    public const int MostLength = 1000;

    /// <summary>The expression, or what is wrong with it.</summary>
    public static (Regex? Pattern, string? Wrong) Read(string pattern)
    {
        if (pattern.Length > MostLength)
        {
            return (null, $"it has more than {MostLength} characters");
        }

        try
        {
            return (new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), null);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }

    static string Translate(string pattern)
    {
        var text = new StringBuilder();
        var inClass = false;
        for (var at = 0; at < pattern.Length; at++)
        {
            var letter = pattern[at];
            if (letter == '\\' && at + 1 < pattern.Length)
            {
                at++;
                text.Append(Escape(pattern[at], inClass));
            }
            else if (inClass)
            {
                inClass = letter != ']';
                // A bracket within a class is itself; the runtime would subtract a class.
                text.Append(letter == '[' ? @"\[" : letter.ToString());
            }
            else if (letter == '[')
            {
                inClass = true;
                text.Append(letter);
            }
            else
            {
                text.Append(letter switch { '$' => @"\z", '.' => @"[^\n\r\u2028\u2029]", _ => letter.ToString() });
            }
        }

        return text.ToString();
    }

    static string Escape(char letter, bool inClass) => (letter, inClass) switch
    {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', false) => "[^0-9]",
        ('w', false) => "[A-Za-z0-9_]",
        ('w', true) => "A-Za-z0-9_",
        ('W', false) => "[^A-Za-z0-9_]",
        ('/', _) => "/",
        ('-', _) => @"\-",
        // What ECMA-262 does not know, or means otherwise, is for the runtime to refuse.
        ('A' or 'Z' or 'z' or 'G', false) => @"\8",
        _ => $@"\{letter}",
    };
}
