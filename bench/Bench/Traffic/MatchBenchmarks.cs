using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Bench.Traffic;

/// <summary>The route of a parsed request among 53.</summary>
internal sealed class MatchBenchmark() : MatchBenchmarkBase("traffic/match", Samples.Table, [Samples.Request]);

/// <summary>Requests for ten of ten routes: every other one has a host, each has a variable.</summary>
internal sealed class MatchTenBenchmark() : MatchBenchmarkBase("traffic/match-10", ManyRoutes.Table(10), ManyRoutes.Requests(10));

/// <summary>The same requests among 10,000 routes.</summary>
internal sealed class MatchTenThousandBenchmark() : MatchBenchmarkBase("traffic/match-10000", ManyRoutes.Table(10_000), ManyRoutes.Requests(10));

/// <summary>Requests for a thousand of 10,000 routes, so that little of the table is still in the processor's caches.</summary>
internal sealed class MatchScatteredBenchmark() : MatchBenchmarkBase("traffic/match-10000-scattered", ManyRoutes.Table(10_000), ManyRoutes.Requests(1000));

/// <summary>Routes that test a header, a query parameter and a cookie beside.</summary>
internal sealed class MatchTestsBenchmark() : MatchBenchmarkBase("traffic/match-tests", ManyRoutes.Tested, [Samples.Request]);

/// <summary>A route with a regular expression.</summary>
internal sealed class MatchPatternBenchmark() : MatchBenchmarkBase("traffic/match-regex", ManyRoutes.Pattern, [Samples.Request]);

internal abstract class MatchBenchmarkBase(string name, TableModel model, byte[][] requests) : IBenchmark
{
    private readonly RequestHead[] heads = [.. requests.Select(_ => new RequestHead())];
    private ListenerTable? table;

    public string Name => name;

    public void Setup()
    {
        table = new TableCompiler(new PathLimits(), new SeriesBook(), new PolicyBook()).Compile(model, out _).Listeners["gateway"];
        for (var index = 0; index < requests.Length; index++)
        {
            heads[index].Reset();
            heads[index].Parse(requests[index], new PathLimits());
        }
    }

    public void Run(int iterations)
    {
        for (int index = 0, at = 0; index < iterations; index++)
        {
            if (Match.Find(table!, heads[at], requests[at], out _) is null) throw new InvalidOperationException("No route matches.");
            if (++at == requests.Length) at = 0;
        }
    }
}

/// <summary>Tables of any size, and requests for them.</summary>
internal static class ManyRoutes
{
    public static TableModel Tested { get; } = TableOf([RouteOf("tested", new RouteMatch
    {
        Path = "/api/orders/{id}",
        Headers = new Dictionary<string, string> { ["Accept"] = "application/json" },
        Query = new Dictionary<string, string> { ["expand"] = "lines" },
        Cookies = new Dictionary<string, string> { ["session"] = "*" },
    })]);

    public static TableModel Pattern { get; } = TableOf([RouteOf("pattern", new RouteMatch { Regex = "/api/orders/[0-9]+" })]);

    public static TableModel Table(int routes) => TableOf([.. Enumerable.Range(0, routes).Select(index => RouteOf($"r{index}", new RouteMatch
    {
        Host = index % 2 == 0 ? null : $"h{index % 200}.example.test",
        Path = $"/tenant-{index}/orders/{{id}}",
    }))]);

    public static byte[][] Requests(int routes) => [.. Enumerable.Range(0, routes).Select(index => Encoding.ASCII.GetBytes(
        $"GET /tenant-{index * 7 % Math.Max(routes, 10)}/orders/4711 HTTP/1.1\r\nHost: h{index * 7 % Math.Max(routes, 10) % 200}.example.test\r\n\r\n"))];

    private static TableModel TableOf(IReadOnlyList<RouteModel> routes) => Samples.Table with { Routes = routes };

    private static RouteModel RouteOf(string name, RouteMatch match) => new(name, new RouteSpec { Match = match, To = "orders" });
}
