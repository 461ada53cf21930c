using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mainstay.Core.Kinds.State;

/// <summary>Whether a value is what its item declares.</summary>
public static class ConfigValues
{
    /// <summary>What a value of a secret item begins with.</summary>
    public const string SecretMark = "secret:";

    static readonly TimeSpan MatchWithin = TimeSpan.FromMilliseconds(50);

    /// <summary>What is wrong with a value; null where nothing is.</summary>
    public static Problem? Check(string path, ConfigItem item, string value)
    {
        if (value.Length > ConfigContent.MostValue)
        {
            return new(path, $"it has {value.Length} characters", $"use at most {ConfigContent.MostValue}, or a file");
        }

        if (item.Secret)
        {
            return value.StartsWith(SecretMark, StringComparison.Ordinal) && Names.IsValid(value[SecretMark.Length..])
                ? null
                : new(path, "the value of a secret item is not the name of a secret", $"keep it with 'mainstay secret set NAME', and write {SecretMark}NAME here");
        }

        if (item.Options is { } options)
        {
            return options.Contains(value, StringComparer.Ordinal) ? null : new(path, $"'{Shown(value)}' is not one of the options", $"choose one of {string.Join(", ", options)}");
        }

        return Typed(path, item, value);
    }

    /// <summary>What is wrong with what an item declares.</summary>
    public static IEnumerable<Problem> Check(string path, ConfigItem item)
    {
        if (item.Description.Length > 500)
        {
            yield return new($"{path}.description", "it is longer than 500 characters", "make it shorter");
        }

        if (item.Pattern is { } pattern && (item.Type != ConfigType.Text || PatternProblem(pattern) is not null))
        {
            yield return new($"{path}.pattern", item.Type == ConfigType.Text ? $"it is no regular expression: {PatternProblem(pattern)}" : "only texts have a pattern", "correct it, or remove it");
        }

        var plain = item with { Min = null, Max = null, Options = null, Pattern = null, Secret = false };
        foreach (var (name, bound) in new[] { ("min", item.Min), ("max", item.Max) })
        {
            if (bound is not null && (item.Type is ConfigType.Boolean or ConfigType.Json || (item.Type == ConfigType.Text && name == "min") || !TryMeasure(item.Type == ConfigType.Text ? ConfigType.Integer : item.Type, bound, out _)))
            {
                yield return new($"{path}.{name}", $"'{Shown(bound)}' is no bound of a {Word(item.Type)}", "give a value of the item's type; of a text the largest length as max");
            }
        }

        foreach (var problem in (item.Options ?? []).Select((option, at) => Typed($"{path}.options[{at}]", plain, option)).OfType<Problem>())
        {
            yield return problem;
        }

        if (item.Options is { Count: 0 or > 1000 })
        {
            yield return new($"{path}.options", $"there are {item.Options.Count}", "give 1 to 1000, or leave it out");
        }

        if (item.Default is { } value && Check($"{path}.default", item, value) is { } wrong)
        {
            yield return wrong;
        }
    }

    static Problem? Typed(string path, ConfigItem item, string value)
    {
        switch (item.Type)
        {
            case ConfigType.Text:
                return item.Max is { } most && int.TryParse(most, CultureInfo.InvariantCulture, out var length) && value.Length > length ? new(path, $"it has {value.Length} characters", $"use at most {length}")
                    : item.Pattern is { } pattern && !Matches(pattern, value) ? new(path, $"'{Shown(value)}' does not match {pattern}", "give a text that does")
                    : null;
            case ConfigType.Boolean:
                return value is "true" or "false" ? null : new(path, $"'{Shown(value)}' is neither true nor false", "write true or false");
            case ConfigType.Json:
                return IsJson(value) ? null : new(path, "it is no JSON", "correct it");
        }

        if (!TryMeasure(item.Type, value, out var measure))
        {
            return new(path, $"'{Shown(value)}' is no {Word(item.Type)}", $"write one, such as {Example(item.Type)}");
        }

        return item.Min is { } least && TryMeasure(item.Type, least, out var min) && measure < min ? new(path, $"{value} is less than {least}", $"give at least {least}")
            : item.Max is { } largest && TryMeasure(item.Type, largest, out var max) && measure > max ? new(path, $"{value} is more than {largest}", $"give at most {largest}")
            : null;
    }

    static bool TryMeasure(ConfigType type, string text, out double measure)
    {
        measure = 0;
        switch (type)
        {
            case ConfigType.Integer:
                var isWhole = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole);
                measure = whole;
                return isWhole;
            case ConfigType.Number:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out measure) && double.IsFinite(measure);
            case ConfigType.Duration:
                var isSpan = Durations.TryParse(text, out var span);
                measure = span.TotalMilliseconds;
                return isSpan;
            case ConfigType.Size:
                var isSize = ByteSize.TryParse(text, out var size);
                measure = size.Bytes;
                return isSize;
            default:
                return false;
        }
    }

    static bool Matches(string pattern, string value)
    {
        try
        {
            return new Regex($"^(?:{pattern})$", RegexOptions.CultureInvariant, MatchWithin).IsMatch(value);
        }
        catch (Exception error) when (error is RegexMatchTimeoutException or ArgumentException)
        {
            return false;
        }
    }

    static string? PatternProblem(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant, MatchWithin);
            return pattern.Length > 500 ? "it is longer than 500 characters" : null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }

    static bool IsJson(string text)
    {
        try
        {
            using var read = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static string Shown(string value) => value.Length <= 60 ? value : value[..60] + "…";

    static string Word(ConfigType type) => type switch { ConfigType.Integer => "whole number", _ => type.ToString().ToLowerInvariant() };

    static string Example(ConfigType type) => type switch { ConfigType.Integer => "42", ConfigType.Number => "0.5", ConfigType.Duration => "30s", _ => "512Ki" };
}
