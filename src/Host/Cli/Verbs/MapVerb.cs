using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay map</c>: who calls whom, how often and how well, now or at a past moment.</summary>
static class MapVerb
{
    public static Command Build(VerbKit kit)
    {
        var ago = kit.Flags.Duration("--at", TimeSpan.Zero, "The map as it was so long ago.");
        return kit.Verb("map", "Show who calls whom, with rate, errors and latency.", [ago], async (parsed, session, stop) =>
        {
            var json = await session.Client.GetAsync(parsed.GetValue(ago) is { Ticks: > 0 } back ? $"map?at={Durations.Format(back)}" : "map", stop);
            var map = ApiClient.As<MapView>(json);
            session.Screen.Write(json, () =>
            {
                foreach (var (tone, line) in MapText.Lines(map))
                {
                    session.Screen.Line(session.Screen.Paint(tone, line));
                }
            });
            return ExitCode.Ok;
        });
    }
}
