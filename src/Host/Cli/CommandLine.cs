using System.CommandLine;
using Mainstay.Host.Cli.Completion;
using Mainstay.Host.Cli.Help;
using Mainstay.Host.Cli.Verbs;

namespace Mainstay.Host.Cli;

/// <summary>The command line of the binary: all verbs, their flags, and how a run of one ends.</summary>
public static class CommandLine
{
    /// <summary>The whole tree of verbs, over <paramref name="environment"/>.</summary>
    public static RootCommand Build(CliEnvironment environment)
    {
        var kit = new VerbKit(environment);
        var root = new RootCommand("Runs a whole architecture of services: schedules them, moves their traffic, watches them, delivers their next version.");
        foreach (var flag in kit.Globals.All)
        {
            root.Add(flag);
        }

        foreach (var verb in Verbs(kit))
        {
            root.Add(verb);
        }

        root.Add(CompleteVerb.Build(kit, root));
        HelpFlag.Install(root);
        return root;
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="environment">What it touches.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <returns>See <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliEnvironment environment, CancellationToken stop = default)
    {
        try
        {
            var root = Build(environment);
            var parsed = root.Parse(args is [] ? ["--help"] : args[0] == "help" ? [.. args.Skip(1), "--help"] : args);
            if (parsed.Action is not { ClearsParseErrors: true } && (UsageError.Mistyped(parsed, args, root) ?? UsageError.Of(parsed, root)) is { } misused)
            {
                throw misused;
            }

            // Interrupts arrive as cancellation from outside: each verb ends in its own way and time.
            var configuration = new InvocationConfiguration
            {
                Output = environment.Out,
                Error = environment.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            var code = await parsed.InvokeAsync(configuration, stop);
            return environment.Out is LossyWriter { Failure: { } lost } && code == ExitCode.Ok
                ? throw new CliError($"the output cannot be written: {lost.Message.Split(" : ")[0]}", "make room where it is written to", ExitCode.Failed)
                : code;
        }
        catch (CliError error)
        {
            await WriteAsync(error, environment.Error);
            return error.Code;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
    }

    static IEnumerable<Command> Verbs(VerbKit kit) =>
    [
        UpVerb.Build(kit), DownVerb.Build(kit),
        PlanVerb.Build(kit), ApplyVerb.Build(kit), DiffVerb.Build(kit), HistoryVerb.Build(kit), RollbackVerb.Build(kit), TagVerb.Build(kit),
        StatusVerb.Build(kit), GetVerb.Build(kit), RegistryVerb.Build(kit), MapVerb.Build(kit), LogsVerb.Build(kit), ExecVerb.Build(kit), EventsVerb.Build(kit),
        RolloutVerb.Build(kit), ScaleVerb.Build(kit), RestartVerb.Build(kit), HostVerb.Build(kit), ServerVerb.Build(kit), JobVerb.Build(kit), QueueVerb.Build(kit), StreamVerb.Build(kit), RequestVerb.Build(kit), FlowVerb.Build(kit), IdVerb.Build(kit),
        LockVerb.Build(kit), StoreVerb.Build(kit),
        ConfigVerb.Build(kit), SecretVerb.Build(kit),
        TopVerb.Build(kit), QueryVerb.Build(kit),
        TraceVerb.Build(kit),
        WhyVerb.Build(kit), ImpactVerb.Build(kit), SimulateVerb.Build(kit), IncidentVerb.Build(kit), NotifyVerb.Build(kit), ObjectivesVerb.Build(kit), RulesVerb.Build(kit),
        TrafficVerb.Build(kit), ExplainVerb.Build(kit), InterventionVerb.Build(kit), CacheVerb.Build(kit),
        DoctorVerb.Build(kit), SchemaVerb.Build(kit), CompletionVerb.Build(kit), VersionVerb.Build(kit),
        .. RoleVerbs.Build(kit),
    ];

    static async Task WriteAsync(CliError error, TextWriter to)
    {
        await to.WriteLineAsync(error.What);
        await to.WriteLineAsync(error.Remedy);
        foreach (var line in error.Details)
        {
            await to.WriteLineAsync(line);
        }
    }
}
