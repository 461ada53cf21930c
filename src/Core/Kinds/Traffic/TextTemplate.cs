using System.Text;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>A part of a text template: literal text, or the name of a variable.</summary>
/// <param name="Text">The text, or the name.</param>
/// <param name="IsVariable">Which of both.</param>
public readonly record struct TextPart(string Text, bool IsVariable);

/// <summary>Text with variables in braces, such as <c>https://{host}{path}</c>.</summary>
public static class TextTemplate
{
    /// <summary>The highest number of variables in one text.</summary>
    public const int MostVariables = 8;

    /// <summary>Its parts; null when a brace has no partner or a variable no name.</summary>
    public static IReadOnlyList<TextPart>? Read(string text)
    {
        var parts = new List<TextPart>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '}')
            {
                return null;
            }

            if (text[i] != '{')
            {
                literal.Append(text[i]);
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < i + 2 || text.AsSpan(i + 1, end - i - 1).Contains('{'))
            {
                return null;
            }

            if (literal.Length > 0)
            {
                parts.Add(new(literal.ToString(), false));
            }

            parts.Add(new(text[(i + 1)..end].TrimStart('*'), true));
            literal.Clear();
            i = end;
        }

        if (literal.Length > 0)
        {
            parts.Add(new(literal.ToString(), false));
        }

        return parts;
    }

    /// <summary>What is wrong with a template of which these variables are known.</summary>
    public static IEnumerable<Problem> Check(string path, string text, IReadOnlyCollection<string> known)
    {
        if (Read(text) is not { } parts)
        {
            return [new(path, $"'{text}' has a brace without its partner", "write variables as {name}")];
        }

        if (parts.Count(p => p.IsVariable) > MostVariables)
        {
            return [new(path, $"'{text}' has more than {MostVariables} variables", "use fewer")];
        }

        return parts.Where(p => p.IsVariable && !known.Contains(p.Text)).Select(p => new Problem(
            path, $"there is no variable '{p.Text}' here", known.Count == 0 ? "the route's path has none" : $"known: {string.Join(", ", known.Select(k => $"{{{k}}}"))}"));
    }

    /// <summary>The names of the variables of a route's path.</summary>
    public static IReadOnlyCollection<string> VariablesOf(RouteMatch match) =>
        match.Prefix is not null || (match.Path ?? match.Regex) is null ? ["rest"]
        : match.Path is { } path && Read(path) is { } parts ? [.. parts.Where(p => p.IsVariable).Select(p => p.Text).Distinct(StringComparer.Ordinal)]
        : [];
}
