using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Bench.Traffic;

/// <summary>What the benchmarks of the path feed it with.</summary>
internal static class Samples
{
    public static readonly byte[] Request = Encoding.ASCII.GetBytes(
        "GET /api/orders/4711?expand=lines HTTP/1.1\r\nHost: shop.example.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
        "Accept: application/json\r\nAccept-Encoding: gzip, br\r\nAccept-Language: en\r\nCookie: session=0123456789abcdef\r\n" +
        "Connection: keep-alive\r\n\r\n");

    public static readonly byte[] Response = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 02:00:00 GMT\r\nServer: Kestrel\r\n" +
        "Content-Length: 1024\r\n\r\n" + new string('x', 1024));

    public static TableModel Table { get; } = new(
        1,
        [new ListenerModel("gateway", "127.0.0.1", 80, ListenerKind.Gateway)],
        [
            RouteOf("orders", "/api/orders/{**rest}", "orders"),
            RouteOf("order", "/api/orders/{id}", "orders"),
            RouteOf("all", "/{**rest}", "web"),
            .. Enumerable.Range(0, 50).Select(index => RouteOf($"r{index}", $"/api/r{index}/{{**rest}}", "orders")),
        ],
        [
            new ClusterModel("orders", [.. Enumerable.Range(1, 3).Select(index => new EndpointModel($"o{index}", "127.0.0.1", index))]),
            new ClusterModel("web", [new EndpointModel("w1", "127.0.0.1", 9)]),
        ]);

    /// <summary>The table with these limits on every route, and these terms on every service.</summary>
    public static TableModel Under(IReadOnlyList<LimitSpec> limits, TrafficSpec? traffic) => Table with
    {
        Routes = [.. Table.Routes.Select(route => route with { Spec = route.Spec with { Limits = limits } })],
        Clusters = [.. Table.Clusters.Select(cluster => cluster with { Traffic = traffic })],
    };

    /// <summary>The table with second requests after 500 ms on every route.</summary>
    public static TableModel Hedged { get; } = Table with
    {
        Routes = [.. Table.Routes.Select(route => route with { Spec = route.Spec with { Hedge = new HedgeSpec { After = new HedgeAfter(TimeSpan.FromMilliseconds(500), 0) } } })],
    };

    private static RouteModel RouteOf(string name, string path, string to) => new(name, new RouteSpec { Match = new RouteMatch { Path = path }, To = to });
}
