using Mainstay.Bench;

if (args is ["gateway", "--table", var file]) return await StandaloneGateway.RunAsync(file);

await Console.Error.WriteLineAsync("usage: Bench gateway --table FILE");
return 2;
