using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay rollback</c>: goes back to an earlier version of the architecture, or of one service.</summary>
static class RollbackVerb
{
    public static Command Build(VerbKit kit)
    {
        var what = VerbKit.Required("SERVICE|VERSION", "A service that is to go back, or the number or tag of the version that everything is to go back to.");
        var version = VerbKit.Optional("VERSION", "Number or tag of the version that has the service as it is to be.");
        var dryRun = kit.Flags.Switch("--dry-run", "Show what would change and in which order, and change nothing.");
        var message = kit.Flags.Text("--message", "TEXT", "Why, for the history.", "-m");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("rollback", "Go back to an earlier version of the architecture, or of one service with the fewest others that have to go along.", [what, version, dryRun, message, waiting.Wait, waiting.Timeout], async (parsed, session, stop) =>
        {
            var (service, to) = parsed.GetValue(version) is { } given ? (parsed.GetRequiredValue(what), given) : (null, parsed.GetRequiredValue(what));
            var dry = parsed.GetValue(dryRun);
            var body = new { version = to, service, message = parsed.GetValue(message) ?? "" };
            var result = ApiClient.As<ApplyResult>(await session.Client.PostAsync(dry ? "rollback?dryRun=true" : "rollback", body, stop));
            Show(result, session.Screen);
            return dry ? ExitCode.Ok : await waiting.FollowAsync(parsed, session, new() { Version = result.Version }, stop);
        });
    }

    static void Show(ApplyResult result, Screen screen) => screen.Write(Screen.Json(result), () =>
    {
        ChangeLines.Write(screen, result.Changes);
        foreach (var move in result.Moves)
        {
            var versions = move.From == move.To ? move.To : $"{move.From ?? "-"} -> {move.To ?? "-"}";
            screen.Line($"{move.Service} moves{(versions is null ? "" : $" {versions}")}{(move.After.Count == 0 ? "" : $", after {string.Join(", ", move.After)}")}");
        }

        screen.Line(!result.Changed ? $"no changes: version {result.Version} is like that already (how far services are scaled is left as it is)"
            : $"version {result.Version}{(result.DryRun ? " would come of it" : "")}: {ChangeLines.Summary(result.Changes)}");
    });
}
