using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay plan</c>: what <c>apply</c> would do.</summary>
static class PlanVerb
{
    public static Command Build(VerbKit kit)
    {
        var manifest = new ManifestFlags(kit.Flags);
        var local = kit.Flags.Switch("--local", "Only see whether the manifest is valid, without asking a server: exit code 0 or 2.");
        return kit.Verb("plan", "Show what apply would change. Exit code 0: nothing; 1: something; 2: the manifest is invalid.",
            [manifest.Targets, manifest.Files, local],
            (parsed, session, stop) => RunAsync(manifest.Read(parsed, session), parsed.GetValue(local), session, stop));
    }

    static async Task<int> RunAsync(ApplyRequest request, bool local, Session session, CancellationToken stop)
    {
        if (local)
        {
            ManifestProblems.Check(request);
            session.Screen.Note("the manifest is valid");
            return ExitCode.Ok;
        }

        try
        {
            return Show(await session.Client.ApplyAsync(request, dryRun: true, stop), session.Screen);
        }
        catch (CliError error) when (error.NoServer)
        {
            // What is not known to be equal counts as a change: a script that applies on 1 then meets the missing server itself.
            ManifestProblems.Check(request);
            session.Screen.Note($"{error.What}: the manifest is valid, what it would change is not known");
            session.Screen.Note(error.Remedy);
            return ExitCode.Changes;
        }
    }

    static int Show(ApplyResult result, Screen screen)
    {
        screen.Write(Screen.Json(result), () =>
        {
            ChangeLines.Write(screen, result.Changes);
            screen.Line(result.Changed ? $"{Quantities.Count(result.Changes.Count, "change")}: {ChangeLines.Summary(result.Changes)}" : $"no changes: version {result.Version} is as declared");
        });
        return result.Changed ? ExitCode.Changes : ExitCode.Ok;
    }
}
