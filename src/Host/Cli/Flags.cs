using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Mainstay.Core.Kinds;

namespace Mainstay.Host.Cli;

/// <summary>Makes flags whose default comes from the environment: <c>--no-color</c> is <c>MAINSTAY_NO_COLOR</c> too. A given flag wins over its variable.</summary>
public sealed class Flags(IReadOnlyDictionary<string, string> variables)
{
    /// <summary>Reads a value from text; false where the text is none.</summary>
    public delegate bool Reader<T>(string text, out T value);

    /// <summary>The environment variable that stands for a flag.</summary>
    public static string VariableOf(string flag) => "MAINSTAY_" + flag.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    public Option<bool> Switch(string name, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        DefaultValueFactory = result => FromVariable(result, name, false, ReadSwitch, "true or false"),
    };

    public Option<string?> Text(string name, string valueName, string description, params string[] aliases) =>
        Valued<string?>(name, valueName, description, null, ReadText, "text", aliases);

    public Option<TimeSpan> Duration(string name, TimeSpan fallback, string description) =>
        Valued(name, "DURATION", $"{description} Default {Durations.Format(fallback)}.", fallback, ReadDuration, "a duration such as 500ms, 30s or 5m");

    /// <summary>A number; a fallback below the least one says that none was given.</summary>
    public Option<int> Number(string name, int fallback, int least, int most, string description) =>
        Valued(name, "N", fallback < least ? description : $"{description} Default {fallback}.", fallback, (string text, out int value) => ReadNumber(text, least, most, out value), $"a number from {least} to {most}");

    public Option<T> Choice<T>(string name, T fallback, string description, params string[] aliases)
        where T : struct, Enum
    {
        string[] words = [.. Enum.GetNames<T>().Select(n => n.ToLowerInvariant())];
        var option = Valued(name, string.Join('|', words), description, fallback, (string text, out T value) => ReadChoice(text, words, out value), $"one of {string.Join(", ", words)}", aliases);
        option.CompletionSources.Clear();
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>A flag that may be repeated; its variable holds the values separated by colons.</summary>
    public Option<string[]> Texts(string name, string valueName, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = valueName,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => variables.TryGetValue(VariableOf(name), out var text) ? text.Split(':', StringSplitOptions.RemoveEmptyEntries) : [],
    };

    Option<T> Valued<T>(string name, string valueName, string description, T fallback, Reader<T> read, string expected, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = valueName,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Read(result, name, result.Tokens[^1].Value, fallback, read, expected),
        DefaultValueFactory = result => FromVariable(result, name, fallback, read, expected),
    };

    T FromVariable<T>(ArgumentResult result, string name, T fallback, Reader<T> read, string expected) =>
        variables.TryGetValue(VariableOf(name), out var text) && text.Length > 0
            ? Read(result, VariableOf(name), text, fallback, read, expected)
            : fallback;

    static T Read<T>(ArgumentResult result, string name, string text, T fallback, Reader<T> read, string expected)
    {
        if (read(text, out var value))
        {
            return value;
        }

        result.AddError($"'{text}' is not a value of {name}: it takes {expected}");
        return fallback;
    }

    static bool ReadText(string text, out string? value)
    {
        value = text;
        return true;
    }

    static bool ReadSwitch(string text, out bool value)
    {
        value = text.ToLowerInvariant() is "1" or "true" or "yes" or "on";
        return value || text.ToLowerInvariant() is "0" or "false" or "no" or "off";
    }

    static bool ReadDuration(string text, out TimeSpan value) => Durations.TryParse(text, out value);

    static bool ReadNumber(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;

    static bool ReadChoice<T>(string text, string[] words, out T value)
        where T : struct, Enum
    {
        var at = Array.IndexOf(words, text.ToLowerInvariant());
        value = at < 0 ? default : Enum.GetValues<T>()[at];
        return at >= 0;
    }
}
