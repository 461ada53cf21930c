namespace Mainstay.Core.Kinds.Traffic;

/// <summary>Checks the maps of values that routes and splits test.</summary>
static class ValueTests
{
    public static IEnumerable<Problem> Check(
        IReadOnlyDictionary<string, string>? headers, IReadOnlyDictionary<string, string>? query, IReadOnlyDictionary<string, string>? cookies)
    {
        var tests = (headers?.Count ?? 0) + (query?.Count ?? 0) + (cookies?.Count ?? 0);
        if (tests > RouteMatch.MostTests)
        {
            yield return new("", $"{tests} headers, query parameters and cookies are more than {RouteMatch.MostTests}", "test less at once");
        }

        foreach (var problem in Each("headers", headers, HeaderRules.IsToken).Concat(Each("query", query, n => n.Length > 0)).Concat(Each("cookies", cookies, HeaderRules.IsToken)))
        {
            yield return problem;
        }

        foreach (var twice in (headers ?? new Dictionary<string, string>()).Keys.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
        {
            yield return new("headers", $"the header '{twice.Key}' is there twice", "headers have no case: keep one of them");
        }
    }

    static IEnumerable<Problem> Each(string path, IReadOnlyDictionary<string, string>? tests, Func<string, bool> isName)
    {
        foreach (var (name, text) in tests ?? new Dictionary<string, string>())
        {
            if (!isName(name) || name.Length > 256)
            {
                yield return new(path, $"'{name}' is not a name of one of the {path}", "write its name alone, at most 256 characters");
            }

            if (text.Length > ValueTest.MostText)
            {
                yield return new($"{path}.{name}", $"the value has more than {ValueTest.MostText} characters", "shorten it");
            }
            else if (ValueTest.Of(text) is { Kind: ValueTestKind.Pattern } test)
            {
                foreach (var problem in Patterns.Check($"{path}.{name}", test.Text))
                {
                    yield return problem;
                }
            }
        }
    }
}
