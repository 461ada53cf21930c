using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A route's path template: literal segments, <c>{name}</c> for exactly one non-empty segment, and <c>{**name}</c> at the end for any
/// number of further segments. A slash at the end does not matter. Prefixes and the fixed beginnings of regular expressions are templates too.
/// </summary>
/// <param name="Segments">The literal of each segment; null for a variable.</param>
/// <param name="TakesRest">Whether further segments may follow.</param>
internal sealed record PathTemplate(IReadOnlyList<string?> Segments, bool TakesRest)
{
    /// <summary>The name of the variable at each segment that is one, and of the rest at the end; null for literals.</summary>
    public IReadOnlyList<string?> Names { get; private init; } = [];

    /// <summary>The pattern that the whole path has to match beside; null for none.</summary>
    public string? Regex { get; private init; }

    public int Literals => Segments.Count(segment => segment is not null);

    /// <summary>The template of a route, or what is wrong with it.</summary>
    public static (PathTemplate? Template, string? Problem) Of(RouteMatch match)
    {
        if (new[] { match.Path, match.Prefix, match.Regex }.Count(one => one is not null) > 1) return (null, "more than one of path, prefix and regex is given");
        if (match.Prefix is { } prefix) return OfPrefix(prefix);
        if (match.Regex is not { } regex) return Read(match.Path ?? "/{**rest}");
        if (Patterns.Check("regex", regex).FirstOrDefault() is { } wrong) return (null, wrong.What);
        var (folder, problem) = OfPrefix(Patterns.FixedFolder(regex) is { Length: > 0 } text && !text.Contains("//", StringComparison.Ordinal) ? text : "/");
        return (folder is null ? null : folder with { Regex = regex }, problem);
    }

    /// <summary>The template, or what is wrong with it.</summary>
    public static (PathTemplate? Template, string? Problem) Read(string text)
    {
        if (!text.StartsWith('/')) return (null, $"path '{text}' does not start with '/'");
        var parts = text[1..].Split('/');
        if (parts[^1].Length == 0) parts = parts[..^1];
        var segments = new List<string?>();
        var names = new List<string?>();
        for (var index = 0; index < parts.Length; index++)
        {
            var part = parts[index];
            if (part.StartsWith("{**", StringComparison.Ordinal) && part.EndsWith('}'))
            {
                return index == parts.Length - 1
                    ? (new PathTemplate(segments, true) { Names = [.. names, part[3..^1]] }, null)
                    : (null, $"path '{text}': '{part}' must be the last segment");
            }
            var isVariable = part.Length > 2 && part.StartsWith('{') && part.EndsWith('}');
            if (!isVariable && (part.Length == 0 || part.AsSpan().ContainsAny("{}?#%")))
            {
                return (null, $"path '{text}': segment '{part}' is neither a literal, '{{name}}' nor '{{**name}}'");
            }
            segments.Add(isVariable ? null : part);
            names.Add(isVariable ? part[1..^1] : null);
        }
        return (new PathTemplate(segments, false) { Names = names }, null);
    }

    private static (PathTemplate? Template, string? Problem) OfPrefix(string prefix)
    {
        if (!prefix.StartsWith('/') || prefix.Contains("//", StringComparison.Ordinal)) return (null, $"prefix '{prefix}' is not a path");
        var segments = prefix.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (new PathTemplate(segments, true) { Names = [.. segments.Select(_ => (string?)null), "rest"] }, null);
    }
}
