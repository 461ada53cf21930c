using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Mainstay.EndToEnd.Harness;

/// <summary>The shop on PostgreSQL, Redis and RabbitMQ, under a small steady load, with the means to break it and to ask why.</summary>
sealed class Drill : IAsyncDisposable
{
    /// <summary>The right cause has to be first within so long: generous, the time itself is printed.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    /// <summary>What is usual is known after 70 s; nothing is judged before.</summary>
    static readonly TimeSpan Baseline = TimeSpan.FromSeconds(90);

    /// <summary>What is to be done may change for so long after it was told first.</summary>
    static readonly TimeSpan Clearing = TimeSpan.FromSeconds(10);

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
    readonly int[] ports = Ports.Free(5);
    readonly HashSet<string> acted = [];
    Process? load;

    public Installation Mainstay { get; } = new();

    /// <summary>Why the drill cannot run here; null where it can.</summary>
    public static string? Missing() => new[] { "/usr/bin/psql", "/usr/lib/postgresql/15/bin/postgres", "/usr/bin/redis-server", "/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/bin/npm" }
        .FirstOrDefault(f => !File.Exists(f)) is { } file ? $"{file} is missing" : null;

    /// <summary>Starts everything and waits until it is known what is usual.</summary>
    public async Task StartAsync()
    {
        var up = await Mainstay.TryUpAsync(Files());
        up.Code.ShouldBe(0, $"{up}\n{Mainstay.Logs()}");
        await Mainstay.ConvergedAsync(TimeSpan.FromMinutes(3));
        Loaded();

        await Eventually.PassAsync(Baseline);
    }

    /// <summary>Waits until nothing is wrong any more.</summary>
    public Task CalmAsync(string of) => Eventually.IsAsync(async () => (await WhyAsync(of))["symptom"] is null, TimeSpan.FromMinutes(3), () => Mainstay.Logs());

    /// <summary>Waits until every incident is over.</summary>
    public Task OverAsync() => Eventually.IsAsync(async () => (await Mainstay.GetAsync("incidents"))["items"]!.AsArray().All(i => (string?)i!["state"] == "resolved"), TimeSpan.FromMinutes(3), () => Mainstay.Logs());

    /// <summary>Waits until the likeliest cause of what is wrong with <paramref name="of"/> is this one; gives how long it took from now, null where it was not in time, and what was told meanwhile.</summary>
    public async Task<(TimeSpan? Took, string Told)> FindsAsync(string of, string kind, string target)
    {
        var began = Stopwatch.GetTimestamp();
        var told = new List<string>();
        while (Stopwatch.GetElapsedTime(began) is var since && since < Patience)
        {
            Loaded();
            var (why, first) = (await WhyAsync(of), "");
            if (why["causes"] is JsonArray { Count: > 0 } causes)
            {
                first = $"{causes[0]!["kind"]} {causes[0]!["target"]}";
            }

            if (told.Count == 0 || !told[^1].EndsWith(first, StringComparison.Ordinal))
            {
                var evidence = why["causes"]?.AsArray().SelectMany(c => (string[])[$"  {c!["kind"]} {c["target"]} {c["confidence"]}", .. c["evidence"]!.AsArray().Select(e => $"    {e!["text"]}")]) ?? [];
                told.Add(string.Join('\n', [$"{since.TotalSeconds:0} s: {why["symptom"]}", .. evidence, first]));
            }

            if (first.Length > 0 && Is(first, kind, target))
            {
                return (Stopwatch.GetElapsedTime(began), string.Join('\n', told));
            }

            await Eventually.PassAsync(Pause);
        }

        return (null, string.Join('\n', told));
    }

    /// <summary>Makes the shop as it is declared, with one more manifest laid over; waits until it is so.</summary>
    public async Task ApplyAsync(string? over = null)
    {
        string[] files = over is null ? Files() : [.. Files(), Mainstay.Write("over.yaml", over)];
        (await Mainstay.RunAsync(["apply", .. files.SelectMany(f => new[] { "-f", f }), "--wait"])).ShouldBe(0);
    }

