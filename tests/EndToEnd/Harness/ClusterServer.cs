using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Mainstay.EndToEnd.Harness;

/// <summary>A server of a cluster, with an installation of its own.</summary>
sealed class ClusterServer(string name) : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(15) };
    readonly int port = ThreeInARow();
    static int next = System.Environment.ProcessId % 3_000 * 3;

    System.Diagnostics.Process? process;

    public Installation Place { get; } = new();

    /// <summary>The process of the server; 0 while there is none.</summary>
    public int Pid => process is null ? Place.Role("server") : process.HasExited ? 0 : process.Id;

    string Url => Place.Api.OriginalString.TrimEnd('/');

    public void Start((string Join, string Token)? with = null)
    {
        process = Place.Start([
            "server", "--cluster", $"127.0.0.1:{port}", "--name", name, "--listen", Url, "--otlp-grpc", "off", "--otlp-http", "off", "--zipkin", "off",
            .. with is { } join ? new[] { "--join", join.Join, "--token", join.Token } : [],
        ]);
        // What nobody reads must not fill the pipe.
        process.ErrorDataReceived += (_, line) => File.AppendAllText(Log, line.Data + "\n");
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    string Log => Path.Combine(Place.Folder, "server.log");

    /// <summary>Starts it as the first one, with a supervisor that starts it again, a gateway and an agent.</summary>
    public async Task UpAsync(string manifest)
    {
        var outcome = await Place.RunAsync("up", Place.Write("mainstay.yaml", manifest), "--detach", "--no-open", "--listen", Url, "--cluster", $"127.0.0.1:{port}", "--otlp-grpc", "off", "--otlp-http", "off", "--zipkin", "off");
        outcome.Code.ShouldBe(0, $"{outcome}\n{Place.Logs()}");
    }

    public void Kill() => Proc.Signal(process!.Id, Proc.SigKill);

    public Task EndedAsync() => process!.WaitForExitAsync(new CancellationTokenSource(Patience).Token);

    public void KillMember() => Proc.Signal(Place.Processes().Single(p => Proc.Arguments(p) is [var program, ..] && Path.GetFileName(program) == "etcd"), Proc.SigKill);

    public Task<Outcome> RemoveAsync(string other) => Place.RunAsync("server", "remove", other, "--server", Url);

    public async Task<(string Join, string Token)> TokenAsync()
    {
        var outcome = await Place.RunAsync("server", "token", "-o", "json", "--server", Url);
        outcome.Code.ShouldBe(0, $"{outcome}");
        var given = JsonNode.Parse(outcome.Out)!;
        return ((string)given["join"]!, (string)given["token"]!);
    }

    public async Task<ClusterStanding> UntilAsync(Func<ClusterStanding, bool> holds, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string what = "")
    {
        ClusterStanding? last = null;
        return await Eventually.GetAsync(
            async () =>
            {
                try
                {
                    last = new(JsonNode.Parse(await http.GetStringAsync($"{Url}/api/v1/store"))!);
                    return holds(last) ? last : null;
                }
                catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
                {
                    return null;
                }
            },
            Patience,
            () => $"{last?.View.ToJsonString()}\n{name}: {Logs()}",
            what);
    }

    /// <summary>What it said.</summary>
    public string Logs() => $"{(File.Exists(Log) ? File.ReadAllText(Log) : "")}\n{Place.Logs()}";

    public async Task WriteAsync(string value)
    {
        using var answer = await http.PostAsync(
            new Uri($"{Url}/api/v1/ids/leases"), new StringContent($$"""{"holder":"{{value}}"}""", System.Text.Encoding.UTF8, "application/json"));
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async Task<IReadOnlyList<string>> ReadAsync()
    {
        var workers = JsonNode.Parse(await http.GetStringAsync($"{Url}/api/v1/id-workers?limit=500"))!["items"]!.AsArray();
        return [.. workers.Select(w => (string)w!["holder"]!).Where(h => h.StartsWith("written", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await Place.DisposeAsync();
    }

    // etcd's two ports and the door lie side by side, where the system takes none for a connection that another makes: that would keep it for a minute.
    static int ThreeInARow() => Enumerable.Range(0, 1000).Select(_ => 10_000 + (Interlocked.Add(ref next, 3) % 9_000)).First(first => IsFree(first) && IsFree(first + 1) && IsFree(first + 2));

    static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
