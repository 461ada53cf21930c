using Mainstay.Bench;
using Mainstay.Bench.Store;

switch (args)
{
    case ["gateway", "--table", var file]:
        return await StandaloneGateway.RunAsync(file);
    case ["store", .. var rest]:
        return await StoreLoad.RunAsync(rest);
    default:
        await Console.Error.WriteLineAsync(
            "usage: Bench gateway --table FILE\n       Bench store --path DIR [--etcd URL] [--writers 64] [--seconds 4] [--rounds 3]");
        return 2;
}
