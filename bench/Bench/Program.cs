using Mainstay.Bench;
using Mainstay.Bench.Loop;
using Mainstay.Bench.Store;

return args switch
{
    ["gateway", "--table", var file] => await StandaloneGateway.RunAsync(file),
    ["store", .. var rest] => await StoreLoad.RunAsync(rest),
    ["loop", .. var rest] => LoopLoad.Run(rest),
    _ => Harness.Run(args),
};
