using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Policies;
using Gateway = Mainstay.Traffic.Path.Gateway;

namespace Mainstay.Bench.Traffic;

/// <summary>What a cache is fed with.</summary>
internal static class CacheSamples
{
    public static readonly byte[] Response = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 02:00:00 GMT\r\nServer: Kestrel\r\nCache-Control: max-age=1000000000\r\nETag: \"4711\"\r\n" +
        "Vary: Accept-Encoding\r\nContent-Length: 1024\r\n\r\n" + new string('x', 1024));

    /// <summary>Every route is cached.</summary>
    public static TableModel Table { get; } = Samples.Table with { Routes = [.. Samples.Table.Routes.Select(route => route with { Spec = route.Spec with { Cache = new CacheSpec() } })] };
}

/// <summary>The whole exchange where what is asked for is kept: parse, match, find, send.</summary>
internal sealed class CachedExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange-cached", suspends: false, connections: 1, CacheSamples.Table, CacheSamples.Response);

/// <summary>The gate alone: the head read, the key made, the kept response found among 10,000, selected by Vary and judged fresh.</summary>
internal sealed class CacheLookupBenchmark : IBenchmark
{
    private const int Entries = 10_000;
    private readonly Gateway gateway = new(new MemoryTransport(Samples.Request, CacheSamples.Response, suspends: false));
    private Exchange? exchange;
    private CacheGate? gate;

    public string Name => "traffic/cache-hit";

    public void Setup()
    {
        gateway.Apply(CacheSamples.Table);
        var listener = gateway.Find("gateway")!;
        var x = exchange = Exchange.Rent(new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1));
        for (var index = Entries - 1; index >= 0; index--)
        {
            x.Input.Clear();
            var request = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(Samples.Request).Replace("4711", $"{4711 + index}", StringComparison.Ordinal));
            request.CopyTo(x.Input.Room());
            x.Input.Took(request.Length);
            x.Request.Reset();
            if (x.Request.Parse(x.Input.Bytes, new PathLimits()) != ParseStatus.Complete) throw new InvalidOperationException("The sample is refused.");
            x.Begin(gateway.Clock.Timestamp);
            x.Body = RequestBody.Begin(x.Request, default);
            x.Target = Match.Find(listener.Table, x.Request, x.HeadBytes, out _) ?? throw new InvalidOperationException("No route matches.");
            gate = x.Target.Gates.OfType<CacheGate>().Single();
            Keep(x);
        }
    }

    public void Run(int iterations)
    {
        var (x, entered) = (exchange!, gate!);
        for (var index = 0; index < iterations; index++)
        {
            if (entered.Enter(x, 0) != Verdict.Answer) throw new InvalidOperationException("It is not kept.");
            entered.Leave(x, 0);
            x.Answer = null;
        }
    }

    private void Keep(Exchange x)
    {
        if (gate!.Enter(x, 0) != Verdict.Pass) throw new InvalidOperationException("It is kept already.");
        // In memory everything completes at once.
        var wire = new MemoryTransport([], CacheSamples.Response, suspends: false).ConnectAsync(x.Target!.Cluster.Endpoints[0].Address, new ConnectAttempt()).AsTask().GetAwaiter().GetResult()!;
        var upstream = x.Upstream = new Upstream(x.Target.Cluster.Endpoints[0], wire);
        _ = wire.SendAsync(Samples.Request).AsTask().GetAwaiter().GetResult();
        upstream.Took(upstream.ReceiveAsync().AsTask().GetAwaiter().GetResult());
        x.Response.Reset();
        if (x.Response.Parse(upstream.Received.Span, new PathLimits()) != ParseStatus.Complete) throw new InvalidOperationException("The sample is refused.");
        x.Visit!.Answered(x, Reason.None);
        x.Visit.Take(x, upstream.Received.Span[x.Response.Length..], isFramed: false);
        gate.Leave(x, 0);
        upstream.Discard();
        x.Upstream = null;
    }
}

/// <summary>What becomes of a request, from its directives and the times of what is kept.</summary>
internal sealed class CacheUseBenchmark : IBenchmark
{
    private readonly CacheTerms terms = CacheTerms.Of(new CacheSpec(), TimeSpan.Zero, perClient: false);
    private readonly StoredTimes times = new(0, 0, 60_000, 10_000, 10_000, 0) { IsCached = true };

    public string Name => "traffic/cache-use";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var asked = new CacheDirectives();
            asked.Add("max-age=120, stale-if-error=60"u8);
            if (CacheRules.Use(times, asked, terms, index & 0x7FFF) != CacheUse.Fresh) throw new InvalidOperationException("It is fresh.");
        }
    }
}

/// <summary>The address of a request with a query of which two parameters do not count.</summary>
internal sealed class CacheKeyBenchmark : IBenchmark
{
    private readonly byte[] into = new byte[512];
    private readonly QueryRule rule = QueryRule.Of(new CacheQuerySpec { Ignore = ["utm_*"], Sort = true })!;

    public string Name => "traffic/cache-key";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            CacheKey.Write(into, isSecure: true, "Shop.example.test"u8, "/api/orders/4711"u8, "utm_source=x&page=2&expand=lines&utm_medium=y"u8, rule);
        }
    }
}

/// <summary>One object that comes, and one that gives way to it; every second one is used.</summary>
internal sealed class CacheOrderBenchmark : IBenchmark
{
    private readonly S3Fifo order = new(10_000);
    private readonly List<S3Node> evicted = new(1024);
    private Node[] nodes = [];
    private int next;

    public string Name => "traffic/cache-order";

    public void Setup() => nodes = [.. Enumerable.Range(0, 40_000).Select(index => new Node((ulong)index))];

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            var node = nodes[next];
            next = (next + 1) % nodes.Length;
            if (node.IsKept) order.Remove(node);
            order.Add(node, evicted);
            if ((index & 1) == 0) nodes[(next + nodes.Length - 5000) % nodes.Length].Touch();
            evicted.Clear();
        }
    }

    private sealed class Node(ulong key) : S3Node(key, 1);
}
