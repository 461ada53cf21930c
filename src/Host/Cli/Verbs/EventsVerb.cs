using System.CommandLine;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay events</c>: what happened, newest last.</summary>
static class EventsVerb
{
    public static Command Build(VerbKit kit)
    {
        var follow = kit.Flags.Switch("--follow", "Stay, and write each event as it comes.", "-f");
        var tail = kit.Flags.Number("--tail", 100, 0, 10_000, "How many of the last events.");
        var about = kit.Flags.Text("--about", "KIND/NAME", "Only those about one resource; a name alone is a service's.");
        return kit.Verb("events", "Show what happened, newest last.", [follow, tail, about], async (parsed, session, stop) =>
        {
            var subject = parsed.GetValue(about) is { } given ? given.Contains('/', StringComparison.Ordinal) ? given : "service/" + given : null;
            var query = $"events?tail={parsed.GetValue(tail)}" + (subject is null ? "" : $"&about={Uri.EscapeDataString(subject)}");
            var past = (await session.Client.GetAsync(query, stop)).AsObject();
            if (parsed.GetValue(follow))
            {
                await FollowAsync(session, past, subject, stop);
            }

            session.Screen.Write(past, () => Write(session, past));
            return ExitCode.Ok;
        });
    }

    static async Task FollowAsync(Session session, JsonObject past, string? subject, CancellationToken stop)
    {
        foreach (var item in past["items"]!.AsArray())
        {
            WriteItem(session, item!);
        }

        // Without a start the watch lists first, so that is for when the start is gone alone.
        var path = $"events?watch=true&from={((long?)past["revision"] ?? 0) + 1}";
        var events = new ServerEvents(session.Client, path) { AfterCompaction = "events?watch=true" };
        await foreach (var change in events.ReadAsync(stop))
        {
            switch (change.Type)
            {
                case ServerEvent.Lost:
                    session.Screen.Note(ServerEvents.LostNote);
                    break;
                case "compacted":
                    session.Screen.Note("events in between are gone: the server keeps the newest alone");
                    break;
                case "put" when subject is null || (string?)change.Data["about"] == subject:
                    WriteItem(session, change.Data);
                    break;
            }
        }
    }

    static void Write(Session session, JsonObject page)
    {
        if (page["items"]!.AsArray().Count == 0)
        {
            session.Screen.Note("no events");
        }

        foreach (var item in page["items"]!.AsArray())
        {
            session.Screen.Line(Line(session, item!));
        }
    }

    static void WriteItem(Session session, JsonNode item) => session.Screen.WriteItem(item, () => session.Screen.Line(Line(session, item)));

    static string Line(Session session, JsonNode item)
    {
        var happened = ApiClient.As<Event>(item);
        var tone = happened.Severity switch { Severity.Error => Tone.Bad, Severity.Warning => Tone.Busy, _ => Tone.Plain };
        return $"{Quantities.When(happened.At, session.Time)}  {happened.About}  {session.Screen.Paint(tone, happened.Reason)}  {TextWidth.Harmless(happened.Message)}".TrimEnd();
    }
}
