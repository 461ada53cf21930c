using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mainstay.Core.Servers;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic;

/// <summary>How a gateway process runs.</summary>
public sealed record GatewayOptions
{
    /// <summary>The data folder; the gateway writes under <c>gateway/</c> in it.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The server's base address; null to serve the last table and nothing else.</summary>
    public Uri? ServerUrl { get; init; }

    /// <summary>Other servers on the same store, of which one leads at a time; the gateway follows whoever leads.</summary>
    public IReadOnlyList<Uri> OtherServers { get; init; } = [];

    /// <summary>Sent to the server as <c>X-Mainstay-Token</c>: what Mainstay's own processes show each other.</summary>
    public string? Token { get; init; }

    /// <summary>What it shows the server over TLS, and by what it knows it; null where the server is on this machine.</summary>
    public System.Net.Security.SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>The Unix domain socket of the supervisor's <see cref="FdStore"/>; null to work alone.</summary>
    public string? FdStorePath { get; init; }

    /// <summary>The gateway's id in records; null for one made of host, process id and chance.</summary>
    public string? Id { get; init; }

    /// <summary>The zone that it stands in; null where that makes no difference.</summary>
    public string? Zone { get; init; }

    /// <summary>What it is among gateways of other hosts; null where there are none.</summary>
    public Path.Mesh.MeshTerms? Mesh { get; init; }

    /// <summary>How it reaches the network. Default: event loops where the system has them.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>Event loops; 0, the default, for one per processor that the process may use.</summary>
    public int Loops { get; init; }

    /// <summary>How long a drain may take before the rest is cut. Default 10 s.</summary>
    public TimeSpan DrainBound { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most time spent on warming up before taking over from a predecessor, which serves meanwhile. Default 3 s; zero for none.</summary>
    public TimeSpan WarmupBound { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Warm up first, then wait with serving until the supervisor says that the gateway is gone. Needs <see cref="FdStorePath"/>.</summary>
    public bool StandsBy { get; init; }

    /// <summary>Every bound of the path.</summary>
    public PathLimits Limits { get; init; } = new();

    /// <summary>Opens the ledger of requests that are done once or later, the first time that one comes; null where there is none.</summary>
    public Func<Mainstay.Core.Requests.IRequestLedger>? OpenRequests { get; init; }

    /// <summary>Takes a line for people, without a time stamp.</summary>
    public Action<string> Log { get; init; } = static line => Console.Error.WriteLine(line);
}

/// <summary>The gateway role: serves at once with the last table, follows the server, and goes without losing a request.</summary>
public static class GatewayProcess
{
    /// <summary>Runs until stopped or told to by SIGTERM or SIGINT; then drains. 0, also where the drain had to cut something.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Ends it like a signal.</param>
    public static async Task<int> RunAsync(GatewayOptions options, TimeProvider time, CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

        var file = new TableFile(options.DataFolder);
        if (options.StandsBy && !await StandByAsync(options, file, time, stopping.Token)) return 0;

        // 1. The listening sockets that a predecessor left, and the table it had.
        using var handover = options.FdStorePath is { } path ? new SocketHandover(path) : null;
        var kept = file.Load(out var problem);
        if (problem is not null) options.Log(problem);

        // 2. Serve; warm before, as long as a predecessor serves. Where none does, clients wait, and they are better off with cold code.
        if (options.WarmupBound > TimeSpan.Zero && !options.StandsBy && file.IsServedByAnother()) await Warmup.RunAsync(options.Transport, options.WarmupBound, time);
        // From here on nothing waits for the server.
        var transport = Transports.Open(options.Transport, handover, options.Loops);
        using var loops = transport as IDisposable;
        await using var gateway = new Gateway(
            transport, options.Limits, time, BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)), options.Zone, options.Mesh) { OpenRequests = options.OpenRequests };
        using var live = new LiveTable(gateway, options);
        if (kept is not null) live.Apply(kept);
        Say(file.SayReady(gateway.Revision), options);

        // 3. The server, for as long as this process lives.
        using var choice = new ServerChoice(options.ServerUrl is { } first ? [first, .. options.OtherServers] : [new Uri("http://127.0.0.1")]);
        using var server = Client(options, choice);
        using var records = new RecordFeed(server, time) { HasOthers = choice.IsOpen };
        var id = options.Id ?? $"{Environment.MachineName}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, true)}";
        var (run, sequence) = (Guid.CreateVersion7(time.GetUtcNow()).ToString("N"), 0L);
        RecordBatch Take(long dropped)
        {
            gateway.Retry();
            return gateway.TakeRecords(id, ++sequence, dropped) with { Pid = Environment.ProcessId, Run = run, At = time.GetUtcNow() };
        }

        void Apply(TableModel table)
        {
            live.Apply(table);
            handover?.ForgetUnclaimed();
            Say(file.Save(table), options);
            Say(file.SayReady(table.Revision), options);
            records.Hurry();
        }

        var following = options.ServerUrl is null
            ? Task.Delay(Timeout.InfiniteTimeSpan, time, stopping.Token)
            : Task.WhenAll(
                new TableFeed(server, time, options.Log) { Left = () => choice.Left }.RunAsync(() => gateway.Revision, Apply, question => _ = records.AnswerAsync(gateway.Answer(id, question)), gateway.Fences.Learn, stopping.Token),
                records.RunAsync(Take, stopping.Token));
        await following.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        if (following.IsFaulted) options.Log($"the gateway's control side failed: {following.Exception}");

        // 4. Go without losing a request.
        if (!await gateway.DrainAsync(options.DrainBound)) options.Log("the drain's time was over; the remaining connections were cut");
        if (options.ServerUrl is not null) await records.FinishAsync(Take(records.Dropped));
        file.EndReady();
        return following.IsFaulted ? 1 : 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    // All that a start costs is done while another serves: what is read here is read again, for it changes meanwhile.
    private static async Task<bool> StandByAsync(GatewayOptions options, TableFile file, TimeProvider time, CancellationToken stop)
    {
        _ = file.Load(out _);
        await Warmup.RunAsync(options.Transport, options.WarmupBound, time);
        return options.FdStorePath is { } path
            && await StandBy.WaitAsync(path, () => options.Log($"process {Environment.ProcessId} is warm and stands by"), stop);
    }

    private static HttpClient Client(GatewayOptions options, ServerChoice choice)
    {
        var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(choice.IsOpen ? 1.5 : 2), UseProxy = false };
        handler.SslOptions = options.Tls ?? handler.SslOptions;
        var client = new HttpClient(choice.IsOpen ? new ServerHandler(choice, new ConnectFaults(handler)) : new ConnectFaults(handler))
        {
            BaseAddress = options.ServerUrl,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (options.Token is { } token) client.DefaultRequestHeaders.Add("X-Mainstay-Token", token);
        return client;
    }

    private static void Say(string? problem, GatewayOptions options)
    {
        if (problem is not null) options.Log(problem);
    }
}
