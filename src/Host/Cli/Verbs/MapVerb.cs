using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay map</c>: who calls whom, how often and how well.</summary>
static class MapVerb
{
    public static Command Build(VerbKit kit) =>
        kit.Verb("map", "Show who calls whom, with rate, errors and latency.", [], async (_, session, stop) =>
        {
            var json = await session.Client.GetAsync("map", stop);
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
