namespace Mainstay.Core.Kinds.Traffic;

/// <summary>What the service sees in place of what the client asked for. The query is kept.</summary>
public sealed record RewriteSpec
{
    /// <summary>The new path, with the variables of the route's path: <c>/v2/{rest}</c>. Excludes prefix.</summary>
    public string? Path { get; init; }

    /// <summary>What stands in place of the literal segments that the route's path begins with; <c>/</c> takes them away.</summary>
    public string? Prefix { get; init; }

    /// <summary>The new Host, perhaps with a port.</summary>
    public string? Host { get; init; }

    public IEnumerable<Problem> Validate(RouteMatch match)
    {
        if (Path is null && Prefix is null && Host is null)
        {
            yield return new("", "nothing is rewritten", "give path, prefix or host");
        }

        if (Path is not null && Prefix is not null)
        {
            yield return new("", "both path and prefix are given", "keep one of them");
        }

        if (Path is not null)
        {
            foreach (var problem in PathProblems(Path).Concat(TextTemplate.Check("path", Path, TextTemplate.VariablesOf(match))))
            {
                yield return problem;
            }
        }

        if (Prefix is not null && (!Prefix.StartsWith('/') || Prefix.Length > 1024 || !Prefix.All(IsPathText) || HasDots(Prefix)))
        {
            yield return new("prefix", $"'{Prefix}' is not a path", "write segments of plain text, for example /v2, or / for none");
        }

        if (Prefix is not null && match.Regex is not null)
        {
            yield return new("prefix", "a regular expression has no prefix that could be replaced", "match by prefix or path, or rewrite the host alone");
        }

        if (Host is not null && !IsHost(Host))
        {
            yield return new("host", $"'{Host}' is not a host", "write a name or address, perhaps with a port");
        }
    }

    static IEnumerable<Problem> PathProblems(string path)
    {
        if (!path.StartsWith('/') || path.Length > 1024 || !path.All(c => c is '{' or '}' || IsPathText(c)))
        {
            yield return new("path", $"'{path}' is not a path", "begin with '/', and write plain text and variables without any of ?#% and spaces");
        }
        else if (HasDots(System.Text.RegularExpressions.Regex.Replace(path, @"\{[^{}]*\}", "")))
        {
            yield return new("path", $"'{path}' has a segment that could become '.' or '..'", "write these dots elsewhere");
        }
    }

    static bool IsPathText(char c) => c is > ' ' and < '\u007f' and not ('{' or '}' or '?' or '#' or '%' or '\\' or '"' or '<' or '>');

    static bool HasDots(string path) => path.Split('/').Any(s => s is "." or "..");

    static bool IsHost(string host)
    {
        var colon = host.EndsWith(']') ? -1 : host.LastIndexOf(':');
        var name = colon < 0 ? host : host[..colon];
        return !name.StartsWith('*') && Hosts.IsValid(name) && (colon < 0 || (ushort.TryParse(host[(colon + 1)..], System.Globalization.NumberStyles.None, null, out var port) && port > 0));
    }
}
