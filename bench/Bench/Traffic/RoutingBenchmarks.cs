using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Bench.Traffic;

/// <summary>Writes a request whose path, Host and headers are changed.</summary>
internal sealed class RewriteBenchmark() : TargetBenchmark("traffic/rewrite", spec => spec with
{
    Rewrite = new() { Path = "/v2/{id}", Host = "orders.internal" },
    RequestHeaders = new() { Set = new Dictionary<string, string> { ["X-Client"] = "{client} {route}" }, Remove = ["Cookie"] },
})
{
    protected override void Once(Exchange x) => Forward.WriteRequest(x);
}

/// <summary>Writes the same request unchanged, for comparison.</summary>
internal sealed class WriteRequestBenchmark() : TargetBenchmark("traffic/write-request", spec => spec)
{
    protected override void Once(Exchange x) => Forward.WriteRequest(x);
}

/// <summary>A request from an allowed origin past a route's CORS, body limit and response headers.</summary>
internal sealed class CorsBenchmark() : TargetBenchmark("traffic/cors", spec => spec with
{
    Cors = new() { Origins = ["https://*.shop.test", "https://shop.test"], Credentials = true },
    MaxBody = new(1024),
    ResponseHeaders = new() { Set = new Dictionary<string, string> { ["X-Id"] = "{request-id}" } },
})
{
    protected override void Once(Exchange x)
    {
        x.Added.Clear();
        x.Entered = 0;
        Admit.Enter(x);
    }
}

/// <summary>The version for a user who is known by a cookie.</summary>
internal sealed class SplitBenchmark() : TargetBenchmark("traffic/split", spec => spec with
{
    Split = new() { By = "cookie:session", Parts = [new() { Version = ">=2.0", Weight = 10 }, new() { Version = "<2.0", Weight = 90 }] },
})
{
    protected override void Once(Exchange x)
    {
        x.Entered = 0;
        Admit.Enter(x);
    }
}

/// <summary>A request that was drawn for a version nobody of which can be reached, on its way to the other one.</summary>
internal sealed class SideBenchmark() : TargetBenchmark("traffic/side", spec => spec, cluster => cluster with { Release = new(["o3"], 10_000) })
{
    private RouteTarget? matched;

    protected override void Once(Exchange x)
    {
        x.Entered = 0;
        x.Target = matched ??= x.Target;
        Admit.Enter(x);
        x.Target!.Cluster.Loads[0].AloneUntilMs = long.MaxValue;
        if (!Crossing.Leads(x, Reason.None)) throw new InvalidOperationException("It stays.");
    }
}

/// <summary>The part of a user among two.</summary>
internal sealed class SplitChoiceBenchmark : IBenchmark
{
    private readonly SplitChoice choice = new("r", [new SplitPart { Version = ">=2.0", Weight = 10 }, new SplitPart { Version = "<2.0", Weight = 90 }]);

    public string Name => "traffic/split-choice";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            if (choice.Of((ulong)index) < 0) throw new InvalidOperationException("No part takes the user.");
        }
    }
}

internal abstract class TargetBenchmark(string name, Func<RouteSpec, RouteSpec> change, Func<ClusterModel, ClusterModel>? clusters = null) : IBenchmark
{
    private static readonly byte[] Request = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(Samples.Request).Replace("Accept: ", "Origin: https://a.shop.test\r\nAccept: ", StringComparison.Ordinal));
    private readonly Gateway gateway = new(new MemoryTransport(Request, Samples.Response, suspends: false));
    private Exchange? exchange;

    public string Name => name;

    public void Setup()
    {
        var spec = change(new RouteSpec { Match = new() { Path = "/api/orders/{id}" }, To = "orders" });
        gateway.Apply(Samples.Table with { Routes = [new RouteModel("order", spec)], Clusters = [.. Samples.Table.Clusters.Select(clusters ?? (one => one))] });
        var listener = gateway.Find("gateway")!;
        var connection = new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1);
        var x = exchange = Exchange.Rent(connection);
        Request.CopyTo(x.Input.Room());
        x.Input.Took(Request.Length);
        x.Request.Reset();
        if (x.Request.Parse(x.Input.Bytes, new PathLimits()) != ParseStatus.Complete) throw new InvalidOperationException("The sample is refused.");
        x.Begin(gateway.Clock.Timestamp);
        x.Body = RequestBody.Begin(x.Request, default);
        x.Target = Match.Find(listener.Table, x.Request, x.HeadBytes, out _) ?? throw new InvalidOperationException("No route matches.");
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) Once(exchange!);
    }

    protected abstract void Once(Exchange x);
}
