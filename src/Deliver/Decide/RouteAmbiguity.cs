using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Deliver.Decide;

/// <summary>
/// Finds routes of which only chance could say which one takes a request: same host, same path, methods that overlap, as many tests of headers,
/// query and cookies, and none of these tests keeps them apart. Everything else the precedence of routes decides.
/// </summary>
static class RouteAmbiguity
{
    /// <summary>The highest number of routes for one host and path, or one fixed beginning of regular expressions: they are tried one after the other.</summary>
    public const int MostAlike = 256;

    public static IEnumerable<Problem> Problems(IReadOnlyDictionary<string, RouteSpec> routes)
    {
        var groups = routes
            .OrderBy(r => r.Key, StringComparer.Ordinal)
            .GroupBy(r => (Host: r.Value.Match.Host?.ToLowerInvariant(), Place: Place(r.Value.Match)));
        foreach (var group in groups)
        {
            var alike = group.ToList();
            if (alike.Count > MostAlike)
            {
                yield return new($"gateway.routes.{alike[MostAlike].Key}.match", $"{alike.Count} routes have this host and path, more than {MostAlike}", "tell them apart by host or path");
                continue;
            }

            for (var i = 1; i < alike.Count; i++)
            {
                if (alike.Take(i).FirstOrDefault(earlier => Overlap(earlier.Value.Match, alike[i].Value.Match)).Key is { } taken)
                {
                    yield return new($"gateway.routes.{alike[i].Key}.match", $"matches the same requests as the route '{taken}'", "change path, host, methods or what it tests of one of them, or remove it");
                }
            }
        }
    }

    static bool Overlap(RouteMatch one, RouteMatch other) =>
        one.Regex == other.Regex
        && (one.Methods.Count == 0) == (other.Methods.Count == 0)
        && (one.Methods.Count == 0 || one.Methods.Intersect(other.Methods, StringComparer.Ordinal).Any())
        && one.Tests == other.Tests
        && !Exclude(one.Headers, other.Headers, StringComparer.OrdinalIgnoreCase)
        && !Exclude(one.Query, other.Query, StringComparer.Ordinal)
        && !Exclude(one.Cookies, other.Cookies, StringComparer.Ordinal);

    // Of a header or parameter that comes twice either value may fit, so different values keep two routes apart only for requests that have it once;
    // those are the ones that count.
    static bool Exclude(IReadOnlyDictionary<string, string>? one, IReadOnlyDictionary<string, string>? other, StringComparer names) =>
        one is not null && other is not null
        && one.Any(a => other.Any(b => names.Equals(a.Key, b.Key) && ValueTest.Of(a.Value).Excludes(ValueTest.Of(b.Value))));

    // The names of variables do not tell two paths apart. Regular expressions that begin alike are tried one after the other.
    static string Place(RouteMatch match) =>
        match.Regex is { } regex ? $"~{Patterns.FixedFolder(regex)}"
        : match.Prefix is { } prefix ? $"{prefix.TrimEnd('/')}/{{**}}"
        : string.Join('/', (match.Path ?? "/{**}").TrimEnd('/').Split('/').Select(s => s.StartsWith("{**", StringComparison.Ordinal) ? "{**}" : s.StartsWith('{') ? "{}" : s));
}
