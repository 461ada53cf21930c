using System.Text;

namespace Mainstay.Traffic.Path;

/// <summary>A route that could be read, before it has a place among the others.</summary>
internal sealed record ReadRoute(RouteModel Model, PathTemplate Template);

/// <summary>
/// The precedence of routes: of all that match a request, the first in this order takes it. Total, and the same whatever order they are declared in.
/// </summary>
/// <remarks>
/// 1. An exact host before a wildcard, a longer wildcard before a shorter one, any of them before none; 2. more literal segments; 3. with a
/// regular expression; 4. more segments; 5. without <c>{**name}</c>; 6. a literal further to the left; 7. with methods; 8. more tests of
/// headers, query and cookies; 9. by name.
/// </remarks>
internal sealed class RouteOrder : IComparer<ReadRoute>
{
    public static RouteOrder Instance { get; } = new();

    /// <summary>Negative when <paramref name="one"/> comes before <paramref name="other"/>.</summary>
    public int Compare(ReadRoute? one, ReadRoute? other)
    {
        var (a, b) = (one!.Template, other!.Template);
        var (match, against) = (one.Model.Spec.Match, other.Model.Spec.Match);
        var order = HostWeight(against.Host).CompareTo(HostWeight(match.Host));
        if (order == 0) order = b.Literals.CompareTo(a.Literals);
        if (order == 0) order = (a.Regex is null).CompareTo(b.Regex is null);
        if (order == 0) order = b.Segments.Count.CompareTo(a.Segments.Count);
        if (order == 0) order = a.TakesRest.CompareTo(b.TakesRest);
        for (var index = 0; order == 0 && index < a.Segments.Count; index++) order = (a.Segments[index] is null).CompareTo(b.Segments[index] is null);
        if (order == 0) order = (match.Methods.Count == 0).CompareTo(against.Methods.Count == 0);
        if (order == 0) order = against.Tests.CompareTo(match.Tests);
        return order != 0 ? order : string.CompareOrdinal(one.Model.Name, other.Model.Name);
    }

    private static int HostWeight(string? host) => host switch
    {
        null => 0,
        _ when host.StartsWith("*.", StringComparison.Ordinal) => Encoding.UTF8.GetByteCount(host),
        _ => int.MaxValue,
    };
}
