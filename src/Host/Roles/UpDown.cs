using System.Net;
using System.Net.Sockets;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Deliver.Decide;
using Mainstay.Deliver.Drivers;
using Mainstay.Deliver.Manifest;
using Mainstay.Host.Api;
using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Progress;
using Mainstay.Host.Cli.Verbs;

namespace Mainstay.Host.Roles;

/// <summary>What <c>up</c> and <c>down</c> do beyond the command line.</summary>
static class UpDown
{
    /// <summary>Gives the command line the verbs that only this process can carry out.</summary>
    public static CliEnvironment Wire(CliEnvironment environment) => environment with
    {
        Up = UpAsync,
        Down = DownAsync,
        Role = Role.RunAsync,
        RestartRole = RestartRoleAsync,
    };

    static IPEndPoint? AgentsOf(string? text)
    {
        using var said = new StringWriter();
        return text is null ? null
            : MachineArguments.Read(new Dictionary<string, string> { ["--agents"] = text }, said)?.Agents
            ?? throw new CliError(said.ToString().Split('\n')[0].Trim(), said.ToString().Split('\n')[1].Trim(), ExitCode.Invalid);
    }

    // What is wrong is said before anything is started.
    static IPEndPoint? ClusterOf(UpOptions options)
    {
        if (options.Cluster is null)
        {
            return null;
        }

        List<string> problems = options.Store is null ? [] : ["--cluster and --store exclude each other", "a cluster has a store of its own; leave one out"];
        var place = Cluster.ClusterPlace.Read(options.Cluster, problems);
        if (problems.Count == 0)
        {
            try
            {
                Cluster.MemberProcess.Find();
            }
            catch (Core.Store.StoreUnavailableException missing)
            {
                problems = [.. missing.Message.Split("; ", 2)];
            }
        }

        return problems.Count == 0 ? place : throw new CliError(problems[0], problems[1], ExitCode.Invalid);
    }

    static Task<int> UpAsync(UpOptions options, CancellationToken stop)
    {
        ManifestProblems.Check(options.Manifest);
        var data = new DataLayout(options.DataFolder);
        var settings = new RoleSettings(
            data,
            options.Listen ?? ApiOptions.DefaultListen,
            options.Token,
            options.Dashboard ? DashboardFolder(options.Session.Environment) : null,
            TelemetryPlaces.Resolve((options.OtlpGrpc, options.OtlpHttp, options.Zipkin), data, options.Session.Screen.Note)) { Store = options.Store, Cluster = ClusterOf(options), Agents = AgentsOf(options.Agents) };
        if (Stores.Problems(options.Store) is [var wrong, ..])
        {
            var parts = wrong.Split("; ", 2);
            throw new CliError(parts[0], parts.Length > 1 ? parts[1] : "write etcd://HOST:PORT/PREFIX", ExitCode.Invalid);
        }

        foreach (var problem in new ApiOptions { Listen = settings.Listen, Token = settings.Token, InternalToken = new('x', 32) }.Validate().Concat(settings.Telemetry.Validate(settings.Token)))
        {
            throw new CliError(problem.What, problem.Remedy, ExitCode.Invalid);
        }

        return options.Detach ? Detached.UpAsync(options, settings, stop) : ForegroundAsync(options, settings, stop);
    }

    // 1. Take the folder. 2. Start the roles. 3. Apply. 4. Show how it comes up, then what happens. 5. On Ctrl-C or 'down' stop everything.
    static async Task<int> ForegroundAsync(UpOptions options, RoleSettings settings, CancellationToken stop)
    {
        var (session, screen) = (options.Session, options.Session.Screen);
        await using var supervisor = await TakeAsync(settings, options, screen.Note);
        using var ending = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, supervisor.StopAsked);
        var running = supervisor.RunAsync(ending.Token);
        var code = ExitCode.Ok;
        try
        {
            await ReadyAsync(supervisor, options.Timeout, either.Token);
            using var client = session.Connect(new Uri(settings.Listen));
            await ApplyAndFollowAsync(client, options, settings, either.Token);
            await ProgressView.ReportAsync(client, session, null, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            screen.Note("stopping every service, dependants first; once more ends at once and leaves them running");
        }
        catch (CliError error)
        {
            screen.Error(error);
            code = error.Code;
        }

        await ending.CancelAsync();
        await running;
        return code;
    }

