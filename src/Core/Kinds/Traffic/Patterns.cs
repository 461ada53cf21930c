using System.Buffers;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Regular expressions in routes. They match the whole of a value, their time grows with its length alone (no backtracking, so no
/// backreferences and no look-around), and they are at most <see cref="MostLength"/> characters long.
/// </summary>
public static class Patterns
{
    /// <summary>Longest expression, in characters.</summary>
    public const int MostLength = 256;

    static readonly SearchValues<char> Special = SearchValues.Create(@"\.[](){}*+?|^$#");

    const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>The expression for whole values.</summary>
    /// <exception cref="ArgumentException">It is not one; <see cref="Check"/> says so before.</exception>
    public static Regex Make(string pattern) => new($@"\A(?:{pattern})\z", Options);

    /// <summary>What is wrong with an expression, if anything.</summary>
    public static IEnumerable<Problem> Check(string path, string pattern)
    {
        if (pattern.Length is 0 or > MostLength)
        {
            return [new(path, $"a regular expression has 1 to {MostLength} characters, this one has {pattern.Length}", "shorten it, or match by prefix and path template")];
        }

        try
        {
            _ = new Regex(pattern, Options);
            _ = Make(pattern);
            return [];
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return [new(path, $"'{pattern}' is not a regular expression that can be used here: {e.Message.TrimEnd('.')}", "write one without backreferences and look-around")];
        }
    }

    /// <summary>Whether an expression matches the whole of a value; false for one that is invalid.</summary>
    internal static bool IsMatch(string pattern, string value) => !Check("", pattern).Any() && Make(pattern).IsMatch(value);

    /// <summary>The text that every match begins with, up to its last slash; empty where there is none.</summary>
    public static string FixedFolder(string pattern)
    {
        if (HasTopLevelChoice(pattern))
        {
            return "";
        }

        var end = pattern.AsSpan().IndexOfAny(Special);
        var text = end < 0 ? pattern : pattern[..end];
        // What a quantifier follows may be absent or repeated.
        if (end >= 0 && pattern[end] is '*' or '+' or '?' or '{')
        {
            text = text[..Math.Max(0, text.Length - 1)];
        }

        return text[..(text.LastIndexOf('/') + 1)];
    }

    static bool HasTopLevelChoice(string pattern)
    {
        var depth = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    break;
                case '[':
                    // A bracket that stands first in a class belongs to it; whatever is not understood counts as a choice.
                    var close = pattern.IndexOf(']', Math.Min(pattern.Length - 1, i + (pattern.AsSpan(i + 1).StartsWith("^") ? 3 : 2)));
                    if (close < 0 || pattern.AsSpan(i, close - i).ContainsAny('\\', '['))
                    {
                        return pattern.Contains('|', StringComparison.Ordinal);
                    }

                    i = close;
                    break;
                case '(':
                    depth++;
                    break;
                case ')':
                    depth--;
                    break;
                case '|' when depth == 0:
                    return true;
            }
        }

        return false;
    }
}
