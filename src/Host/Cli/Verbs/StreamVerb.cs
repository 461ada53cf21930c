using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Host.Api.State;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.State.Queues;
using Mainstay.State.Streams;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay stream</c>: event streams and who reads them; append, read, watch; give up old events, delete.</summary>
static class StreamVerb
{
    static readonly string[] Actions = ["list", "show", "append", "read", "watch", "truncate", "keep", "delete", "readers", "rewind", "forget"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("STREAM", "The stream; with read and watch may be left out for all of them; with rewind and forget the reader.");
        var text = VerbKit.Optional("BODY", "With append the data of the event: JSON, or else text.");
        var type = kit.Flags.Text("--type", "TYPE", "With append the type of the event; with read and watch only events of these types, separated by commas.");
        var id = kit.Flags.Text("--id", "ID", "With append the id of the event: sent twice it is stored once. Default: a new one.");
        var expected = kit.Flags.Text("--expected", "VERSION", "With append: only if the stream has this version; a number, none or any. Default any.");
        var after = kit.Flags.Text("--after", "PLACE", "With read and watch: after this version, or over all after this position; 'end' for what comes from now on. With list: behind this name.");
        var backward = kit.Flags.Switch("--backward", "With read: the newest first.");
        var count = kit.Flags.Number("--count", 20, 1, 1000, "With list and read at most so many.");
        var prefix = kit.Flags.Text("--prefix", "TEXT", "With list only streams whose names begin with it.");
        var before = kit.Flags.Number("--before", 0, 0, int.MaxValue, "With truncate: the first version that is kept.");
        var events = kit.Flags.Number("--events", 0, 0, 1_000_000_000, "With keep: at most so many events; 0 keeps all.");
        var age = kit.Flags.Duration("--age", TimeSpan.Zero, "With keep: events are kept so long; 0s keeps them for ever.");
        var position = kit.Flags.Number("--position", 0, 0, int.MaxValue, "With rewind: the reader goes on after it; 0 is the beginning.");
        return kit.Verb("stream", "See event streams and who reads them; append, read, watch, give up old events.", [action, subject, text, type, id, expected, after, backward, count, prefix, before, events, age, position], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            var name = parsed.GetValue(subject);
            var read = new Reading(name, parsed.GetValue(type), parsed.GetValue(after), parsed.GetValue(backward), parsed.GetValue(count));
            if (Whole(word) is { } whole)
            {
                await whole(session, read, parsed.GetValue(prefix) ?? "", stop);
                return ExitCode.Ok;
            }

            if (name is null)
            {
                throw new CliError(word is "rewind" or "forget" ? "the reader is missing" : "the stream is missing", $"write mainstay stream {word} NAME", ExitCode.Invalid);
            }

            var at = $"streams/{Uri.EscapeDataString(name)}";
            await (word switch
            {
                "show" => StreamAsync(session, session.Client.GetAsync(at, stop)),
                "append" => AppendAsync(session, at, Event(session, parsed.GetValue(text) ?? throw new CliError("the body is missing", $"write mainstay stream append {name} BODY", ExitCode.Invalid), parsed.GetValue(type) ?? "event", parsed.GetValue(id)), parsed.GetValue(expected), stop),
                "truncate" => StreamAsync(session, session.Client.PostAsync($"{at}/truncate?before={Number(parsed.GetValue(before))}", null, stop)),
                "keep" => StreamAsync(session, session.Client.PostAsync($"{at}/terms", new StreamTermsAsk { KeepEvents = parsed.GetValue(events), KeepFor = parsed.GetValue(age) }, stop)),
                "delete" => StreamAsync(session, session.Client.DeleteAsync(at, stop)),
                "rewind" => ReaderAsync(session, session.Client.PostAsync($"stream-readers/{Uri.EscapeDataString(name)}/rewind", new RewindAsk(parsed.GetValue(position)), stop)),
                _ => ReaderAsync(session, session.Client.DeleteAsync($"stream-readers/{Uri.EscapeDataString(name)}", stop)),
            });
            return ExitCode.Ok;
        });
    }

    // What may be asked of all streams.
    static Func<Session, Reading, string, CancellationToken, Task>? Whole(string word) => word switch
    {
        "list" => ListAsync,
        "read" => (session, read, _, stop) => ReadAsync(session, read, stop),
        "watch" => (session, read, _, stop) => WatchAsync(session, read, stop),
        "readers" => (session, _, _, stop) => ReadersAsync(session, stop),
        _ => null,
    };

    static async Task ListAsync(Session session, Reading read, string prefix, CancellationToken stop)
    {
        var page = await session.Client.GetAsync($"streams?limit={Number(read.Count)}&prefix={Uri.EscapeDataString(prefix)}&after={Uri.EscapeDataString(read.After ?? "")}", stop);
        session.Screen.Write(page, () =>
        {
            var streams = ApiClient.As<StreamPage>(page);
            if (streams.Items.Count == 0)
            {
                session.Screen.Line("there are no event streams");
                return;
            }

            Table(session, streams.Items);
            if (streams.Continue is { } next)
            {
                session.Screen.Line($"more: --after {next}");
            }
        });
    }

    static void Table(Session session, IReadOnlyList<StreamInfo> streams)
    {
        var table = new TextTable("NAME", "VERSION", "KEPT FROM", "LAST", "SNAPSHOT", "KEEP", "");
        foreach (var one in streams)
        {
            table.Add(
                one.Name, Number(one.Version), Number(one.First), one.At is { } at ? Quantities.When(at, session.Time) : "-", one.Snapshot == 0 ? "-" : Number(one.Snapshot),
                Keep(one), session.Screen.Paint(one.IsGone ? Tone.Bad : Tone.Plain, one.IsGone ? "deleted" : ""));
        }

        table.Write(session.Screen);
    }

    static string Keep(StreamInfo one) => (one.KeepEvents, one.KeepFor) switch
    {
        (0, { Ticks: 0 }) => "all",
        (0, var age) => Durations.Format(age),
        (var events, { Ticks: 0 }) => $"{Number(events)} events",
        var (events, age) => $"{Number(events)} events, {Durations.Format(age)}",
    };

    static async Task StreamAsync(Session session, Task<JsonNode> asked)
    {
        var answer = await asked;
        session.Screen.Write(answer, () => Table(session, [ApiClient.As<StreamInfo>(answer)]));
    }

    static async Task ReaderAsync(Session session, Task<JsonNode> asked)
    {
        var answer = await asked;
        session.Screen.Write(answer, () =>
        {
            var reader = ApiClient.As<StreamReaderInfo>(answer);
            session.Screen.Line($"{reader.Name} is at position {Number(reader.Position)}");
        });
    }

    static async Task ReadersAsync(Session session, CancellationToken stop)
    {
        var answer = await session.Client.GetAsync("state/streams", stop);
        session.Screen.Write(answer, () =>
        {
            var standing = ApiClient.As<StreamsStanding>(answer);
            session.Screen.Line($"{Number(standing.Figures.Streams)} streams, {Number(standing.Figures.Events)} events, last position {Number(standing.Figures.Last)}, {Number(standing.Watching)} waiting for more");
            if (standing.Readers.Count == 0)
            {
                return;
            }

            var table = new TextTable("READER", "POSITION", "BEHIND", "MOVED", "SENT BACK");
            foreach (var one in standing.Readers)
            {
                table.Add(one.Name, Number(one.Position), Number(standing.Figures.Last - one.Position), Quantities.When(one.At, session.Time), Number(one.Rewinds));
            }

            table.Write(session.Screen);
        });
    }

    static async Task AppendAsync(Session session, string at, JsonObject made, string? expected, CancellationToken stop)
    {
        var reply = await session.Client.PostAsync($"{at}/events?expected={Uri.EscapeDataString(expected ?? "any")}", made, stop, CloudEvents.MediaType);
        session.Screen.Write(reply, () =>
        {
            var done = ApiClient.As<Appended>(reply);
            session.Screen.Line($"version {Number(done.First)}, position {Number(done.Position)}{(done.Repeated ? ", which was there already" : "")}");
        });
    }

    static JsonObject Event(Session session, string body, string type, string? id)
    {
        JsonNode? data;
        try
        {
            data = JsonNode.Parse(body);
        }
        catch (System.Text.Json.JsonException)
        {
            data = null;
        }

        return new()
        {
            ["specversion"] = "1.0", ["id"] = id ?? Guid.CreateVersion7(session.Time.GetUtcNow()).ToString("N"), ["source"] = "/cli/" + session.Environment.User, ["type"] = type,
            ["datacontenttype"] = data is null ? "text/plain" : "application/json", ["data"] = data ?? body,
        };
    }

    static async Task ReadAsync(Session session, Reading read, CancellationToken stop)
    {
        var page = await session.Client.GetAsync(read.Path($"limit={Number(read.Count)}{(read.Backward ? "&backward=true" : "")}"), stop);
        session.Screen.Write(page, () =>
        {
            var events = page["events"]!.AsArray();
            if (events.Count == 0)
            {
                session.Screen.Line("nothing is there");
                return;
            }

            var table = new TextTable("POSITION", "STREAM", "VERSION", "AT", "TYPE", "DATA");
            foreach (var one in events)
            {
                table.Add(Cells(session, one!));
            }

            table.Write(session.Screen);
            if (!(bool)page["end"]!)
            {
                session.Screen.Line($"more: {(read.Backward ? "smaller ones are not shown, raise --count" : "--after " + page["next"]!)}");
            }
        });
    }

    static async Task WatchAsync(Session session, Reading read, CancellationToken stop)
    {
        await foreach (var update in new ServerEvents(session.Client, read.Path("")).ReadAsync(stop))
        {
            if (update.Type == "appended")
            {
                session.Screen.Write(update.Data, () => session.Screen.Line(string.Join("  ", Cells(session, update.Data))));
            }
        }
    }

    static string[] Cells(Session session, JsonNode one)
    {
        var told = one["event"]!;
        var data = told["data"]?.ToJsonString() ?? (told["data_base64"] is { } bytes ? $"base64 {bytes}" : "");
        return
        [
            one["position"]!.ToString(), (string)one["stream"]!, one["version"]!.ToString(), Quantities.When(DateTimeOffset.Parse((string)one["at"]!, CultureInfo.InvariantCulture), session.Time),
            TextWidth.Harmless((string)told["type"]!), TextWidth.Harmless(data.Length > 100 ? data[..100] + "…" : data),
        ];
    }

    static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    sealed record Reading(string? Stream, string? Types, string? After, bool Backward, int Count)
    {
        public string Path(string with)
        {
            string[] query = [with, After is null || Backward ? "" : $"after={Uri.EscapeDataString(After)}", Types is null ? "" : $"types={Uri.EscapeDataString(Types)}"];
            return $"{(Stream is null ? "state" : $"streams/{Uri.EscapeDataString(Stream)}")}/events?{string.Join('&', query.Where(q => q.Length > 0))}";
        }
    }
}
