using System.CommandLine;
using System.Text.Json.Nodes;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay explain</c>: what would happen to a request, or what happened to one.</summary>
static class ExplainVerb
{
    public static Command Build(VerbKit kit)
    {
        var first = VerbKit.Required("METHOD|ID", "The method of a request that might come, or the X-Request-Id of one that came.");
        var url = VerbKit.Optional("URL", "Where the request goes, for example http://shop.example/api/orders/1; a path alone stands for http://localhost.");
        var headers = kit.Flags.Texts("--header", "LINE", "A header of the request, as 'Name: value'. May be repeated.", "-H");
        var need = kit.Flags.Text("--need", "CALLER.CALLEE", "One service's way to another instead of the front door.");
        var client = kit.Flags.Text("--client", "ADDRESS", "The client's IP address. Default: loopback.");
        return kit.Verb("explain", "Tell what the gateway would do with a request, station by station, or what it did with one.", [first, url, headers, need, client], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(first);
            if (parsed.GetValue(url) is not { } target)
            {
                await PastAsync(session, word, stop);
                return ExitCode.Ok;
            }

            var body = new
            {
                method = word,
                url = target.StartsWith('/') ? "http://localhost" + target : target,
                headers = parsed.GetValue(headers) ?? [],
                need = parsed.GetValue(need),
                client = parsed.GetValue(client),
            };
            var json = await session.Client.PostAsync("explain", body, stop);
            session.Screen.Write(json, () => Write(session.Screen, json));
            return ExitCode.Ok;
        });
    }

    static async Task PastAsync(Session session, string id, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"requests/{Uri.EscapeDataString(id)}", stop);
        session.Screen.Write(json, () =>
        {
            var about = Text(json, "about") is { Length: > 0 } way ? $"took {way}" : "matched no route";
            var instance = Text(json, "instance");
            session.Screen.Line($"{Text(json, "start")}");
            session.Screen.Line($"  {about}{(instance.Length > 0 ? $", instance {instance}" : "")}, {Quantities.Count((int?)json["attempts"] ?? 0, "attempt")}{((bool?)json["hedged"] == true ? " (the second overtook the first)" : "")}, {Quantities.Milliseconds((double?)json["durationMs"])}");
            var status = (int?)json["status"] ?? 0;
            session.Screen.Line(status == 0 ? "  the connection was cut" : $"  answered with {status}");
            if (Text(json, "reason") is { Length: > 0 } reason && reason != "none")
            {
                var by = Text(json, "refusedBy");
                session.Screen.Line(session.Screen.Paint(Tone.Bad, $"  because {reason}{(by.Length > 0 ? $" (by {by})" : "")}: {Text(json, "detail")}"));
            }
        });
    }

    static void Write(Screen screen, JsonNode json)
    {
        var table = new TextTable("STATION", "VERDICT", "WHY");
        foreach (var step in json["steps"]!.AsArray())
        {
            var verdict = Text(step!, "verdict");
            var tone = verdict switch { "pass" => Tone.Good, "refuse" => Tone.Bad, _ => Tone.Busy };
            table.Add(TextWidth.Harmless(Text(step!, "station")), screen.Paint(tone, verdict), TextWidth.Harmless(Text(step!, "why")));
        }

        table.Write(screen);
        var instance = Text(json, "instance");
        var status = (int?)json["status"] ?? 0;
        var reason = Text(json, "reason") is { Length: > 0 } and not "none" and var why ? $" ({why})" : "";
        screen.Line(instance.Length > 0 ? $"-> {instance} of {Text(json, "service")}" : $"-> answered by the gateway{(status > 0 ? $" with {status}" : "")}{reason}");
    }

    static string Text(JsonNode json, string member) => (string?)json[member] ?? "";
}
