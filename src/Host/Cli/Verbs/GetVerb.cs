using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay get</c>: the resources of a kind. Kinds and their columns are the registry's.</summary>
static class GetVerb
{
    public static Command Build(VerbKit kit)
    {
        var kind = VerbKit.Required("KIND", $"One of {string.Join(", ", CoreKinds.All.All.Select(k => k.Plural))}.");
        kind.CompletionSources.Add([.. CoreKinds.All.All.Select(k => k.Plural)]);
        var name = VerbKit.Optional("NAME", "Its name. Default: all.");
        var watch = kit.Flags.Switch("--watch", "Stay, and write each change.", "-w");
        return kit.Verb("get", "List the resources of a kind, or show one.", [kind, name, watch], async (parsed, session, stop) =>
        {
            var found = KindNames.Find(parsed.GetRequiredValue(kind));
            await (parsed.GetValue(watch) ? WatchAsync(session, found, parsed.GetValue(name), stop)
                : parsed.GetValue(name) is { } one ? OneAsync(session, found, one, stop)
                : AllAsync(session, found, stop));
            return ExitCode.Ok;
        });
    }

    static async Task AllAsync(Session session, Kind kind, CancellationToken stop)
    {
        var page = await session.Client.ListAsync(kind.Plural, stop);
        session.Screen.Write(page, () => Table(kind, page["items"]!.AsArray()).Write(session.Screen));
    }

    static async Task OneAsync(Session session, Kind kind, string name, CancellationToken stop)
    {
        var item = await session.Client.GetAsync($"{kind.Plural}/{Uri.EscapeDataString(name)}", stop);
        session.Screen.Write(item, () => Table(kind, [item]).Write(session.Screen));
    }

    static async Task WatchAsync(Session session, Kind kind, string? name, CancellationToken stop)
    {
        var screen = session.Screen;
        var events = new ServerEvents(session.Client, $"{kind.Plural}?watch=true");
        await foreach (var change in events.ReadAsync(stop))
        {
            switch (change.Type)
            {
                case ServerEvent.Lost:
                    screen.Note(ServerEvents.LostNote);
                    break;
                case "list":
                    JsonNode?[] items = [.. change.Data["items"]!.AsArray().Where(i => Means(name, i))];
                    WriteList(screen, kind, items);
                    break;
                case "put" when Means(name, change.Data):
                    screen.WriteItem(change.Data, () => screen.Line(string.Join("  ", Cells(kind, change.Data))));
                    break;
                case "delete" when Means(name, change.Data):
                    screen.WriteItem(new JsonObject { ["deleted"] = change.Data.DeepClone() }, () => screen.Line($"{change.Data["name"]}  deleted"));
                    break;
            }
        }
    }

    static void WriteList(Screen screen, Kind kind, JsonNode?[] items)
    {
        if (screen.Format == OutputFormat.Table)
        {
            Table(kind, items).Write(screen);
            screen.Out.Flush();
            return;
        }

        foreach (var item in items)
        {
            screen.WriteItem(item, static () => { });
        }
    }

    static bool Means(string? name, JsonNode? item) => name is null || (string?)item?["name"] == name;

    static TextTable Table(Kind kind, IEnumerable<JsonNode?> items)
    {
        var table = new TextTable(["NAME", .. kind.Columns.Select(c => c.Title)]);
        foreach (var item in items)
        {
            table.Add([.. Cells(kind, item!)]);
        }

        return table;
    }

    static IEnumerable<string> Cells(Kind kind, JsonNode item)
    {
        var resource = (Resource)Codec.Decode(kind.Type, Codec.Encode(item));
        return kind.Columns.Select(c => c.Text(resource)).Prepend(resource.Name).Select(c => c is { Length: > 0 } ? TextWidth.Harmless(c) : "-");
    }
}
