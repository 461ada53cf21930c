using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.State.Queues;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay queue</c>: how queues stand; publish, pull, look in, replay dead letters, purge.</summary>
static class QueueVerb
{
    static readonly string[] Actions = ["list", "publish", "peek", "pull", "replay", "purge"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var queue = VerbKit.Optional("QUEUE", "The queue; with publish --topic the topic.");
        var text = VerbKit.Optional("BODY", "With publish the body: JSON, or else text.");
        var topic = kit.Flags.Switch("--topic", "With publish: into each queue that has this topic.");
        var type = kit.Flags.Text("--type", "TYPE", "With publish the type of the event.");
        var key = kit.Flags.Text("--key", "KEY", "With publish: messages of one key stay in order.");
        var priority = kit.Flags.Number("--priority", 0, 0, 9, "With publish: higher ones come first.");
        var delay = kit.Flags.Duration("--delay", TimeSpan.Zero, "With publish: not delivered before.");
        var count = kit.Flags.Number("--count", 10, 1, 100, "With peek and pull at most so many messages.");
        var dead = kit.Flags.Switch("--dead", "With peek only dead letters; with purge the dead letters instead of all else.");
        var keep = kit.Flags.Switch("--keep", "With pull: give the messages back instead of acknowledging them.");
        var id = kit.Flags.Texts("--id", "ID", "With replay only this dead letter; may be repeated.");
        return kit.Verb("queue", "See how queues stand; publish, look in, take messages out, replay dead letters, purge.", [action, queue, text, topic, type, key, priority, delay, count, dead, keep, id], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(queue) ?? throw new CliError("the queue is missing", $"write mainstay queue {word} NAME, see 'mainstay queue list'", ExitCode.Invalid);
            var at = $"queues/{Uri.EscapeDataString(name)}";
            switch (word)
            {
                case "publish":
                    var message = new Outgoing(parsed.GetValue(text) ?? throw new CliError("the body is missing", $"write mainstay queue publish {name} BODY", ExitCode.Invalid), parsed.GetValue(type) ?? "message", parsed.GetValue(key), parsed.GetValue(priority), parsed.GetValue(delay));
                    await PublishAsync(session, parsed.GetValue(topic) ? $"topics/{Uri.EscapeDataString(name)}" : at, message, stop);
                    break;
                case "peek":
                    Show(session, await session.Client.GetAsync($"{at}/messages?limit={Number(parsed.GetValue(count))}{(parsed.GetValue(dead) ? "&state=dead" : "")}", stop), "nothing is there");
                    break;
                case "pull":
                    await PullAsync(session, at, parsed.GetValue(count), parsed.GetValue(keep), stop);
                    break;
                case "replay":
                    await CountAsync(session, $"{at}/replay", parsed.GetValue(id) is { Length: > 0 } ids ? new { ids } : new { }, "dead letters are messages again", stop);
                    break;
                default:
                    await CountAsync(session, $"{at}/purge{(parsed.GetValue(dead) ? "?dead=true" : "")}", null, parsed.GetValue(dead) ? "dead letters are gone" : "messages are gone; dead letters stay", stop);
                    break;
            }

            return ExitCode.Ok;
        });
    }

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.GetAsync("state/queues", stop);
        session.Screen.Write(page, () =>
        {
            var queues = ApiClient.As<QueueList>(page).Items;
            if (queues.Count == 0)
            {
                session.Screen.Line("no queues are declared");
                return;
            }

            var table = new TextTable("NAME", "ENGINE", "READY", "WAITING", "IN FLIGHT", "DEAD", "OLDEST", "PUBLISHED", "ACKED", "RETRIED");
            foreach (var one in queues)
            {
                table.Add(
                    one.Name, JsonNamingPolicy.CamelCase.ConvertName(one.Engine.ToString()), Number(one.Ready), Number(one.Waiting), Number(one.InFlight), session.Screen.Paint(one.Dead > 0 ? Tone.Bad : Tone.Plain, Number(one.Dead)),
                    one.Oldest == TimeSpan.Zero ? "-" : Durations.Format(TimeSpan.FromSeconds(Math.Ceiling(one.Oldest.TotalSeconds))), Number(one.Published), Number(one.Acked), Number(one.Retried));
            }

            table.Write(session.Screen);
        });
    }

    static async Task PublishAsync(Session session, string at, Outgoing message, CancellationToken stop)
    {
        var data = Parse(message.Body);
        var source = "/cli/" + session.Environment.User;
        var made = new JsonObject
        {
            ["specversion"] = "1.0", ["id"] = Guid.CreateVersion7(session.Time.GetUtcNow()).ToString("N"), ["source"] = source, ["type"] = message.Type,
            ["datacontenttype"] = data is null ? "text/plain" : "application/json", ["data"] = data ?? message.Body,
        };
        if (message.Key is { } key)
        {
            made["partitionkey"] = key;
        }

        if (message.Priority > 0)
        {
            made["priority"] = message.Priority;
        }

        if (message.Delay > TimeSpan.Zero)
        {
            made["delay"] = Durations.Format(message.Delay);
        }

        var reply = await session.Client.PostAsync($"{at}/messages", made, stop, CloudEvents.MediaType);
        session.Screen.Write(reply, () => session.Screen.Line($"stored as {ApiClient.As<Published>(reply).Messages[0].Id}"));
    }

    static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    static async Task PullAsync(Session session, string at, int count, bool keep, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"{at}/pull?max={Number(count)}", null, stop);
        Show(session, reply, "nothing can be taken");
        string[] receipts = [.. reply["messages"]!.AsArray().Select(m => (string)m!["receipt"]!)];
        if (receipts.Length > 0)
        {
            await session.Client.PostAsync($"{at}/settle", keep ? new { retry = receipts.Select(receipt => new { receipt, after = "0s", why = "looked at by the command line" }) } : new { ack = receipts }, stop);
        }
    }

    static async Task CountAsync(Session session, string path, object? body, string what, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync(path, body, stop);
        session.Screen.Write(reply, () => session.Screen.Line($"{Number(ApiClient.As<Counted>(reply).Count)} {what}"));
    }

    static void Show(Session session, JsonNode reply, string nothing) => session.Screen.Write(reply, () =>
    {
        var messages = reply["messages"]!.AsArray();
        if (messages.Count == 0)
        {
            session.Screen.Line(nothing);
            return;
        }

        var table = new TextTable("ID", "STATE", "DELIVERIES", "AT", "KEY", "TYPE", "BODY", "WHY");
        foreach (var message in messages)
        {
            var told = message!["event"]!;
            var body = told["data"]?.ToJsonString() ?? (told["data_base64"] is { } bytes ? $"base64 {bytes}" : "");
            table.Add(
                (string)message["id"]!, (string?)message["state"] ?? "-", message["attempt"]!.ToString(), Quantities.When(DateTimeOffset.Parse((string)message["at"]!, CultureInfo.InvariantCulture), session.Time),
                TextWidth.Harmless((string?)told["partitionkey"] ?? "-"), TextWidth.Harmless((string)told["type"]!), TextWidth.Harmless(body.Length > 100 ? body[..100] + "…" : body), TextWidth.Harmless((string?)message["why"] ?? "-"));
        }

        table.Write(session.Screen);
    });

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    sealed record Outgoing(string Body, string Type, string? Key, int Priority, TimeSpan Delay);
}
