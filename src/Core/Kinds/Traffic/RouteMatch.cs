namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Which requests a route takes; all that is given must hold.</summary>
public sealed record RouteMatch
{
    /// <summary>The request's host, exact and without port. Default: any.</summary>
    public string? Host { get; init; }

    /// <summary>A path template: literal segments, <c>{name}</c> for one segment, <c>{**name}</c> last for the rest. Default: every path.</summary>
    public string Path { get; init; } = "/{**rest}";

    /// <summary>Methods in upper case. Default: all.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    public IEnumerable<Problem> Validate()
    {
        if (!Path.StartsWith('/'))
        {
            yield return new("path", $"'{Path}' does not begin with '/'", $"write '/{Path}'");
        }

        var segments = Path.Split('/');
        if (segments.SkipLast(1).Any(s => s.StartsWith("{**", StringComparison.Ordinal)))
        {
            yield return new("path", "'{**…}' is followed by more segments", "put it last");
        }

        // Before the first segment is nothing; a slash at the end does not matter.
        foreach (var bad in segments.Where((s, i) => s.Length > 0 ? !IsSegment(s) : i > 0 && i < segments.Length - 1))
        {
            yield return new("path", $"'{bad}' is not a segment of a path template", "a segment is either text without any of {}?#%, or {name}, or {**name}");
        }

        foreach (var method in Methods.Where(m => m.Length == 0 || !m.All(char.IsAsciiLetterUpper)))
        {
            yield return new("methods", $"'{method}' is not a method", "write methods in upper case, for example GET");
        }
    }

    static bool IsSegment(string segment) =>
        !(segment is ['{', .. { Length: > 0 } name, '}'] ? name : segment).AsSpan().ContainsAny("{}?#%");
}
