using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Mainstay.EndToEnd.Harness;

namespace Mainstay.EndToEnd;

/// <summary>Servers that form a cluster by themselves: each with a member of etcd that it starts, keeps and takes in again.</summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Three_servers_form_a_cluster_lose_one_and_take_it_in_anew()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        void Tell(string what) => output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {what}");
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        Tell("one server");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        Tell("two have a vote");
        c.Start(await b.TokenAsync());
        var before = await c.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await b.WriteAsync("written while a leads");
        Tell("three have a vote");

        // One is killed with its member, and loses its data: another leads, and the cluster takes it in anew with another identity.
        a.Kill();
        a.KillMember();
        await b.UntilAsync(s => s.Well == 2 && s.Leads != "a");
        await c.UntilAsync(s => s.Leads != "a");
        await c.WriteAsync("written while a is away");
        Tell("another leads");
        Directory.Delete(Path.Combine(a.Place.Data, "etcd", "data"), recursive: true);
        a.Start();
        // Two with one identity could vote twice.
        await b.UntilAsync(s => s.Voters == 3 && s.Well == 3 && s.IdOf("a") != before.IdOf("a"));
        Tell("the one without data is back");
        await a.UntilAsync(s => s.Voters == 3);
        (await a.ReadAsync()).ShouldBe(["written while a is away", "written while a leads"]);
    }

    /// <summary>How long it takes until something can be written again when the server that leads is killed together with its member; <c>ROUNDS</c> times (default 10).</summary>
    [Fact(Explicit = true)]
    public async Task Another_leads_soon_after_the_server_that_led_ended_together_with_its_member()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        var all = new Dictionary<string, ClusterServer> { ["a"] = a, ["b"] = b, ["c"] = c };
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        c.Start(await b.TokenAsync());
        List<(double Seconds, bool Both)> took = [];
        for (var round = 0; round < int.Parse(System.Environment.GetEnvironmentVariable("ROUNDS") ?? "10", System.Globalization.CultureInfo.InvariantCulture); round++)
        {
            var now = await a.UntilAsync(s => s.Voters == 3 && s.Well == 3 && s.Leads is not null);
            await b.UntilAsync(s => s.Well == 3);
            await c.UntilAsync(s => s.Well == 3);
            var (struck, other) = (all[now.Leads!], all.First(s => s.Key != now.Leads).Value);
            var began = System.Diagnostics.Stopwatch.GetTimestamp();
            struck.Kill();
            struck.KillMember();
            await Eventually.GetAsync(
                async () =>
                {
                    try
                    {
                        await other.WriteAsync($"written in round {round}");
                        return "written";
                    }
                    catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
                    {
                        return null;
                    }
                },
                Patience);
            took.Add((System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, now[now.Leads!] == "leader"));
            output.WriteLine($"{now.Leads} was struck{(took[^1].Both ? ", which led etcd too" : "")}: {took[^1].Seconds:0.0} s");
            struck.Start();
        }

        foreach (var both in new[] { false, true })
        {
            double[] sorted = [.. took.Where(t => t.Both == both).Select(t => t.Seconds).Order()];
            if (sorted.Length > 0)
                output.WriteLine($"{(both ? "with etcd's leader" : "with another member")}: {sorted.Length} times, {sorted[sorted.Length / 2]:0.0} s in the median, {sorted[^1]:0.0} s at most");
        }
    }

    /// <summary>What takes longer: most members away, and one removed for good.</summary>
    [Fact(Explicit = true)]
    public async Task Without_most_servers_nothing_is_written_and_one_that_is_removed_ends()
    {
        await using var a = new ClusterServer("a");
        await using var b = new ClusterServer("b");
        await using var c = new ClusterServer("c");
        a.Start();
        await a.UntilAsync(s => s.Count == 1 && s["a"] == "leader");
        b.Start(await a.TokenAsync());
        await a.UntilAsync(s => s.Voters == 2);
        c.Start(await b.TokenAsync());
        var after = await c.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await b.WriteAsync("written while all are there");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        void Tell(string what) => output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s: {what}");

        // Without two of three what is known can be read, and what is written is refused with the reason.
        var leads = after.Leads == "b" ? b : after.Leads == "c" ? c : a;
        foreach (var other in new[] { a, b, c }.Where(s => s != leads))
        {
            other.Kill();
            other.KillMember();
        }

        (await leads.UntilAsync(s => !s.Writable && s.Since)).Count.ShouldBe(3);
        Tell("nothing can be written");
        (await leads.ReadAsync()).Count.ShouldBe(1);
        var refused = await Should.ThrowAsync<HttpRequestException>(() => leads.WriteAsync("refused"));
        refused.Message.ShouldContain("nothing can be written");
        foreach (var other in new[] { a, b, c }.Where(s => s != leads))
            other.Start();
        await a.UntilAsync(s => s.Voters == 3 && s.Well == 3);
        await a.WriteAsync("written when all are back");
        Tell("all are back");

        // Removed, it ends, and stays away.
        (await b.RemoveAsync("c")).ShouldBe(0);
        await a.UntilAsync(s => s.Count == 2 && s.Voters == 2);
        await c.EndedAsync();
        Tell("one was removed and ended");
        (await a.RemoveAsync("zed")).ShouldBe(1);
    }

    sealed record Standing(JsonNode View)
    {
        public int Count => Servers.Count;

        public int Voters => Servers.Count(s => (string?)s!["role"] != "learner");

        public int Well => Servers.Count(s => (string?)s!["state"] == "well");

        public bool Writable => (bool)View["writable"]!;

        public bool Since => View["since"] is not null;

        public string? Leads => (string?)Servers.FirstOrDefault(s => (bool)s!["leads"]!)?["name"];

        JsonArray Servers => View["servers"]!.AsArray();

        public string? this[string name] => (string?)Server(name)?["role"];

        public string? IdOf(string name) => (string?)Server(name)?["member"];

        JsonNode? Server(string name) => Servers.FirstOrDefault(s => (string?)s!["name"] == name);
    }

    sealed class ClusterServer(string name) : IAsyncDisposable
    {
        readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) }) { Timeout = TimeSpan.FromSeconds(15) };
        readonly int port = ThreeInARow();
        static int next = System.Environment.ProcessId % 3_000 * 3;

        System.Diagnostics.Process? process;

        public Installation Place { get; } = new();

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

        public async Task<Standing> UntilAsync(Func<Standing, bool> holds, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string what = "")
        {
            Standing? last = null;
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
                () => $"{last?.View.ToJsonString()}\n{name}: {(File.Exists(Log) ? File.ReadAllText(Log) : "")}\n{Place.Logs()}",
                what);
        }

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
}
