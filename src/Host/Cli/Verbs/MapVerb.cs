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
        var apis = VerbKit.Optional("SERVICE", "Of this service each API: which others call it, and which it calls, in the newest traces. Default: all services, as a whole.");
        return kit.Verb("map", "Show who calls whom, with rate, errors and latency.", [apis, ago], async (parsed, session, stop) =>
        {
            if (parsed.GetValue(apis) is { } service)
            {
                if (parsed.GetValue(ago) > TimeSpan.Zero)
                {
                    throw new CliError("of a past moment the calls between services are known, not those between their APIs", "leave out the service or --at", ExitCode.Invalid);
                }

                var found = await session.Client.GetAsync($"map/apis?service={Uri.EscapeDataString(service)}", stop);
                session.Screen.Write(found, () => ApiTable.Write(session.Screen, service, ApiClient.As<ApiCalls>(found)));
                return ExitCode.Ok;
            }

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
