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
            session.Screen.Write(json, () => Show(session, status, parsed.GetValue(instances)));
            return ExitCode.Ok;
        });
    }

    static Task WatchAsync(Session session, bool instances, CancellationToken stop) => session.Screen switch
    {
        { Format: not OutputFormat.Table } => StreamAsync(session, stop),
        { InPlace: true } => DrawAsync(session, instances, stop),
        _ => ProgressView.ReportAsync(session.Client, session, first => Show(session, first, instances), stop),
    };

    static async Task StreamAsync(Session session, CancellationToken stop)
    {
        await foreach (var update in new ServerEvents(session.Client, "status?watch=true").ReadAsync(stop))
        {
            if (update.Type == "status")
            {
                session.Screen.WriteItem(update.Data, static () => { });
            }
        }
    }

    static async Task DrawAsync(Session session, bool instances, CancellationToken stop)
    {
        var area = new LiveArea(session.Screen);
        await foreach (var status in session.Client.WatchStatusAsync(static () => { }, stop))
        {
            area.Draw([.. StatusText.Lines(status, session, instances).Take(session.Screen.Height - 1)]);
        }
    }

    static void Show(Session session, StatusView status, bool instances)
    {
        foreach (var (tone, line) in StatusText.Lines(status, session, instances))
        {
            session.Screen.Line(session.Screen.Paint(tone, line));
        }

        session.Screen.Out.Flush();
    }
}
