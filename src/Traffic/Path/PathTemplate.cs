namespace Mainstay.Traffic.Path;

/// <summary>
/// A route's path template: literal segments, <c>{name}</c> for exactly one non-empty segment, and <c>{**name}</c> at the end for any
/// number of further segments. A slash at the end does not matter.
/// </summary>
internal sealed record PathTemplate(IReadOnlyList<string?> Segments, bool TakesRest)
{
    public int Literals => Segments.Count(segment => segment is not null);

    /// <summary>The template, or what is wrong with it.</summary>
    public static (PathTemplate? Template, string? Problem) Read(string text)
    {
        if (!text.StartsWith('/')) return (null, $"path '{text}' does not start with '/'");
        var parts = text[1..].Split('/');
        if (parts[^1].Length == 0) parts = parts[..^1];
        var segments = new List<string?>();
        for (var index = 0; index < parts.Length; index++)
        {
            var part = parts[index];
            if (part.StartsWith("{**", StringComparison.Ordinal) && part.EndsWith('}'))
            {
                return index == parts.Length - 1
                    ? (new PathTemplate(segments, true), null)
                    : (null, $"path '{text}': '{part}' must be the last segment");
            }
            if (part.Length > 2 && part.StartsWith('{') && part.EndsWith('}')) segments.Add(null);
            else if (part.Length > 0 && !part.AsSpan().ContainsAny("{}?#%")) segments.Add(part);
            else return (null, $"path '{text}': segment '{part}' is neither a literal, '{{name}}' nor '{{**name}}'");
        }
        return (new PathTemplate(segments, false), null);
    }
}
