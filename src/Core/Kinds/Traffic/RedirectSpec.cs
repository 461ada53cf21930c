namespace Mainstay.Core.Kinds.Traffic;

/// <summary>An answer that sends the client elsewhere.</summary>
[PlainValueIs(nameof(To))]
public sealed record RedirectSpec
{
    static readonly string[] Known = ["host", "path", "query"];

    /// <summary>Where to: a URL or a path, with {host} (without port), {path}, {query} and the variables of the route's path. The query is kept unless a <c>?</c> is given here.</summary>
    public required string To { get; init; }

    /// <summary>301, 302, 303, 307 or 308. Default 308. 307 and 308 keep the method.</summary>
    public int Status { get; init; } = 308;

    public IEnumerable<Problem> Validate(RouteMatch match)
    {
        if (!IsPlace(To))
        {
            yield return new("to", $"'{To}' is no place to redirect to", "write https://HOST/PATH or /PATH, for example https://{host}{path}");
        }

        foreach (var problem in TextTemplate.Check("to", To, [.. Known.Union(TextTemplate.VariablesOf(match))]))
        {
            yield return problem;
        }

        if (Status is not (301 or 302 or 303 or 307 or 308))
        {
            yield return new("status", $"{Status} is no redirect", "use 301, 302, 303, 307 or 308");
        }
    }

    static bool IsPlace(string to) =>
        to.Length <= 1024 && to.All(c => c is > ' ' and < '\u007f' and not '\\' and not '"' and not '<' and not '>')
        && ((to.StartsWith('/') && !to.StartsWith("//", StringComparison.Ordinal)) || to == "{path}" || IsUrl(to));

    // A variable in the host's place is the request's host alone: a segment of the path there would let anybody choose where to go.
    static bool IsUrl(string to)
    {
        var rest = to.StartsWith("https://", StringComparison.Ordinal) ? to[8..] : to.StartsWith("http://", StringComparison.Ordinal) ? to[7..] : null;
        if (rest is null)
        {
            return false;
        }

        var isHost = rest.StartsWith("{host}", StringComparison.Ordinal);
        var authority = isHost ? rest[6..] : rest;
        var end = authority.IndexOfAny(['/', '?', '#']);
        var variable = authority.IndexOf("{path}", StringComparison.Ordinal);
        end = (end, variable) switch { ( < 0, < 0) => authority.Length, ( < 0, _) => variable, (_, < 0) => end, _ => Math.Min(end, variable) };
        var name = authority[..end];
        var colon = name.LastIndexOf(':');
        var port = colon >= 0 && !name.EndsWith(']') ? name[(colon + 1)..] : "";
        name = port.Length > 0 ? name[..colon] : name;
        return (isHost ? name.Length == 0 : Hosts.IsValid(name) && !name.StartsWith('*'))
            && (port.Length == 0 || (int.TryParse(port, System.Globalization.NumberStyles.None, null, out var number) && number is > 0 and < 65536));
    }
}
