using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Host.Cli.Progress;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay status</c>: how everything stands.</summary>
static class StatusVerb
{
    public static Command Build(VerbKit kit)
    {
        var watch = kit.Flags.Switch("--watch", "Stay, and show each change.", "-w");
        var instances = kit.Flags.Switch("--instances", "List the instances too.", "-i");
        return kit.Verb("status", "Show how the architecture, its services and their instances stand.", [watch, instances], async (parsed, session, stop) =>
        {
            if (parsed.GetValue(watch))
            {
                await WatchAsync(session, parsed.GetValue(instances), stop);
                return ExitCode.Ok;
            }

            var json = await session.Client.GetAsync("status", stop);
            var status = ApiClient.As<StatusView>(json);
            session.Screen.Write(json, () =>
            {
                foreach (var (tone, line) in StatusText.Lines(status, session, parsed.GetValue(instances)))
                {
                    session.Screen.Line(session.Screen.Paint(tone, line));
                }
            });
            return ExitCode.Ok;
        });
    }

    static async Task WatchAsync(Session session, bool instances, CancellationToken stop)
    {
        var screen = session.Screen;
        var area = new LiveArea(screen);
        if (!screen.InPlace && screen.Format == OutputFormat.Table)
        {
            await ProgressView.ReportAsync(session.Client, session, stop);
        }

        var events = new ServerEvents(session.Client, "status?watch=true", () => screen.Note("the connection to the server is lost; trying again"));
        await foreach (var update in events.ReadAsync(stop))
        {
            if (update.Type == "status")
            {
                screen.WriteItem(update.Data, () => area.Draw([.. StatusText.Lines(ApiClient.As<StatusView>(update.Data), session, instances).Take(screen.Height - 1)]));
            }
        }
    }
}
