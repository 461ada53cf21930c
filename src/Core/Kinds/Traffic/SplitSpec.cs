using System.Text.Json.Serialization;

namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// Divides requests among versions of a service, or among services. The first part whose <c>when</c> fits takes a request; otherwise weights decide. With a key, a
/// user stays where he was put: when weights change, only so many move as have to.
/// </summary>
public sealed record SplitSpec
{
    /// <summary>
    /// What tells users apart: <c>client</c> (the address), <c>header:NAME</c> or <c>cookie:NAME</c>; where a request lacks it, its client's address. Default: nothing, each request is
    /// drawn by itself.
    /// </summary>
    public string? By { get; init; }

    /// <summary>The parts. 1 to 16.</summary>
    public required IReadOnlyList<SplitPart> Parts { get; init; }

    /// <summary>The services that parts name.</summary>
    [JsonIgnore]
    public IEnumerable<string> Services => Parts.Select(p => p.To).OfType<string>();

    public IEnumerable<Problem> Validate()
    {
        if (By is not null && By != "client" && !(By.Split(':', 2) is ["header" or "cookie", var name] && HeaderRules.IsToken(name)))
        {
            yield return new("by", $"'{By}' does not tell users apart", "write client, header:NAME or cookie:NAME");
        }

        if (Parts.Count is 0 or > 16)
        {
            yield return new("parts", $"{Parts.Count} parts are given", "give 1 to 16");
        }

        foreach (var problem in Parts.SelectMany(p => p.Validate()).Select(p => p.Under("parts")))
        {
            yield return problem;
        }

        foreach (var twice in Parts.Where(p => p.When is null).GroupBy(p => p.Key).Where(g => g.Count() > 1))
        {
            yield return new("parts", $"two parts without 'when' lead to '{twice.Key}'", "join them into one");
        }

        if (Parts.All(p => p.When is null && p.Portion == 0))
        {
            yield return new("parts", "no part takes any request", "give weights, or conditions with 'when'");
        }
    }
}

/// <summary>A part of a split.</summary>
public sealed record SplitPart
{
    /// <summary>The versions of the service that take its requests, as comparators joined by spaces: <c>&gt;=2.0 &lt;3.0</c>. Where none of them is there, all versions do. Default: all.</summary>
    [TextPattern(TextPatternAttribute.VersionRange)]
    public string? Version { get; init; }

    /// <summary>Another service that takes its requests. Default: the route's or need's own.</summary>
    public string? To { get; init; }

    /// <summary>Its share, relative to the weights of the other parts. Default 0 with <c>when</c>, else 1; 0 to 10000.</summary>
    public int? Weight { get; init; }

    /// <summary>Requests that it takes in any case.</summary>
    public SplitWhen? When { get; init; }

    /// <summary>The instances that take its requests, under a name that tells it apart: what a release sets. Null where versions decide.</summary>
    [JsonIgnore]
    public SplitSide? Side { get; init; }

    /// <summary>What tells it apart from other parts, so that users stay with it whatever its place.</summary>
    [JsonIgnore]
    public string Key => Side?.Name ?? $"{To} {Version}".Trim();

    /// <summary>Its share when nothing is said.</summary>
    [JsonIgnore]
    public int Portion => Weight ?? (When is null ? 1 : 0);

    public IEnumerable<Problem> Validate()
    {
        if (Version is not null && !VersionRange.TryParse(Version, out _))
        {
            yield return new("version", $"'{Version}' is not a range of versions", "write comparators joined by spaces, for example >=2.0 <3.0");
        }

        if (Weight is < 0 or > 10_000)
        {
            yield return new("weight", $"{Weight} is outside 0 to 10000", "choose a number within");
        }

        foreach (var problem in When?.Validate().Select(p => p.Under("when")) ?? [])
        {
            yield return problem;
        }
    }
}

/// <summary>One of the two sides of a release.</summary>
/// <param name="Name">What tells it apart.</param>
/// <param name="Instances">Names of its instances.</param>
public sealed record SplitSide(string Name, IReadOnlyList<string> Instances);

/// <summary>Which requests a part of a split takes in any case; all that is given must hold.</summary>
public sealed record SplitWhen
{
    /// <summary>Headers, tested as those of a route's match.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Query parameters, tested likewise.</summary>
    public IReadOnlyDictionary<string, string>? Query { get; init; }

    /// <summary>Cookies, tested likewise.</summary>
    public IReadOnlyDictionary<string, string>? Cookies { get; init; }

    /// <summary>Addresses and ranges of clients, one of which has to fit: <c>10.1.0.0/16</c>.</summary>
    public IReadOnlyList<string>? Clients { get; init; }

    public IEnumerable<Problem> Validate()
    {
        if ((Headers?.Count ?? 0) + (Query?.Count ?? 0) + (Cookies?.Count ?? 0) + (Clients?.Count ?? 0) == 0)
        {
            yield return new("", "there is no condition", "give headers, query, cookies or clients");
        }

        foreach (var client in (Clients ?? []).Where(c => !System.Net.IPNetwork.TryParse(c, out _) && !System.Net.IPAddress.TryParse(c, out _)))
        {
            yield return new("clients", $"'{client}' is neither an IP address nor a range", "write for example 10.1.2.3 or 10.1.0.0/16");
        }

        foreach (var problem in ValueTests.Check(Headers, Query, Cookies))
        {
            yield return problem;
        }
    }
}
