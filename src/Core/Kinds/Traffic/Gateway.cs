namespace Mainstay.Core.Kinds.Traffic;

/// <summary>The system's front door as the manifest declares it; there is one, named <see cref="TheName"/>.</summary>
public sealed record Gateway : Resource
{
    public const string TheName = "gateway";

    /// <summary>The address it listens on. Default <c>http://127.0.0.1:8080</c>.</summary>
    public string Listen { get; init; } = DefaultListen;

    public const string DefaultListen = "http://127.0.0.1:8080";

    public override IEnumerable<Problem> Validate()
    {
        foreach (var problem in base.Validate())
        {
            yield return problem;
        }

        if (!Uri.TryCreate(Listen, UriKind.Absolute, out var url) || url.Scheme != "http" || url.PathAndQuery != "/" || url.UserInfo.Length + url.Fragment.Length > 0 || !System.Net.IPAddress.TryParse(url.Host.Trim('[', ']'), out _))
        {
            yield return new("listen", $"'{Listen}' is not an address to listen on", $"write http://ADDRESS:PORT with an IP address, for example {DefaultListen}");
        }
    }
}

/// <summary>One route of the gateway: which requests go to which service, and how.</summary>
public sealed record Route : Resource
{
    public required RouteSpec Spec { get; init; }

    public override IEnumerable<Problem> Validate() => base.Validate().Concat(Spec.Validate().Select(p => p.Under("spec")));
}

/// <summary>A route as the manifest declares it.</summary>
public sealed record RouteSpec
{
    public required RouteMatch Match { get; init; }

    /// <summary>The service that answers.</summary>
    public required string To { get; init; }

    /// <summary>From the last byte of the request to the response's headers. Default 30s; 1ms to 1h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public RouteRetry Retry { get; init; } = new();

    public IEnumerable<Problem> Validate() =>
        Match.Validate().Select(p => p.Under("match"))
            .Concat(Retry.Validate().Select(p => p.Under("retry")))
            .Concat(Limits.Between("timeout", Timeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1)));
}

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

/// <summary>When a request is sent again.</summary>
public sealed record RouteRetry
{
    /// <summary>How often at the most, the first time included. Default 2; 1 to 5.</summary>
    public int Attempts { get; init; } = 2;

    /// <summary>
    /// On what: <c>connect</c> (nothing was sent) for every method, and for GET, HEAD and OPTIONS the answers with these statuses, 500 to 599. A connection that ended before the first
    /// byte of the response is tried again for GET, HEAD and OPTIONS in any case. Default connect.
    /// </summary>
    public IReadOnlyList<string> On { get; init; } = ["connect"];

    public IEnumerable<Problem> Validate()
    {
        foreach (var problem in Limits.Between("attempts", Attempts, 1, 5))
        {
            yield return problem;
        }

        foreach (var word in On.Where(w => w is not "connect" && !(w.Length == 3 && w[0] == '5' && w.All(char.IsAsciiDigit))))
        {
            yield return new("on", $"'{word}' is not a reason to retry", "use connect or a status from 500 to 599");
        }
    }
}
