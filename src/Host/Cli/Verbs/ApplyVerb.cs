using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay apply</c>: makes the manifest the next version of the architecture.</summary>
static class ApplyVerb
{
    public static Command Build(VerbKit kit)
    {
        var manifest = new ManifestFlags(kit.Flags);
        var message = kit.Flags.Text("--message", "TEXT", "Why, for the history.", "-m");
        var ifVersion = kit.Flags.Number("--if-version", -1, 0, int.MaxValue, "Only if this version is in force (0: none), so that nobody's change is overwritten unseen.");
        var waiting = new WaitFlags(kit.Flags);
        return kit.Verb("apply", "Make the manifest the next version of the running architecture.",
            [manifest.Targets, manifest.Files, message, ifVersion, waiting.Wait, waiting.Timeout],
            async (parsed, session, stop) =>
            {
                var request = manifest.Read(parsed, session) with
                {
                    Message = parsed.GetValue(message) ?? "", IfVersion = parsed.GetValue(ifVersion) is >= 0 and var version ? version : null,
                };
                var result = await session.Client.ApplyAsync(request, dryRun: false, stop);
                Show(result, session.Screen);
                return await waiting.FollowAsync(parsed, session, new() { Version = result.Version }, stop);
            });
    }

    static void Show(ApplyResult result, Screen screen) => screen.Write(Screen.Json(result), () =>
    {
        ChangeLines.Write(screen, result.Changes);
        screen.Line(result.Changed ? $"version {result.Version}: {ChangeLines.Summary(result.Changes)}" : $"no changes: version {result.Version} is as declared");
    });
}
