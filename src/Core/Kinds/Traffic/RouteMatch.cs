using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Which requests a route takes; all that is given must hold.</summary>
public sealed record RouteMatch
{
    /// <summary>The highest number of headers, query parameters and cookies that one route looks at.</summary>
    public const int MostTests = 16;

    /// <summary>The request's host without port: exact, or <c>*.example.test</c> for every host below it. Default: any.</summary>
    public string? Host { get; init; }

    /// <summary>A path template: literal segments, <c>{name}</c> for one segment, <c>{**name}</c> last for the rest. At most one of path, prefix, regex. Default: every path.</summary>
    public string? Path { get; init; }

    /// <summary>A path and all below it, in whole segments: <c>/api</c> takes <c>/api</c> and <c>/api/x</c>, not <c>/apix</c>.</summary>
    public string? Prefix { get; init; }

    /// <summary>A regular expression for the whole path, without backreferences and look-around. At most 256 characters.</summary>
    public string? Regex { get; init; }

    /// <summary>Methods in upper case. Default: all.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>
    /// Headers by name, whatever their case: <c>*</c> there, <c>!</c> not there, <c>/…/</c> a regular expression for all of it, else exactly this text. Of a header that
    /// is there more than once, one has to fit.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Query parameters by name, tested as headers are; decoded.</summary>
    public IReadOnlyDictionary<string, string>? Query { get; init; }

    /// <summary>Cookies by name, tested as headers are.</summary>
    public IReadOnlyDictionary<string, string>? Cookies { get; init; }

    /// <summary>How many headers, query parameters and cookies are tested.</summary>
    [JsonIgnore]
    public int Tests => (Headers?.Count ?? 0) + (Query?.Count ?? 0) + (Cookies?.Count ?? 0);

    /// <summary>The path in one text, for people.</summary>
    [JsonIgnore]
    public string Shown => Prefix is { } prefix ? $"{prefix.TrimEnd('/')}/…" : Regex is { } regex ? $"~ {regex}" : Path ?? "/{**rest}";

    public IEnumerable<Problem> Validate() =>
        HostProblems().Concat(PathProblems()).Concat(MethodProblems()).Concat(ValueTests.Check(Headers, Query, Cookies));

    IEnumerable<Problem> HostProblems()
    {
        if (Host is not null && !Hosts.IsValid(Host))
        {
            yield return new("host", $"'{Host}' is not a host", "write a name or address without port, for example shop.example.test, or *.example.test for all below it");
        }
    }

    IEnumerable<Problem> PathProblems()
    {
        if (new[] { Path, Prefix, Regex }.Count(p => p is not null) > 1)
        {
            yield return new("", "more than one of path, prefix and regex is given", "keep one of them");
        }

        foreach (var problem in (Path is { } path ? TemplateProblems(path) : []).Concat(Prefix is { } prefix ? PrefixProblems(prefix) : []))
        {
            yield return problem;
        }

        foreach (var problem in Regex is { } regex ? Patterns.Check("regex", regex) : [])
        {
            yield return problem;
        }
    }

    static IEnumerable<Problem> TemplateProblems(string path)
    {
        if (!path.StartsWith('/'))
        {
            yield return new("path", $"'{path}' does not begin with '/'", $"write '/{path}'");
        }

        var segments = path.Split('/');
        if (segments.SkipLast(1).Any(s => s.StartsWith("{**", StringComparison.Ordinal)))
        {
            yield return new("path", "'{**…}' is followed by more segments", "put it last");
        }

        // Before the first segment is nothing; a slash at the end does not matter.
        foreach (var bad in segments.Where((s, i) => s.Length > 0 ? !IsSegment(s) : i > 0 && i < segments.Length - 1))
        {
            yield return new("path", $"'{bad}' is not a segment of a path template", "a segment is either text without any of {}?#%, or {name}, or {**name}");
        }
    }

    static IEnumerable<Problem> PrefixProblems(string prefix)
    {
        if (!prefix.StartsWith('/'))
        {
            yield return new("prefix", $"'{prefix}' does not begin with '/'", $"write '/{prefix}'");
        }
        else if (prefix.Contains("//", StringComparison.Ordinal) || prefix.AsSpan().ContainsAny("{}?#%"))
        {
            yield return new("prefix", $"'{prefix}' is not a plain path", "write segments of text without any of {}?#%; path takes templates");
        }
    }

    IEnumerable<Problem> MethodProblems()
    {
        foreach (var method in Methods.Where(m => m.Length == 0 || !m.All(char.IsAsciiLetterUpper)))
        {
            yield return new("methods", $"'{method}' is not a method", "write methods in upper case, for example GET");
        }
    }

    static bool IsSegment(string segment) =>
        !(segment is ['{', .. { Length: > 0 } name, '}'] ? name : segment).AsSpan().ContainsAny("{}?#%");
}
