using Mainstay.Bench;
using Mainstay.Bench.Loop;
using Mainstay.Bench.Store;
using Mainstay.Bench.Traffic.Overload;
using Mainstay.Traffic.Drivers;

return args switch
{
    ["gateway", "--table", var file] => await StandaloneGateway.RunAsync(file, TransportKind.Default),
    ["gateway", "--table", var file, "--transport", var word] when Transports.Read(word) is { } kind => await StandaloneGateway.RunAsync(file, kind),
    ["store", .. var rest] => await StoreLoad.RunAsync(rest),
    ["overload", .. var rest] => OverloadTable.Run(rest),
    ["loop", .. var rest] => LoopLoad.Run(rest),
    _ => Harness.Run(args),
};
