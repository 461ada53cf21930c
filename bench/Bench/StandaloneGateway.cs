using System.Globalization;
using System.Runtime.InteropServices;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Bench;

/// <summary>The gateway alone with a fixed table, for measurements beside other gateways.</summary>
internal static class StandaloneGateway
{
    /// <summary>Everything to one endpoint, loopback to loopback; with each <c>NAME=PORT</c>, what is below <c>/NAME/</c> to another one.</summary>
    public static TableModel Plain(string listen, string to, string[] others)
    {
        var services = others.Select(other => other.Split('=')).Append(["", to]).ToList();
        return new TableModel(
            1,
            [new ListenerModel("gateway", "127.0.0.1", PortOf(listen), ListenerKind.Gateway)],
            [.. services.Select(one => new RouteModel($"r-{one[0]}", new RouteSpec { Match = new RouteMatch { Path = $"/{one[0]}/{{**rest}}".Replace("//", "/", StringComparison.Ordinal) }, To = $"s-{one[0]}" }))],
            [.. services.Select(one => new ClusterModel($"s-{one[0]}", [new EndpointModel($"s-{one[0]}-1", "127.0.0.1", PortOf(one[1]))]))]);
    }

    /// <summary>As <see cref="Plain"/>, through one of 1,000 routes with a token bucket per client and a breaker, to a service with limits, levels and outlier detection.</summary>
    public static TableModel WithPolicies(string listen, string to)
    {
        var plain = Plain(listen, to, []);
        var spec = new RouteSpec
        {
            Match = new RouteMatch(),
            To = "s-",
            Limits = [new LimitSpec { Algorithm = LimitAlgorithm.TokenBucket, Per = "client", Rate = new Rate(1_000_000_000, TimeSpan.FromSeconds(1)), Burst = 1_000_000 }],
            Breaker = new BreakerSpec(),
        };
        var matches = Enumerable.Range(0, 999).Select(number => $"/service{number % 50}/part{number}/{{id}}/{{**rest}}").Append("/1k");
        var traffic = new TrafficSpec
        {
            Outliers = new OutlierSpec(),
            Limits = [new LimitSpec { Algorithm = LimitAlgorithm.Adaptive, Limit = 1000, Min = 1000 }],
            Levels = new LevelsSpec(),
        };
        return plain with
        {
            Routes = [.. matches.Select((path, number) => new RouteModel($"r{number}", spec with { Match = new RouteMatch { Path = path } }))],
            Clusters = [plain.Clusters[0] with { Traffic = traffic }],
        };
    }

    /// <summary>Everything to one endpoint, and what it answers is kept.</summary>
    public static TableModel Cached(string listen, string to)
    {
        var plain = Plain(listen, to, []);
        return plain with { Routes = [.. plain.Routes.Select(route => route with { Spec = route.Spec with { Cache = new CacheSpec() } })] };
    }

    /// <summary>As <see cref="Plain"/>, and below <c>/dead/</c> to a service that is not there, with a breaker.</summary>
    public static TableModel WithDead(string listen, string to, string dead)
    {
        var plain = Plain(listen, to, [$"dead={dead}"]);
        return plain with { Routes = [.. plain.Routes.Select(route => route.Name == "r-dead" ? route with { Spec = route.Spec with { Breaker = new BreakerSpec() } } : route)] };
    }

    /// <summary>
    /// Two hops that protect themselves: from outside to <c>front</c>, and from there through a mesh listener to <c>back</c>. What is below <c>/critical/</c> is critical, all else low.
    /// </summary>
    public static TableModel TwoHops(string listen, string front, string mesh, string back)
    {
        var traffic = new TrafficSpec
        {
            Limits = [new LimitSpec { Algorithm = LimitAlgorithm.Adaptive, Queue = new QueueSpec { Length = 100, Wait = TimeSpan.FromMilliseconds(50), Order = QueueOrder.Priority } }],
            Levels = new LevelsSpec(),
        };
        RouteSpec To(string path, Criticality criticality) => new() { Match = new RouteMatch { Path = path }, To = "front", Criticality = criticality };
        return new TableModel(
            1,
            [
                new ListenerModel("gateway", "127.0.0.1", PortOf(listen), ListenerKind.Gateway),
                new ListenerModel("front-to-back", "127.0.0.1", PortOf(mesh), ListenerKind.Mesh, "front", "back"),
            ],
            [new RouteModel("critical", To("/critical/{**rest}", Criticality.Critical)), new RouteModel("rest", To("/{**rest}", Criticality.Low))],
            [
                new ClusterModel("front", [new EndpointModel("front-1", "127.0.0.1", PortOf(front))], traffic),
                new ClusterModel("back", [new EndpointModel("back-1", "127.0.0.1", PortOf(back))], traffic),
            ]);
    }

    public static async Task<int> RunAsync(TableModel table, TransportKind kind)
    {
        var stopping = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stopping.TrySetResult();
        });
        var transport = Transports.Open(kind);
        using var loops = transport as IDisposable;
        await using var gateway = new Mainstay.Traffic.Path.Gateway(transport);
        var applied = gateway.Apply(table);
        foreach (var failure in applied.FailedListeners) await Console.Error.WriteLineAsync($"{failure.Name}: {failure.Error}");
        foreach (var problem in applied.Problems) await Console.Error.WriteLineAsync(problem);
        if (applied.FailedListeners.Count > 0) return 1;
        await Console.Out.WriteLineAsync("ready");
        await stopping.Task;
        var requests = gateway.TakeRecords("bench", 1, 0).Records.Sum(record => record.Requests);
        await Console.Out.WriteLineAsync($"{requests} requests, {GC.GetTotalAllocatedBytes()} bytes allocated since the start");
        await gateway.DrainAsync(TimeSpan.FromSeconds(1));
        if (gateway.LastFault is { } fault) await Console.Error.WriteLineAsync(fault.ToString());
        return gateway.Faults == 0 ? 0 : 1;
    }

    /// <summary>A table without routes sends everything to its first cluster, on the default terms.</summary>
    public static TableModel Table(string json)
    {
        var read = TableModel.FromJson(json);
        if (read.Routes.Count > 0) return read;
        return read with { Routes = [new RouteModel("all", new RouteSpec { Match = new RouteMatch(), To = read.Clusters[0].Service })] };
    }

    private static int PortOf(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
