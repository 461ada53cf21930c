using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;
using Mainstay.Traffic.Path.Mesh;

namespace Mainstay.Bench.Traffic;

/// <summary>A request's head, from bytes.</summary>
internal sealed class ParseRequestBenchmark : IBenchmark
{
    private readonly RequestHead head = new();
    private readonly PathLimits limits = new();

    public string Name => "traffic/parse-request";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            head.Reset();
            if (head.Parse(Samples.Request, limits) != ParseStatus.Complete) throw new InvalidOperationException("The sample is refused.");
        }
    }
}

/// <summary>A response's head, from bytes.</summary>
internal sealed class ParseResponseBenchmark : IBenchmark
{
    private readonly ResponseHead head = new();
    private readonly PathLimits limits = new();

    public string Name => "traffic/parse-response";

    public void Setup()
    {
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++)
        {
            head.Reset();
            if (head.Parse(Samples.Response, limits) != ParseStatus.Complete) throw new InvalidOperationException("The sample is refused.");
        }
    }
}

/// <summary>One of three endpoints by power of two choices.</summary>
internal sealed class PickBenchmark : IBenchmark
{
    private readonly RequestHead head = new();
    private Cluster? cluster;
    private Dice dice = new(1);

    public string Name => "traffic/pick";

    public void Setup()
    {
        head.Reset();
        head.Parse(Samples.Request, new PathLimits());
        var table = new TableCompiler(new PathLimits(), new SeriesBook(), new PolicyBook()).Compile(Samples.Table, out _).Listeners["gateway"];
        cluster = Match.Find(table, head, Samples.Request, out _)!.Cluster;
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) Pick.Next(cluster!, 0, 0, again: false, nowMs: 1, ref dice);
    }
}

/// <summary>One finished exchange, counted.</summary>
internal sealed class RecordBenchmark : IBenchmark
{
    private readonly Gateway gateway = new(new MemoryTransport(Samples.Request, Samples.Response, suspends: false));
    private Exchange? exchange;
    private ListenerTable? table;

    public string Name => "traffic/record";

    public void Setup()
    {
        gateway.Apply(Samples.Table);
        var listener = gateway.Find("gateway")!;
        table = listener.Table;
        var connection = new ClientConnection(gateway, listener, new MemoryTransport([], [], false).Client(), 1);
        exchange = Exchange.Rent(connection);
        exchange.Status = 200;
        exchange.StartedAt = gateway.Clock.Timestamp;
    }

    public void Run(int iterations)
    {
        for (var index = 0; index < iterations; index++) Record.Add(exchange!, table!);
    }
}

/// <summary>The whole plain exchange: keep-alive GET through a pooled connection, 1 KB back; every receive completes at once.</summary>
internal sealed class ExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange", suspends: false, connections: 1);

/// <summary>The same with 64 connections of which each suspends at every receive.</summary>
internal sealed class SuspendedExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange-suspended", suspends: true, connections: 64);

/// <summary>The same over routes whose slow reads are asked for again: none is so slow, but each is looked after until its delay is over.</summary>
internal sealed class HedgedExchangeBenchmark() : ExchangeBenchmarkBase("traffic/exchange-hedged", suspends: true, connections: 64, Samples.Hedged, time: new StillTime());

internal abstract class ExchangeBenchmarkBase(string name, bool suspends, int connections, TableModel? table = null, byte[]? response = null, StillTime? time = null) : IBenchmark
{
    private readonly MemoryTransport transport = new(Samples.Request, response ?? Samples.Response, suspends);
    private readonly List<MemoryTransport.MemoryWire> clients = [];
    private Gateway? gateway;

    public string Name => name;

    public void Setup()
    {
        gateway = new Gateway(transport, time: time);
        gateway.Apply(table ?? Samples.Table);
        for (var index = 0; index < connections; index++)
        {
            var client = transport.Client();
            var connection = new ClientConnection(gateway, gateway.Find("gateway")!, client, (ulong)index);
            gateway.Remember(connection);
            clients.Add(client);
            _ = connection.RunAsync();
        }
    }

    public void Run(int iterations)
    {
        foreach (var client in clients) client.Give(iterations / connections);
        transport.RunPending();
        time?.Pass(TimeSpan.FromSeconds(1));
        if (gateway!.Connections != connections) throw new InvalidOperationException("A connection ended.", gateway.LastFault);
    }
}

/// <summary>What another host's gateway sends to an instance of this one: 64 connections, of which each suspends at every receive.</summary>
internal sealed class MeshTunnelBenchmark : IBenchmark
{
    private const int Connections = 64;
    private readonly MemoryTransport transport = new(Samples.Request, Samples.Response, suspends: true);
    private readonly List<MemoryTransport.MemoryWire> clients = [];

    public string Name => "traffic/mesh-tunnel";

    public void Setup()
    {
        var terms = new MeshTerms("h1", "127.0.0.1", 1, "none.pem", "none.pem");
        var gateway = new Gateway(transport, mesh: terms);
        gateway.Apply(new TableModel(1, [], [], [new ClusterModel("s", [new EndpointModel("one", "127.0.0.1", 2) { Via = new ViaModel("h1", "127.0.0.1", 1) }])]));
        for (var index = 0; index < Connections; index++)
        {
            var client = transport.Client();
            clients.Add(client);
            _ = new MeshTunnel(client, "h2", "", DateTimeOffset.MaxValue, "one").RunAsync(gateway.Mesh!);
        }
    }

    public void Run(int iterations)
    {
        foreach (var client in clients) client.Give(iterations / Connections);
        transport.RunPending();
    }
}
