using Mainstay.Host.Cli;
using Mainstay.Host.Cli.Verbs;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Roles;

/// <summary><c>up --detach</c>: the supervisor is a process of its own; this one applies, follows and ends.</summary>
static class Detached
{
    /// <summary>The hidden verb of the supervisor's process.</summary>
    public const string Verb = "supervise";

    const string NotStarted = "the server did not start";

    public static async Task<int> UpAsync(UpOptions options, RoleSettings settings, CancellationToken stop)
    {
        // The folder and the ports are tried here first, so that what is wrong is said here and nothing was started.
        await (await UpDown.TakeAsync(settings, options, options.Session.Screen.Note)).DisposeAsync();
        using var events = new EventThread("detached");
        var log = settings.Data.LogOf("supervisor");
        var process = RoleProcess.Start(new RoleStart(Arguments(settings), settings.Start(RoleSettings.SupervisorRole).Environment, log), events);
        if (!await settings.Data.ServedAsync(() => process.Exited.IsCompleted, options.Timeout, options.Session.Time, stop))
        {
            if (!process.Exited.IsCompleted)
            {
                log = settings.Data.LogOf("server");
                process.Terminate();
                await process.Exited.WaitAsync(stop);
            }

            throw new CliError(File.Exists(log) ? File.ReadLines(log).LastOrDefault() ?? NotStarted : NotStarted, $"see {log}");
        }

        using var client = options.Session.Connect(new Uri(settings.Listen));
        try
        {
            return await UpDown.ApplyAndFollowAsync(client, options, settings, stop);
        }
        catch (CliError error) when (error.Status is not null)
        {
            // Nothing of the manifest was taken; what was started for it goes too.
            process.Terminate();
            await process.Exited.WaitAsync(stop);
            throw;
        }
    }

    /// <summary>Runs the supervisor's process until it is told to stop.</summary>
    public static async Task<int> SuperviseAsync(IReadOnlyList<string> args, CancellationToken stop)
    {
        Console.SetError(new LossyWriter(Console.Error));
        if (RoleArguments.Read(args, Console.Error) is not { } arguments)
        {
            return ExitCode.Invalid;
        }

        void Say(string line) => Role.Say(TimeProvider.System, line);
        var settings = new RoleSettings(arguments.Data, arguments.Listen, Environment.GetEnvironmentVariable("MAINSTAY_TOKEN"), arguments.Dashboard, arguments.Telemetry) { Store = arguments.Store, Cluster = arguments.Cluster, Agents = arguments.Agents };
        try
        {
            await using var supervisor = await UpDown.TakeAsync(settings, null, Say);
            await supervisor.RunAsync(stop);
            return ExitCode.Ok;
        }
        catch (CliError error)
        {
            Say($"{error.What}; {error.Remedy}");
            return error.Code;
        }
    }

    static List<string> Arguments(RoleSettings settings)
    {
        List<string> arguments = [Verb, "--data", settings.Data.Root, "--listen", settings.Listen];
        arguments.AddRange(settings.Agents is null ? [] : ["--agents", settings.Agents.ToString()]);
        arguments.AddRange(settings.Dashboard is { } dashboard ? ["--dashboard", dashboard] : []);
        arguments.AddRange(settings.Store is { } store ? ["--store", store] : []);
        arguments.AddRange(settings.Cluster is { } cluster ? ["--cluster", cluster.ToString()] : []);
        arguments.AddRange(settings.TelemetryArguments);
        return arguments;
    }
}
