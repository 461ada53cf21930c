using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Json;

namespace Mainstay.Host.Api;

/// <summary>Says what the JSON reader says about types of .NET in words for whoever wrote the JSON.</summary>
static partial class JsonWords
{
    /// <param name="said">The reader's message.</param>
    /// <param name="path">Where in the body.</param>
    public static string Of(string said, string path)
    {
        if (Unmapped().Match(said) is { Success: true } member)
        {
            return $"'{member.Groups[1].Value}' is not known here";
        }

        if (Token().Match(said) is { Success: true } token)
        {
            var kind = token.Groups[1].Value switch { "number" => "a number", "boolean" => "true or false", _ => "text" };
            return $"{Place(path)} is not {kind}";
        }

        return Converted().Match(said) is { Success: true } match ? $"{Place(path)} is not {Expected(match.Groups[1].Value)}" : said;
    }

    static string Place(string path) => path.Length > 0 ? $"'{path}'" : "the body";

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Trimming.Rooted)]
    static string Expected(string type)
    {
        var name = Nullable().Match(type) is { Success: true } inner ? inner.Groups[1].Value : type;
        return name switch
        {
            "System.Int32" or "System.Int64" => "a whole number",
            "System.Double" => "a number",
            "System.Boolean" => "true or false",
            "System.String" => "text",
            _ when typeof(Problem).Assembly.GetType(name) is { IsEnum: true } words => $"one of {string.Join(", ", Enum.GetNames(words).Select(JsonNamingPolicy.CamelCase.ConvertName))}",
            _ => name.Contains("List`", StringComparison.Ordinal) || name.EndsWith("[]", StringComparison.Ordinal) || name.StartsWith("a list", StringComparison.Ordinal) ? "a list of the right shape" : "of the right shape",
        };
    }

    [GeneratedRegex(@"^The JSON property '(.*)' could not be mapped to any \.NET member")]
    private static partial Regex Unmapped();

    [GeneratedRegex("^Cannot get the value of a token type '.*' as a (number|boolean|string)\\.?$")]
    private static partial Regex Token();

    [GeneratedRegex("^The JSON value could not be converted to (.+)$")]
    private static partial Regex Converted();

    [GeneratedRegex(@"^System\.Nullable`1\[(.+)\]$")]
    private static partial Regex Nullable();
}
