using Mainstay.Bench;
using Mainstay.Bench.Config;
using Mainstay.Bench.Flows;
using Mainstay.Bench.Hold;
using Mainstay.Bench.Ingest;
using Mainstay.Bench.Loop;
using Mainstay.Bench.Observe;
using Mainstay.Bench.Queues;
using Mainstay.Bench.Store;
using Mainstay.Bench.Streams;
using Mainstay.Bench.Traces;
using Mainstay.Bench.Traffic.Overload;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;

return args switch
{
    ["gateway", "--table", var file] => await StandaloneGateway.RunAsync(StandaloneGateway.Table(await File.ReadAllTextAsync(file)), TransportKind.Default),
    ["gateway", "--listen", var listen, "--to", var to, "--transport", var word, .. var others] when Transports.Read(word) is { } kind =>
        await StandaloneGateway.RunAsync(StandaloneGateway.Plain(listen, to, others), kind),
    ["gateway", "--listen", var listen, "--to", var to, "--policies"] => await StandaloneGateway.RunAsync(StandaloneGateway.WithPolicies(listen, to), TransportKind.Default),
    ["gateway", "--cached", "--listen", var listen, "--to", var to] => await StandaloneGateway.RunAsync(StandaloneGateway.Cached(listen, to), TransportKind.Default),
    ["gateway", "--listen", var listen, "--to", var to, "--dead", var dead] => await StandaloneGateway.RunAsync(StandaloneGateway.WithDead(listen, to, dead), TransportKind.Default),
    ["gateway", "--listen", var listen, "--front", var front, "--mesh", var mesh, "--back", var back] =>
        await StandaloneGateway.RunAsync(StandaloneGateway.TwoHops(listen, front, mesh, back), TransportKind.Default),
    ["offer", var port, var path, var rate, var seconds, var file] => await Offer.RunAsync(port, path, rate, seconds, file),
    ["worker", var port, var workers, var serviceMs, var next] => await Worker.RunAsync(port, workers, serviceMs, next),
    ["hold", var what, var port, var connections] => await Holder.RunAsync(what, port, connections),
    ["queues", .. var rest] => await QueueLoad.RunAsync(rest),
    ["streams", .. var rest] => await StreamLoad.RunAsync(rest),
    ["store", .. var rest] => await StoreLoad.RunAsync(rest),
    ["overload", .. var rest] => OverloadTable.Run(rest),
    ["ingest", .. var rest] => await IngestLoad.RunAsync(rest),
    ["top"] => TopLoad.Run(),
    ["map", .. var rest] => await MapLoad.RunAsync(rest),
    ["traces", .. var rest] => TraceLoad.Run(rest),
    ["spans", "fill", .. var rest] => await SpanFill.RunAsync(rest),
    ["spans", "ask", .. var rest] => await SpanAsk.RunAsync(rest),
    ["watchers", .. var rest] => await ConfigWatchers.RunAsync(rest),
    ["locks", .. var rest] => await LockLoad.RunAsync(rest),
    ["loop", .. var rest] => LoopLoad.Run(rest),
    ["flows", .. var rest] => await FlowLoad.RunAsync(rest),
    _ => Harness.Run(args),
};
