using Mainstay.Bench;
using Mainstay.Bench.Store;

return args switch
{
    ["gateway", "--table", var file] => await StandaloneGateway.RunAsync(file),
    ["store", .. var rest] => await StoreLoad.RunAsync(rest),
    _ => Harness.Run(args),
};
