using System.Text.Json;
using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Client;
using Mainstay.Schedule.Drivers;
using Mainstay.Traffic.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>
/// Runs the three roles of one machine and keeps them running. It holds the listening sockets of the gateway, so that a killed gateway refuses no
/// connection, and has a second one stand by; it decides nothing about services.
/// </summary>
sealed class Supervisor : IAsyncDisposable
{
    static readonly TimeSpan RolePatience = TimeSpan.FromSeconds(15);
    /// <summary>What the store, the logs and the first table take, in bytes.</summary>
    const long LeastRoom = 1024 * 1024;

    static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(25);

    readonly RoleSettings settings;
    readonly TimeProvider time;
    readonly FileStream held;
    readonly EventThread events = new("roles");
    readonly FdStore sockets = new();
    readonly RoleKeeper server;
    readonly RoleKeeper gateway;
    readonly RoleKeeper agent;
    readonly Spare spare;
    readonly CancellationTokenSource asked = new();
    readonly TaskCompletionSource<CliError?> finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Action<string> say;

    Supervisor(RoleSettings settings, FileStream held, TimeProvider time, Action<string> say)
    {
        this.settings = settings;
        this.held = held;
        this.time = time;
        this.say = say;
        server = Keeper("server");
        spare = new(settings.StartSpare, sockets.Promote, events, time);
        gateway = Keeper("gateway", spare);
        agent = Keeper("agent");
    }

    /// <summary>Completes when somebody asked over the control socket to stop everything.</summary>
    public CancellationToken StopAsked => asked.Token;

