using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.EndToEnd.Harness;

/// <summary>
/// One mainstay of its own: a temporary data folder, free ports, and every process that comes from it. Disposing ends them all by process id and
/// fails when one of them cannot be ended.
/// </summary>
sealed class Installation : IAsyncDisposable
{
    /// <summary>Inherited by every process that this installation starts, however indirectly.</summary>
    const string Mark = "END_TO_END_INSTALLATION";

    readonly HttpClient http;
    readonly List<Process> foreground = [];

    public Installation(string? dataFolder = null)
    {
        Folder = Directory.CreateTempSubdirectory("mainstay-e2e-").FullName;
        Data = dataFolder ?? Path.Combine(Folder, "data");
        (ApiPort, GatewayPort) = Ports.Free(2) is [var api, var gateway] ? (api, gateway) : default;
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) };
        http = new HttpClient(handler) { BaseAddress = Api, Timeout = TimeSpan.FromSeconds(15) };
    }

    /// <summary>A temporary folder for manifests and whatever else a test writes; the data folder is in it.</summary>
    public string Folder { get; }

    public string Data { get; }

    public int ApiPort { get; }

    public int GatewayPort { get; }

    public Uri Api => new($"http://127.0.0.1:{ApiPort}");

    public Uri Gateway => new($"http://127.0.0.1:{GatewayPort}");

    /// <summary>Where <c>up</c> is told to keep its store; null is the data folder.</summary>
    public string? Store { get; init; }

    /// <summary>Variables that its commands, and the roles that they start, have beside their usual ones.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>A manifest whose gateway listens on this installation's port.</summary>
    public EchoManifest Echoes() => new() { GatewayPort = GatewayPort };

    /// <summary>Writes a file into <see cref="Folder"/>; gives its path.</summary>
    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Runs a command on this installation's data folder.</summary>
    public Task<Outcome> RunAsync(params string[] arguments) => Command.RunAsync([.. arguments, "--data", Data], Environment(), Folder);

    /// <summary>Starts a command on this installation's data folder; it is ended with the installation.</summary>
    public Process Start(params string[] arguments)
    {
        var process = Command.Start([.. arguments, "--data", Data], Environment(), Folder);
        foreground.Add(process);
        return process;
    }

    /// <summary><c>up --detach</c> of a manifest's text, which must succeed.</summary>
    public async Task UpAsync(string manifest)
    {
        var outcome = await TryUpAsync(Write("mainstay.yaml", manifest));
        outcome.Code.ShouldBe(0, $"{outcome}\n{Logs()}");
    }

    /// <summary><c>up --detach</c> of files, each lying over those before it.</summary>
    public Task<Outcome> TryUpAsync(params string[] files) =>
        RunAsync(["up", files[0], .. files[1..].SelectMany(f => new[] { "-f", f }), "--detach", "--no-open", "--listen", Api.OriginalString.TrimEnd('/'), .. Store is { } store ? new[] { "--store", store } : []]);

    /// <summary><c>down</c>, which must succeed and leave no process.</summary>
    public async Task DownAsync()
    {
        var outcome = await RunAsync("down");
        outcome.Code.ShouldBe(0, $"{outcome}\n{Logs()}");
        await Eventually.IsAsync(() => Processes().Count == 0, TimeSpan.FromSeconds(5), () => string.Join('\n', Processes().Select(Describe)));
    }

    /// <summary><c>apply</c> of a manifest's text over the API; gives the number of the version. Throws where it was not acknowledged.</summary>
    public async Task<int> ApplyAsync(string manifest, string message = "")
    {
        var body = new JsonObject
        {
            ["files"] = new JsonArray(new JsonObject { ["path"] = "mainstay.yaml", ["text"] = manifest }),
            ["baseFolder"] = Folder,
            ["message"] = message,
            ["run"] = true,
        };
        using var answer = await http.PostAsJsonAsync("/api/v1/apply", body);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? (int)JsonNode.Parse(text)!["version"]! : throw new HttpRequestException($"{(int)answer.StatusCode}: {text}");
    }

    /// <summary>Declares a resource below <c>/api/v1/</c> anew. Throws where it was not acknowledged.</summary>
    public async Task PutAsync(string path, JsonNode resource)
    {
        using var answer = await http.PutAsJsonAsync($"/api/v1/{path}", resource);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async Task<Snapshot> StatusAsync() => (await http.GetFromJsonAsync<Snapshot>("/api/v1/status", Snapshot.Json))!;

    /// <summary>Reads <paramref name="path"/> below <c>/api/v1/</c>.</summary>
    public async Task<JsonNode> GetAsync(string path) => JsonNode.Parse(await http.GetStringAsync($"/api/v1/{path}"))!;

    /// <summary>What the front door answers to one GET; null where it does not answer 200.</summary>
    public async Task<JsonNode?> AskAsync(string path)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(Gateway, path));
            return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync()) : null;
        }
        catch (Exception refused) when (refused is HttpRequestException or TaskCanceledException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Waits until the status is as <paramref name="holds"/> wants it. A server that is away is asked again.</summary>
    public async Task<Snapshot> UntilAsync(
        Func<Snapshot, bool> holds, TimeSpan? within = null, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(holds))] string what = "")
    {
        Snapshot? last = null;
        return await Eventually.GetAsync(
            async () =>
            {
                try
                {
                    last = await StatusAsync();
                    return holds(last) ? last : null;
                }
                catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
                {
                    return null;
                }
            },
            within ?? TimeSpan.FromSeconds(30),
            () => $"{last}\n{Logs()}",
            what);
    }

    public Task<Snapshot> ConvergedAsync(TimeSpan? within = null) => UntilAsync(s => s.Converged, within);

    /// <summary>The process of a role: <c>server</c>, <c>gateway</c>, <c>agent</c> or <c>supervise</c>; 0 where none runs. While one replaces the other, the newer.</summary>
    public int Role(string role) => role == "gateway" && Serving() is > 0 and var pid ? pid : Processes().Where(p => IsOf(role, p) && !StandsBy(p)).DefaultIfEmpty().Max();

    /// <summary>Gateways that wait until the one that serves is gone.</summary>
    public IReadOnlyList<int> Spares() => [.. Processes().Where(pid => IsOf("gateway", pid) && StandsBy(pid) && pid != Serving())];

    /// <summary>Waits until a gateway is warm and stands by.</summary>
    public Task SpareReadyAsync() => Eventually.IsAsync(
        () => Spares().Any(pid => File.ReadAllText(Path.Combine(Data, "logs", "roles", "gateway.log")).Contains($"process {pid} is warm and stands by", StringComparison.Ordinal)),
        TimeSpan.FromSeconds(60),
        () => Logs());

    // A gateway that stood by and took over is still called so on its command line; who serves says so.
    int Serving()
    {
        try
        {
            var pid = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Data, "gateway", "ready"))).RootElement.GetProperty("pid").GetInt32();
            return Proc.IsAlive(pid) ? pid : 0;
        }
        catch (Exception absent) when (absent is IOException or JsonException)
        {
            return 0;
        }
    }

    static bool IsOf(string role, int pid) => Proc.Arguments(pid) is [_, var verb, ..] && verb == role;

    static bool StandsBy(int pid) => Proc.Arguments(pid).Contains("--stand-by");

    /// <summary>Ends a role with SIGKILL; gives the process id that it had.</summary>
    public int KillRole(string role)
    {
        var pid = Role(role);
        pid.ShouldBeGreaterThan(0, $"no {role} runs\n{Logs()}");
        Proc.Signal(pid, Proc.SigKill);
        return pid;
    }

    /// <summary>Waits until a role runs in another process than <paramref name="before"/>.</summary>
    public Task RoleReplacedAsync(string role, int before) => Eventually.IsAsync(() => Role(role) is > 0 and var now && now != before, TimeSpan.FromSeconds(15), () => Logs());

    /// <summary>Every living process that comes from this installation.</summary>
    public IReadOnlyList<int> Processes() =>
        [.. Proc.All().Where(pid => Proc.Environment(pid).GetValueOrDefault(Mark) == Data && Proc.IsAlive(pid))];

    /// <summary>The processes of instances, by the name of the instance.</summary>
    public ILookup<string, int> InstanceProcesses() => Processes()
        .Select(pid => (Pid: pid, Instance: Proc.Environment(pid).GetValueOrDefault("MAINSTAY_INSTANCE")))
        .Where(p => p.Instance is not null)
        .ToLookup(p => p.Instance!, p => p.Pid, StringComparer.Ordinal);

    /// <summary>The ends of the roles' logs, for a failure's message.</summary>
    public string Logs(int lines = 12)
    {
        var folder = Path.Combine(Data, "logs", "roles");
        return Directory.Exists(folder)
            ? string.Join('\n', Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(f => $"--- {Path.GetFileName(f)}\n{string.Join('\n', File.ReadLines(f).TakeLast(lines))}"))
            : $"no logs in {folder}";
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        try
        {
            // The supervisor first, so that nothing is started again; then rounds until nothing new appears.
            foreach (var pid in Processes().OrderByDescending(IsSupervisor))
            {
                Proc.Signal(pid, Proc.SigKill);
            }

            await Eventually.IsAsync(
                () =>
                {
                    var left = Processes();
                    foreach (var pid in left)
                    {
                        Proc.Signal(pid, Proc.SigKill);
                    }

                    return left.Count == 0;
                },
                TimeSpan.FromSeconds(10),
                () => string.Join('\n', Processes().Select(Describe)));
        }
        finally
        {
            foreground.ForEach(p => p.Dispose());
            Directory.Delete(Folder, recursive: true);
        }
    }

    static bool IsSupervisor(int pid) => Proc.Arguments(pid) is [_, "supervise" or "up", ..];

    static string Describe(int pid) => $"{pid} {string.Join(' ', Proc.Arguments(pid))}";

    Dictionary<string, string> Environment() => new(Variables)
    {
        [Mark] = Data,
        ["MAINSTAY_DASHBOARD"] = Repository.Dashboard,
        // Builds are to leave no compiler servers behind.
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
    };
}
