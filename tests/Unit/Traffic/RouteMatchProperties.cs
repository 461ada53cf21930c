using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>The compiled matcher against one that tries every route in turn, with strings and in the documented order.</summary>
public sealed class RouteMatchProperties
{
    static readonly string[] Segments = ["a", "b", "cc", "{x}", "{y}", "a-rather-long-segment-1", "a-rather-long-segment-2"];
    static readonly string?[] RouteHosts = [null, null, "a.test", "*.test", "*.a.test", "b.a.test"];
    static readonly string[] RequestHosts = ["a.test", "b.a.test", "c.b.a.test", "x.test:80", "other", "A.TEST."];
    static readonly string[] Tests = ["*", "!", "1", "/[0-9]+/", "=!"];
    static readonly string[] Values = ["1", "2", "x", "!"];

    [Fact]
    public void It_agrees_with_trying_every_route_in_turn() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(400), Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Agrees));

    static bool Agrees(int seed)
    {
        var random = new Random(seed);
        RouteModel[] routes = [.. Enumerable.Range(0, random.Next(1, 40)).Select(i => RouteOf($"r{i}", random))];
        var model = new TableModel(1, [new ListenerModel("gateway", "127.0.0.1", 80, ListenerKind.Gateway)], routes, []);
        var table = new TableCompiler(new PathLimits(), new SeriesBook(), new PolicyBook()).Compile(model, out _).Listeners["gateway"];
        for (var i = 0; i < 40; i++)
        {
            var asked = RequestOf(random);
            var bytes = Encoding.ASCII.GetBytes($"{asked.Method} {asked.Path}{asked.Query} HTTP/1.1\r\nHost: {asked.Host}\r\n{(asked.Header is null ? "" : $"X-Test: {asked.Header}\r\n")}\r\n");
            var head = new RequestHead();
            head.Reset();
            head.Parse(bytes, new PathLimits());
            var found = Mainstay.Traffic.Path.Match.Find(table, head, bytes, out _)?.Route;
            var expected = routes.Where(r => Matches(r.Spec.Match, asked)).OrderBy(r => r, Comparer<RouteModel>.Create(Compare)).FirstOrDefault()?.Name;
            if (found != expected)
            {
                throw new InvalidOperationException($"{Encoding.ASCII.GetString(bytes)} went to {found}, not {expected}, of {string.Join("; ", routes.Select(r => $"{r.Name} {r.Spec.Match.Host} {r.Spec.Match.Shown}"))}");
            }
        }

        return true;
    }

    static RouteModel RouteOf(string name, Random random)
    {
        var path = string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => "/" + Segments[random.Next(Segments.Length)]));
        var match = new RouteMatch
        {
            Host = RouteHosts[random.Next(RouteHosts.Length)],
            Methods = random.Next(4) == 0 ? ["GET"] : [],
            Headers = random.Next(4) == 0 ? new Dictionary<string, string> { ["x-test"] = Tests[random.Next(Tests.Length)] } : null,
            Query = random.Next(6) == 0 ? new Dictionary<string, string> { ["q"] = Tests[random.Next(Tests.Length)] } : null,
        };
        match = random.Next(8) switch
        {
            0 => match with { Prefix = "/" + path.Replace("{x}", "b", StringComparison.Ordinal).Replace("{y}", "a", StringComparison.Ordinal).TrimStart('/') },
            1 => match with { Regex = path.Replace("{x}", "[^/]*", StringComparison.Ordinal).Replace("{y}", "b?", StringComparison.Ordinal) + "/?" },
            2 or 3 => match with { Path = path + "/{**rest}" },
            _ => match with { Path = path.Length == 0 ? "/" : path },
        };
        return new(name, new RouteSpec { Match = match, To = "s" });
    }

    static (string Method, string Host, string Path, string Query, string? Header) RequestOf(Random random) => (
        random.Next(2) == 0 ? "GET" : "POST",
        RequestHosts[random.Next(RequestHosts.Length)],
        string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "/" + (random.Next(5) == 0 ? "%61" : random.Next(12) == 0 ? "" : Segments[random.Next(Segments.Length)].Trim('{', '}')))),
        random.Next(3) == 0 ? $"?q={Values[random.Next(Values.Length)]}" : "",
        random.Next(3) == 0 ? Values[random.Next(Values.Length)] : null);

    static bool Matches(RouteMatch match, (string Method, string Host, string Path, string Query, string? Header) asked)
    {
        var host = asked.Host.ToLowerInvariant().Split(':')[0].TrimEnd('.');
        if (match.Host is { } wanted && !(wanted.StartsWith('*') ? host.EndsWith(wanted[1..], StringComparison.Ordinal) : host == wanted))
        {
            return false;
        }

        return (match.Methods.Count == 0 || match.Methods.Contains(asked.Method))
            && PathMatches(match, asked.Path.Replace("%61", "a", StringComparison.Ordinal))
            && Holds(match.Headers?["x-test"], asked.Header)
            && Holds(match.Query?["q"], asked.Query.Length == 0 ? null : asked.Query[3..]);
    }

    static bool PathMatches(RouteMatch match, string path)
    {
        if (match.Regex is { } regex)
        {
            return Regex.IsMatch(path, $@"\A(?:{regex})\z");
        }

        var template = match.Prefix is { } prefix ? prefix.TrimEnd('/') + "/{**rest}" : match.Path!;
        var (wanted, found) = (Parts(template), Parts(path));
        var takesRest = wanted.Length > 0 && wanted[^1].StartsWith("{**", StringComparison.Ordinal);
        var fixedCount = wanted.Length - (takesRest ? 1 : 0);
        return (takesRest ? found.Length >= fixedCount : found.Length == fixedCount)
            && Enumerable.Range(0, fixedCount).All(i => wanted[i][0] == '{' ? found[i].Length > 0 : found[i] == wanted[i]);
    }

    // One slash at the end does not matter.
    static string[] Parts(string path) => path == "/" ? [] : (path.EndsWith('/') ? path[1..^1] : path[1..]).Split('/');

    static bool Holds(string? test, string? value) => test switch
    {
        null => true,
        "!" => value is null,
        _ when value is null => false,
        "*" => true,
        "=!" => value == "!",
        _ when test[0] == '/' => Regex.IsMatch(value, $@"\A(?:{test[1..^1]})\z"),
        _ => test == value,
    };

    static int Compare(RouteModel a, RouteModel b) => Rank(a.Spec.Match).Concat([a.Name]).Zip(Rank(b.Spec.Match).Concat([b.Name]))
        .Select(pair => string.CompareOrdinal(pair.First, pair.Second)).FirstOrDefault(order => order != 0);

    // Each rule of the precedence as a text that sorts first when it wins.
    static IEnumerable<string> Rank(RouteMatch match)
    {
        var template = match.Prefix is { } prefix ? prefix.TrimEnd('/') + "/{**rest}" : match.Regex is { } regex ? Regex.Match(regex, @"\A(/[a-z0-9-]+(?=/[^?]))*").Value + "/{**rest}" : match.Path!;
        var parts = Parts(template);
        var takesRest = parts.Length > 0 && parts[^1].StartsWith("{**", StringComparison.Ordinal);
        var segments = takesRest ? parts[..^1] : parts;
        yield return $"{999 - (match.Host is null ? 0 : match.Host.StartsWith('*') ? match.Host.Length : 500):000}";
        yield return $"{99 - segments.Count(s => s[0] != '{'):00}";
        yield return match.Regex is null ? "1" : "0";
        yield return $"{99 - segments.Length:00}";
        yield return takesRest ? "1" : "0";
        yield return string.Concat(segments.Select(s => s[0] == '{' ? '1' : '0'));
        yield return match.Methods.Count == 0 ? "1" : "0";
        yield return $"{99 - match.Tests:00}";
    }
}