    /// <summary>Every incident that there is or was: its name and title.</summary>
    public async Task<IReadOnlyList<string>> IncidentsAsync() => [.. (await Mainstay.GetAsync("incidents"))["items"]!.AsArray().Select(i => $"{i!["name"]} {i["title"]}")];

    /// <summary>Waits until something was done without asking that was not told of before, and it is known that it helped; gives what it was done to.</summary>
    public async Task<string> ActedAsync(string verb)
    {
        var done = "";
        await Eventually.IsAsync(
            async () =>
            {
                Loaded();
                var (incident, helped) = (await ActionsAsync()).FirstOrDefault(a => (string?)a.Action["do"] == verb && (string?)a.Action["state"] == "helped" && !acted.Contains($"{a.Incident}/{a.Action["id"]}"));
                done = (string?)helped?["argument"] ?? "";
                return helped is not null && acted.Add($"{incident}/{helped["id"]}");
            },
            TimeSpan.FromMinutes(4), () => Mainstay.Logs());
        return done;
    }

    /// <summary>
    /// The first thing to do, in words, about an incident that goes on and has this cause: this one as soon as it is told, else what is told when the time for it is over;
    /// null where there is no such incident within a minute.
    /// </summary>
    public async Task<string?> AdvisedAsync(string kind, string target, string advice)
    {
        string? told = null;
        var began = Stopwatch.GetTimestamp();
        for (var left = TimeSpan.FromMinutes(1); left > Stopwatch.GetElapsedTime(began); await Eventually.PassAsync(Pause))
        {
            Loaded();
            var incident = (await Mainstay.GetAsync("incidents"))["items"]!.AsArray().FirstOrDefault(i =>
                (string?)i!["state"] != "resolved" && i["causes"] is JsonArray { Count: > 0 } causes && Is($"{causes[0]!["kind"]} {causes[0]!["target"]}", kind, target));
            if (incident?["actions"] is not JsonArray { Count: > 0 } actions)
            {
                continue;
            }

            // More becomes known in the first seconds, and with it what is best.
            left = told is null ? Stopwatch.GetElapsedTime(began) + Clearing : left;
            told = (string?)actions[0]!["text"];
            if (told?.StartsWith(advice, StringComparison.Ordinal) is true)
            {
                break;
            }
        }

        return told;
    }

    static bool Is(string cause, string kind, string target) => target.EndsWith('*') ? cause.StartsWith($"{kind} {target[..^1]}", StringComparison.Ordinal) : cause == $"{kind} {target}";

    async Task<IEnumerable<(string Incident, JsonNode Action)>> ActionsAsync() =>
        (await Mainstay.GetAsync("incidents"))["items"]!.AsArray().SelectMany(i => (i!["actions"]?.AsArray() ?? []).Select(a => ((string)i["name"]!, a!)));

