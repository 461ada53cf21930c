using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay version</c>.</summary>
static class VersionVerb
{
    public static Command Build(VerbKit kit) =>
        kit.Verb("version", "Show the version of this binary and of what it runs on.", [], (_, session, _) =>
        {
            session.Screen.Write(
                new JsonObject { ["version"] = ProductVersion.Text, ["runtime"] = RuntimeInformation.FrameworkDescription, ["platform"] = RuntimeInformation.RuntimeIdentifier },
                () => session.Screen.Line($"mainstay {ProductVersion.Text} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})"));
            return Task.FromResult(ExitCode.Ok);
        });
}