    /// <summary>Takes the data folder, ending what an earlier supervisor left. On failure the problem and the remedy instead.</summary>
    public static async Task<(Supervisor? Supervisor, string? What, string? Remedy)> TakeAsync(RoleSettings settings, TimeProvider time, Action<string> say)
    {
        FileStream held;
        try
        {
            settings.Data.Make();
            if (new DriveInfo(settings.Data.Root).AvailableFreeSpace is < LeastRoom and var left)
            {
                throw new IOException($"its disk has {left / 1024} KiB left, and {LeastRoom / 1024} are needed");
            }

            held = new FileStream(settings.Data.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(settings.Data.SupervisorFile, $"{Environment.ProcessId}\n");
        }
        catch (IOException) when (File.Exists(settings.Data.Lock) && IsHeld(settings.Data.Lock))
        {
            return (null, $"another 'mainstay up' runs on {settings.Data.Root}{Holder(settings.Data)}", "change it with 'mainstay apply', end it with 'mainstay down', or choose another folder with --data");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return (null, $"the data folder {settings.Data.Root} cannot be written: {refused.Message}", "make room or set its permissions, or choose another folder with --data");
        }

        if (await Leftovers.EndAsync(settings.Data.Root, time) is > 0 and var ended)
        {
            say($"ended {ended} roles of an earlier run; instances are adopted");
        }

        // From here on it means that the server of this run serves.
        File.Delete(settings.Data.ServerFile);

        return (new Supervisor(settings, held, time, say), null, null);
    }

    /// <summary>Starts the roles and keeps them until stopped; then stops the architecture, in reverse order, and the roles.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var edge = new CancellationTokenSource();
        using var center = new CancellationTokenSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, asked.Token);
        var listening = new TaskCompletionSource();
        var control = new ControlSocket(settings.Data.ControlSocket, AnswerAsync);
        var helpers = new[] { sockets.RunAsync(settings.Data.FdSocket, center.Token, () => listening.TrySetResult()), control.RunAsync(center.Token) };
        await Task.WhenAny(listening.Task, helpers[0]);
        var serving = server.RunAsync(RolePatience, center.Token);
        var edges = new[] { gateway.RunAsync(RolePatience, edge.Token), agent.RunAsync(RolePatience, edge.Token), spare.KeepAsync(RolePatience, edge.Token) };
        await Task.WhenAny([UntilAsync(end.Token), serving, .. edges, .. helpers]);
        var left = await StopArchitectureAsync();
        await edge.CancelAsync();
        await Task.WhenAll(edges);
        await center.CancelAsync();
        await Task.WhenAll([serving, .. helpers]);
        finished.TrySetResult(left);
        await control.AnsweredAsync();
    }

    /// <summary>Waits until the server serves. Null when it does, else what went wrong, with the end of its log.</summary>
    public async Task<string?> ReadyAsync(TimeSpan within, CancellationToken stop) =>
        await settings.Data.ServedAsync(() => server.Failures >= 3, within, time, stop) ? null
        : GaveUp() ?? $"the server does not answer at {settings.Listen}; its log is {settings.Data.LogOf("server")}";

    public void SayWith(Action<string> other) => say = other;

    public async ValueTask DisposeAsync()
    {
        sockets.Dispose();
        events.Dispose();
        asked.Dispose();
        await held.DisposeAsync();
    }

    RoleKeeper Keeper(string role, Spare? behind = null) => new(role, () => settings.Start(role), events, time, line => say(line), behind);

    async Task<string> AnswerAsync(string request, Func<string, Task> progress)
    {
        switch (request.Split(' '))
        {
            case ["stop"]:
                return await StopAsync(progress) is { } refused ? $"error {refused.What}\t{refused.Remedy}".ReplaceLineEndings(" ") : "ok stopped";
            case ["restart", "gateway"]:
                return await gateway.ReplaceAsync(GatewayReadyAsync, RolePatience) ? "ok gateway replaced" : "error the new gateway did not get ready; the old one goes on";
            case ["restart", ("server" or "agent") and var role]:
                (role == "server" ? server : agent).Current?.Terminate();
                return $"ok {role} ends and starts again";
            default:
                return $"error unknown request '{request}'";
        }
    }

    async Task<bool> GatewayReadyAsync(int pid)
    {
        var startedAt = time.GetTimestamp();
        while (time.GetElapsedTime(startedAt) < RolePatience)
        {
            if (ReadyPid() == pid)
            {
                return true;
            }

            await Task.Delay(Glance, time);
        }

        return false;
    }

    int ReadyPid()
    {
        try
        {
            using var ready = JsonDocument.Parse(File.ReadAllBytes(settings.Data.GatewayReadyFile));
            return ready.RootElement.GetProperty("pid").GetInt32();
        }
        catch (Exception absent) when (absent is IOException or JsonException or KeyNotFoundException)
        {
            return 0;
        }
    }

    // What is refused is told at once, and everything goes on as it was.
    async Task<CliError?> StopAsync(Func<string, Task> progress)
    {
        using var client = Connect();
        if (await Stopping(client).AskAsync() is { } refused)
        {
            return refused;
        }

        await progress("stopping every service, dependants first");
        await asked.CancelAsync();
        return await finished.Task;
    }

    async Task<CliError?> StopArchitectureAsync()
    {
        using var client = Connect();
        var request = Stopping(client);
        var left = await request.AskAsync() ?? await request.FinishAsync();
        if (left is not null)
        {
            say($"{left.What}; {left.Remedy}; what still runs goes on, and 'mainstay up' adopts it");
        }

        return left;
    }

    StopRequest Stopping(ApiClient client) => new(client, GaveUp, time);

    ApiClient Connect() => new(new Uri(settings.Listen), settings.Token, CliEnvironment.OfProcess());

    // Why the server does not stay up; null while it does, or may.
    string? GaveUp()
    {
        var log = settings.Data.LogOf("server");
        return server.Failures < 3 ? null : $"the server ended with exit code {server.LastExit}: {(File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(5)) : "")}";
    }

    static async Task UntilAsync(CancellationToken stop)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(() => reached.TrySetResult());
        await reached.Task;
    }

    internal static bool IsHeld(string path)
    {
        try
        {
            using var probe = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    static string Holder(DataLayout data)
    {
        try
        {
            return $" (process {File.ReadAllText(data.SupervisorFile).Trim()})";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
