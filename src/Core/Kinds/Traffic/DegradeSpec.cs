namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// The lesser ways in which requests can be answered, each thrown by its name through an intervention (by hand or by a finding) with a reason and an end: <c>off</c>,
/// <c>fallback</c>, <c>serveStale</c>, <c>minimal</c> and <c>dropOptional</c>. Several may be thrown at a time.
/// </summary>
public sealed record DegradeSpec
{
    /// <summary>The names by which they are thrown.</summary>
    public const string OffName = "off";
    public const string FallbackName = "fallback";
    public const string ServeStaleName = "serveStale";
    public const string MinimalName = "minimal";
    public const string DropOptionalName = "dropOptional";

    /// <summary>The function is turned off: this answers.</summary>
    public OffSpec? Off { get; init; }

    /// <summary>The fallback may be thrown by hand too, while the service answers. Default false.</summary>
    public bool Fallback { get; init; }

    /// <summary>Answers that the gateway has kept are given for so long beyond their freshness; without a cache, the last good ones up to this age. What is not kept is asked for. 1s to 7d.</summary>
    public TimeSpan? ServeStale { get; init; }

    /// <summary>The path of a lesser variant that the service has too, such as <c>/orders/minimal</c>. The query is kept, and on routes it may have the variables of the route's path.</summary>
    public string? Minimal { get; init; }

    /// <summary>What is not needed is left out: calls of a composition that have a default are not made, and a need that is optional gets its fallback at once. Default false.</summary>
    public bool DropOptional { get; init; }

    /// <summary>The names of those that are declared.</summary>
    public IEnumerable<string> Names()
    {
        if (Off is not null)
        {
            yield return OffName;
        }

        if (Fallback)
        {
            yield return FallbackName;
        }

        if (ServeStale is not null)
        {
            yield return ServeStaleName;
        }

        if (Minimal is not null)
        {
            yield return MinimalName;
        }

        if (DropOptional)
        {
            yield return DropOptionalName;
        }
    }

    public IEnumerable<Problem> Validate()
    {
        if (!Names().Any())
        {
            yield return new("", "no degradation is declared", "give off, fallback: true, serveStale, minimal or dropOptional: true");
        }

        if (Minimal is not null && (!Minimal.StartsWith('/') || Minimal.Length > 1024 || Minimal.AsSpan().ContainsAnyExceptInRange('!', '~') || Minimal.AsSpan().ContainsAny("?#")))
        {
            yield return new("minimal", $"'{Minimal}' is not a path", "write a path that begins with '/', without a query");
        }

        foreach (var problem in ServeStale is { } span ? Limits.Between("serveStale", span, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)) : [])
        {
            yield return problem;
        }

        foreach (var problem in Off?.Validate().Select(p => p.Under("off")) ?? [])
        {
            yield return problem;
        }
    }
}

/// <summary>A friendly answer in place of a function that is turned off.</summary>
public sealed record OffSpec
{
    /// <summary>The status of the answer. Default 503; 200 to 599.</summary>
    public int Status { get; init; } = 503;

    /// <summary>The answer. At most 65536 bytes.</summary>
    public string Body { get; init; } = "";

    /// <summary>What it is. Default text/plain.</summary>
    public string ContentType { get; init; } = "text/plain";

    public IEnumerable<Problem> Validate() =>
        new FallbackSpec { Status = Status, Body = Body, ContentType = ContentType }.Validate();
}
