using System.Text.Json.Nodes;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>Log records found, followed and grouped.</summary>
static class LogSearches
{
    /// <summary>The newest records that match, oldest first.</summary>
    public static async Task FindAsync(Session session, string query, int limit, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"logs/search?q={Uri.EscapeDataString(query)}&limit={limit}", stop);
        var found = ApiClient.As<LogRecords>(json);
        var items = json["items"]!.AsArray();
        for (var i = found.Items.Count - 1; i >= 0; i--)
        {
            var record = found.Items[i];
            session.Screen.WriteItem(items[i], () => Write(session, record));
        }

        if (found.Items.Count == 0)
        {
            session.Screen.Note("no log records match");
        }

        if (!found.Complete)
        {
            session.Screen.Note("older records were not looked at, because that would have taken too long: narrow the search");
        }
    }

    /// <summary>The newest records that match, and then each that comes.</summary>
    public static async Task FollowAsync(Session session, string query, int limit, CancellationToken stop)
    {
        var path = $"logs/search?q={Uri.EscapeDataString(query)}&limit=";
        var events = new ServerEvents(session.Client, $"{path}{limit}&follow=true") { AfterLoss = $"{path}1&follow=true" };
        await foreach (var next in events.ReadAsync(stop))
        {
            switch (next.Type)
            {
                case ServerEvent.Lost:
                    session.Screen.Note(ServerEvents.LostNote);
                    break;
                case "record":
                    session.Screen.WriteItem(next.Data, () => Write(session, ApiClient.As<LogRecordView>(next.Data)));
                    break;
            }
        }
    }

    /// <summary>Similar lines together.</summary>
    public static async Task PatternsAsync(Session session, string? service, int limit, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"logs/patterns?{(service is null ? "" : $"service={Uri.EscapeDataString(service)}&")}limit={limit}", stop);
        var list = ApiClient.As<LogPatternList>(json);
        session.Screen.Write(json, () =>
        {
            var screen = session.Screen;
            if (list.Items.Count == 0)
            {
                screen.Line("no patterns: nothing was written");
                return;
            }

            var table = new TextTable("COUNT", "LAST HOUR", "SERVICE", "LEVEL", "FIRST", "", "PATTERN") { RightAligned = [0, 1] };
            foreach (var (pattern, isNew) in list.Items)
            {
                var tone = pattern.Severity >= 17 ? Tone.Bad : Tone.Plain;
                table.Add(
                    $"{pattern.Count}", $"{pattern.LastHour.Sum()}", pattern.Service, Level(pattern.Severity), Quantities.When(pattern.First, session.Environment.Time), isNew ? "new" : "",
                    screen.Paint(tone, TextWidth.Harmless(pattern.Text)));
            }

            table.Write(screen);
            if (list.Since is { } since && list.Items.Any(i => i.IsNew))
            {
                screen.Line(screen.Paint(Tone.Dim, $"new: not seen before the change of {Quantities.When(since, session.Environment.Time)}"));
            }
        });
    }

    /// <summary>The records of a trace, oldest first.</summary>
    public static async Task<(JsonArray Json, IReadOnlyList<LogRecordView> Items)> OfTraceAsync(Session session, string trace, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"logs/search?q={Uri.EscapeDataString("trace:" + trace)}&limit=200", stop);
        return (json["items"]!.AsArray(), [.. ApiClient.As<LogRecords>(json).Items.Reverse()]);
    }

    public static void Write(Session session, LogRecordView record)
    {
        var screen = session.Screen;
        var level = Level(record.Severity);
        var tone = record.Severity switch { >= 17 => Tone.Bad, >= 13 => Tone.Busy, _ => Tone.Plain };
        var attributes = string.Concat((record.Attributes ?? []).Take(12).Select(a => $" {a.Key}={a.Value}"));
        screen.Line(
            $"{Quantities.Clock(record.At, session.Environment.Time)} {screen.Paint(tone, level.PadRight(5))} {(record.Instance.Length > 0 ? record.Instance : record.Service)} | "
            + TextWidth.Harmless(record.Message) + screen.Paint(Tone.Dim, TextWidth.Harmless(attributes)));
    }

    static string Level(int severity) => severity switch
    {
        <= 0 => "",
        < 5 => "trace",
        < 9 => "debug",
        < 13 => "info",
        < 17 => "warn",
        < 21 => "error",
        _ => "fatal",
    };
}
