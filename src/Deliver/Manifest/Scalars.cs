using System.Globalization;
using System.Text.Json;
using Mainstay.Core.Kinds;

namespace Mainstay.Deliver.Manifest;

/// <summary>Reads single values: text, numbers, true and false, durations, and words of an enumeration.</summary>
static class Scalars
{
    public static bool Knows(Type type) =>
        type == typeof(string) || type == typeof(int) || type == typeof(double) || type == typeof(bool) || type == typeof(TimeSpan) || type.IsEnum || Notation.Of(type) is not null;

    /// <summary>What is expected, for messages.</summary>
    public static string Noun(Type type) =>
        Notation.Of(type) is { } own ? own.Noun : type == typeof(string) ? "text" : type == typeof(int) ? "a whole number" : type == typeof(double) ? "a number" : type == typeof(bool) ? "true or false" : type == typeof(TimeSpan) ? "a duration" : "a word";

    /// <summary>A value that would do, for remedies.</summary>
    public static string Example(Type type) =>
        Notation.Of(type) is { } own ? $"{own.Noun}, for example {own.Example}"
        : type == typeof(string) ? "one text"
        : type == typeof(int) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : type == typeof(TimeSpan) ? "a number with a unit, for example 500ms or 10s"
        : "one of " + string.Join(", ", WordsOf(type));

    /// <summary>The value, or what is wrong with it (with an empty path).</summary>
    public static (object? Value, Problem? Wrong) Read(Type type, TreeScalar scalar)
    {
        var text = scalar.Text;
        if (type == typeof(string))
        {
            return (text, null);
        }

        if (type == typeof(TimeSpan))
        {
            return Durations.TryParse(text, out var duration) ? (duration, null) : (null, DurationProblem.Of(text));
        }

        if (type == typeof(bool))
        {
            return Bool(scalar);
        }

        if (Notation.Of(type) is { } own)
        {
            return own.Read(text) is { } value ? (value, null) : Wrong($"'{Words.Shown(text)}' is not {own.Noun}", $"write {own.Noun}, for example {own.Example}");
        }

        return type == typeof(int) ? Int(scalar) : type == typeof(double) ? Double(scalar) : OneOf(type, text);
    }

    /// <summary>The words of an enumeration, in the order of its declaration.</summary>
    public static IEnumerable<string> WordsOf(Type type) => Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName);

    static (object?, Problem?) Bool(TreeScalar scalar) => (scalar.Plain, scalar.Text) switch
    {
        (true, "true") => (true, null),
        (true, "false") => (false, null),
        (false, "true" or "false") => Wrong($"'{scalar.Text}' in quotes is text", "remove the quotes"),
        (_, "yes" or "Yes" or "on" or "On" or "True" or "TRUE" or "y" or "1") => Wrong($"'{scalar.Text}' is not true or false", "write true"),
        (_, "no" or "No" or "off" or "Off" or "False" or "FALSE" or "n" or "0") => Wrong($"'{scalar.Text}' is not true or false", "write false"),
        _ => Wrong($"'{Words.Shown(scalar.Text)}' is not true or false", "write true or false"),
    };

    static (object?, Problem?) Int(TreeScalar scalar)
    {
        if (int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return scalar.Plain ? (number, null) : Wrong($"'{scalar.Text}' in quotes is text", "remove the quotes");
        }

        var digits = scalar.Text.Length > 0 && scalar.Text.All(char.IsAsciiDigit);
        return Wrong(
            digits ? $"{Words.Shown(scalar.Text)} is too large" : $"'{Words.Shown(scalar.Text)}' is not a whole number",
            "write a whole number in digits, without unit, point or separator");
    }

    static (object?, Problem?) Double(TreeScalar scalar) =>
        !double.TryParse(scalar.Text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number)
            ? Wrong($"'{Words.Shown(scalar.Text)}' is not a number", "write digits, with a point before decimals and without unit")
            : scalar.Plain ? (number, null) : Wrong($"'{scalar.Text}' in quotes is text", "remove the quotes");

    static (object?, Problem?) OneOf(Type type, string text)
    {
        var words = WordsOf(type).ToArray();
        if (Array.IndexOf(words, text) is >= 0 and var at)
        {
            return (Enum.Parse(type, Enum.GetNames(type)[at]), null);
        }

        return Wrong(
            $"'{Words.Shown(text)}' is not one of {string.Join(", ", words)}",
            Nearest.To(text, words) is { } nearest ? $"did you mean '{nearest}'?" : "write one of them");
    }

    static (object?, Problem?) Wrong(string what, string remedy) => (null, new("", what, remedy));
}