    internal static async Task<Supervisor> TakeAsync(RoleSettings settings, UpOptions? options, Action<string> say)
    {
        var (supervisor, what, remedy) = await Supervisor.TakeAsync(settings, TimeProvider.System, say);
        if (supervisor is null)
        {
            throw new CliError(what!, remedy!);
        }

        try
        {
            RequireFree(settings.Listen, "the Admin API", "choose another with --listen");
            if (options is not null)
            {
                var manifest = ManifestReader.Read(options.Manifest.Files, new ManifestSurroundings { BaseFolder = options.Manifest.BaseFolder, Folders = new DiskFolders() });
                var listen = manifest.Value?.Gateway?.Listen ?? Gateway.DefaultListen;
                RequireFree(listen, "the gateway", "choose another with 'gateway: { listen: … }' in the manifest or an overlay");
            }
        }
        catch (CliError)
        {
            await supervisor.DisposeAsync();
            throw;
        }

        return supervisor;
    }

    /// <summary>Applies the manifest, says where everything is, and shows how it comes up.</summary>
    internal static async Task<int> ApplyAndFollowAsync(ApiClient client, UpOptions options, RoleSettings settings, CancellationToken stop)
    {
        var screen = options.Session.Screen;
        var applied = await client.ApplyAsync(options.Manifest, dryRun: false, stop);
        var status = await client.StatusAsync(stop);
        screen.Note($"gateway    {status.Gateway?.Listen ?? "none"}");
        screen.Note(settings.Dashboard is null ? $"Admin API  {settings.Listen}" : $"dashboard  {settings.Listen}");
        return await ProgressView.FollowAsync(client, options.Session, new FollowOptions { Version = applied.Version, Timeout = options.Timeout }, stop);
    }

    static async Task ReadyAsync(Supervisor supervisor, TimeSpan within, CancellationToken stop)
    {
        if (await supervisor.ReadyAsync(within, stop) is { } why)
        {
            throw new CliError(why, "'mainstay doctor' looks for the cause");
        }
    }

    static async Task<int> DownAsync(DownOptions options, CancellationToken stop)
    {
        var data = new DataLayout(options.DataFolder);
        using var limit = new CancellationTokenSource(options.Timeout, options.Session.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            return await ControlSocket.AskAsync(data.ControlSocket, "stop", options.Session.Screen.Note, either.Token) switch
            {
                null when Leftovers.Find(data.Root) is [_, ..] roles => throw new CliError(
                    $"what kept everything running on {data.Root} has ended, but its roles (processes {string.Join(", ", roles)}) and the services run on",
                    "take them over with 'mainstay up', and stop them then", ExitCode.Failed),
                null => throw new CliError($"nothing runs on {data.Root}", "name the data folder of what is to be stopped with --data", ExitCode.Failed),
                ['o', 'k', ..] => ExitCode.Ok,
                var answer => throw Refused(answer, data.LogOf("server")),
            };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new CliError("services are still stopping", "it goes on; 'mainstay status' says what is left", ExitCode.TimedOut);
        }
    }

    static async Task<int> RestartRoleAsync(string role, Session session, CancellationToken stop)
    {
        var data = new DataLayout(session.DataFolder);
        var answer = await ControlSocket.AskAsync(data.ControlSocket, $"restart {role}", session.Screen.Note, stop)
            ?? throw new CliError($"nothing runs on {data.Root}", "name the data folder with --data, or start with 'mainstay up'");
        if (!answer.StartsWith("ok", StringComparison.Ordinal))
        {
            throw Refused(answer, data.LogOf(role));
        }

        session.Screen.Note(answer["ok ".Length..]);
        return ExitCode.Ok;
    }

    // The supervisor's last line: "error WHAT", with a remedy after a tab where it knows one.
    static CliError Refused(string answer, string log)
    {
        var parts = (answer.StartsWith("error ", StringComparison.Ordinal) ? answer["error ".Length..] : answer).Split('\t', 2);
        return new(parts[0], parts.Length > 1 ? parts[1] : $"see {log}");
    }

    // A gateway that serves from an earlier run has been ended before: whoever holds the port now is a stranger.
    static void RequireFree(string listen, string who, string remedy)
    {
        if (!ApiOptions.TryParse(listen, out var end) || end.Port == 0)
        {
            throw new CliError($"'{listen}' is not an address that {who} can listen on", "write http://ADDRESS:PORT with a port from 1 to 65535", ExitCode.Invalid);
        }

        if (PortProbe.Refusal(end) is { } refused)
        {
            throw new CliError($"{who} cannot listen on {end}: {refused.Message}", $"end what uses the port ('mainstay doctor' names it), or {remedy}");
        }
    }

    static string? DashboardFolder(CliEnvironment environment)
    {
        string?[] candidates = [environment.Variables.GetValueOrDefault("MAINSTAY_DASHBOARD"), Path.Combine(AppContext.BaseDirectory, "dashboard")];
        return candidates.FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "index.html")));
    }
}