    /// <summary>Keeps the load up for a while.</summary>
    public async Task LoadedAsync(TimeSpan span)
    {
        for (var left = span; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(5))
        {
            Loaded();
            await Eventually.PassAsync(left < TimeSpan.FromSeconds(5) ? left : TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>Asks an instance to do something to itself.</summary>
    public async Task AskAsync(HttpMethod method, InstanceSeen instance, string path)
    {
        using var answer = await http.SendAsync(new(method, $"http://{instance.Endpoint}{path}"));
        answer.EnsureSuccessStatusCode();
    }

    public async Task<IReadOnlyList<InstanceSeen>> InstancesAsync(string service) => (await Mainstay.StatusAsync())[service].Instances;

    /// <summary>A client of the database that runs a statement until it is disposed.</summary>
    public async Task<IAsyncDisposable> InDatabaseAsync(string statement)
    {
        var client = Psql("drill", statement);
        await Eventually.IsAsync(async () => (await SqlAsync("select count(*) from pg_stat_activity where application_name = 'drill' and state = 'active' and query ~ 'pg_sleep'")).Trim() == "1", TimeSpan.FromSeconds(20));
        return new Client(this, client);
    }

    /// <summary>Runs a statement in the database to its end; gives what it says.</summary>
    public async Task<string> SqlAsync(string statement)
    {
        using var client = Psql("keeper", statement);
        var said = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        client.ExitCode.ShouldBe(0, said);
        return said;
    }

    /// <summary>Holds still all processes of a service until disposed.</summary>
    public async Task<IDisposable> StoppedAsync(string service) => new Still([.. (await InstancesAsync(service)).SelectMany(i => Proc.Descendants(i.Pid).Prepend(i.Pid))]);

    public async ValueTask DisposeAsync()
    {
        load?.Kill();
        load?.Dispose();
        http.Dispose();
        await Mainstay.DisposeAsync();
    }

    async Task<JsonNode> WhyAsync(string of) => JsonNode.Parse((await Mainstay.RunAsync("why", of, "-o", "json")).ShouldBe(0).Out)!;

    // It lasts ten minutes at most, and is begun again.
    void Loaded()
    {
        if (load is { HasExited: false })
        {
            return;
        }

        load?.Dispose();
        load = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Shop, "load"), ["--url", Mainstay.Gateway.ToString(), "--seconds", "600", "--rate", "30", "--orders", "20"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        load.OutputDataReceived += (_, _) => { };
        load.ErrorDataReceived += (_, _) => { };
        load.BeginOutputReadLine();
        load.BeginErrorReadLine();
    }

    Process Psql(string application, string statement) => Process.Start(new ProcessStartInfo(
        "psql", ["-X", "-q", "-t", "-A", "-d", $"host=127.0.0.1 port={ports[0]} user=postgres dbname=shop application_name={application}", "-c", statement])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    string[] Files() =>
    [
        Repository.Shop,
        Path.Combine(Repository.Shop, "middleware.yaml"),
        Mainstay.Write("drill.yaml", $$"""
            services:
              orders-db: { env: { DB_PORT: "{{ports[0]}}" }, probe: { port: {{ports[0]}} } }
              cache: { env: { CACHE_PORT: "{{ports[1]}}" }, probe: { port: {{ports[1]}} } }
              events: { env: { EVENTS_PORT: "{{ports[2]}}", EVENTS_ADMIN_PORT: "{{ports[3]}}", EVENTS_DIST_PORT: "{{ports[4]}}" }, probe: { port: {{ports[3]}} } }
              orders:
                env:
                  FAULTS: "on"
                  DB: Host=127.0.0.1;Port={{ports[0]}};Username=postgres;Database=shop;Maximum Pool Size=10;Timeout=3;Command Timeout=4
                  EVENTS: amqp://guest:guest@127.0.0.1:{{ports[2]}}
              reviews: { env: { DB: "postgres://postgres@127.0.0.1:{{ports[0]}}/shop", CACHE: "redis://127.0.0.1:{{ports[1]}}" } }
              ledger: { env: { FAULTS: "on", DB: "postgres://postgres@127.0.0.1:{{ports[0]}}/shop", EVENTS: "amqp://guest:guest@127.0.0.1:{{ports[2]}}" } }
            gateway: { listen: "http://127.0.0.1:{{Mainstay.GatewayPort}}" }
            """),
    ];

    sealed class Client(Drill drill, Process client) : IAsyncDisposable
    {
        // A backend that sleeps does not see that its client is gone.
        public async ValueTask DisposeAsync()
        {
            await drill.SqlAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'drill'");
            client.Kill();
            client.Dispose();
        }
    }

    sealed class Still : IDisposable
    {
        readonly int[] all;

        public Still(int[] all)
        {
            this.all = all;
            all.ShouldNotBeEmpty();
            Array.ForEach(all, pid => Proc.Signal(pid, Proc.SigStop));
        }

        public void Dispose() => Array.ForEach(all, pid => Proc.Signal(pid, Proc.SigCont));
    }
}
