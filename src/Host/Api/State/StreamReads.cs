using System.Globalization;
using System.Text.Json;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Mainstay.State.Streams;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.State;

/// <summary>Reading of event streams: page by page in either direction, waiting for what comes, or as a stream of server-sent events.</summary>
public sealed class StreamReads(StreamHouse house, StreamGate gate, ApiLimits limits)
{
    const int MostRead = 1_000;
    const int MostWait = 60;
    const int MostPatterns = 50;

    static readonly (string Name, string Meaning)[] Query =
    [
        ("after", "Only events after this version (over all: position), or 'end' for what comes from now on. Default 0, the beginning."),
        ("backward", "true: the newest first."),
        ("before", "With backward: only events before this version (over all: position). Default: from the end."),
        ("limit", $"At most so many, and 4 MiB together. Default 100; 1 to {MostRead}."),
        ("wait", $"Seconds to wait for the first event, reading forward. Default 0; 0 to {MostWait}."),
        ("follow", "true: without end, as text/event-stream; the header Last-Event-ID resumes."),
        ("types", $"Only events of these types, separated by commas; a '*' at the end stands for anything. Up to {MostPatterns}."),
    ];

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/streams/{name}/events", "Events of a stream; with follow, or where text/event-stream is accepted, as events `appended` with the version as id, without end.", call => ReadAsync(call, call.Path("name"))) { Query = Query },
        new("GET", "/api/v1/state/events", "Events of all streams in the order in which they were appended; with follow, or where text/event-stream is accepted, as events `appended` with the position as id, without end.", call => ReadAsync(call, null))
        {
            Query = [.. Query, ("streams", $"Only these streams, separated by commas; a '*' at the end stands for anything. Up to {MostPatterns}.")],
        },
    ];

    async Task<Answer?> ReadAsync(Call call, string? stream)
    {
        var (from, backward, before) = (call.Query("after"), call.Flag("backward"), call.Number("before", long.MaxValue, 0, long.MaxValue));
        var (limit, wait, types) = (call.Number("limit", 100, 1, MostRead), call.Number("wait", 0, 0, MostWait), call.Query("types"));
        var follow = call.Flag("follow");
        var wanted = stream is null ? call.Query("streams") : null;
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var follows = follow || call.Request.Headers.Accept.ToString().Contains(EventStream.Events, StringComparison.OrdinalIgnoreCase);
        if (follows && call.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } resumed)
        {
            from = resumed;
        }

        var after = 0L;
        if (from is not (null or "end") && !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            return ProblemAnswer.BadRequest($"'{StreamAnswers.Shown(from)}' is no place to read after", "give a version or position, or 'end'");
        }

        if (stream is not null && !StreamDecide.IsName(stream))
        {
            return StreamAnswers.BadName(stream);
        }

        string[]? patterns = wanted?.Split(','), kinds = types?.Split(',');
        if (patterns?.Length > MostPatterns || kinds?.Length > MostPatterns)
        {
            return ProblemAnswer.BadRequest($"there are more than {MostPatterns} streams or types", "read all, and choose among them");
        }

        // Who waits for the first event that ever comes has the streams made; who only looks has not.
        if ((follows || wait > 0 ? house.Open() : house.Existing) is not { } streams)
        {
            return house.Trouble is null ? Show(new ReadAnswer(StreamStatus.Done, Events: [])) : StreamAnswers.Closed(house);
        }

        var ask = new StreamRead { Stream = stream, Streams = patterns, Types = kinds, After = after, Before = backward ? before : null, Limit = limit };
        if (from == "end" && !backward)
        {
            var end = await streams.ReadAsync(ask with { Before = long.MaxValue, Limit = 1, Types = null, Streams = null }, TimeSpan.Zero, call.Stop);
            ask = ask with { After = end.Last };
        }

        if (follows)
        {
            return await gate.ServeAsync(call, EventStream.Events, live => FollowAsync(live, streams, ask with { Before = null }, call.Stop));
        }

        var page = await streams.ReadAsync(ask, TimeSpan.FromSeconds(wait), call.Stop);
        return page.Status == StreamStatus.Done ? Show(page) : StreamAnswers.Refused(page.Status, page.Why);
    }

    async Task FollowAsync(EventStream live, EventStreams streams, StreamRead ask, CancellationToken stop)
    {
        while (true)
        {
            var page = await streams.ReadAsync(ask, limits.Ping, stop);
            if (page.Status != StreamStatus.Done)
            {
                // The client finds out why when it connects anew.
                return;
            }

            foreach (var one in page.Events!)
            {
                var json = Encode(writer => Write(writer, one));
                // A line break in JSON stands between its parts, and would end the line here.
                json.Replace((byte)'\n', (byte)' ');
                json.Replace((byte)'\r', (byte)' ');
                live.Event("appended"u8, json, ask.Stream is null ? one.Position : one.Version);
                await live.FlushAsync();
            }

            if (page.Events.Count == 0)
            {
                live.Event("ping"u8, "{}"u8);
                await live.FlushAsync();
            }

            ask = ask with { After = page.Next };
        }
    }

    static BytesAnswer Show(ReadAnswer page) => new(Encode(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("events");
        foreach (var one in page.Events!)
        {
            Write(writer, one);
        }

        writer.WriteEndArray();
        writer.WriteNumber("next", page.Next);
        writer.WriteBoolean("end", page.IsEnd);
        writer.WriteNumber("last", page.Last);
        writer.WriteNumber("first", page.First);
        writer.WriteEndObject();
    }).ToArray());

    static Span<byte> Encode(Action<Utf8JsonWriter> write)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            write(writer);
        }

        return into.GetBuffer().AsSpan(0, (int)into.Length);
    }

    static void Write(Utf8JsonWriter writer, StoredEvent one)
    {
        writer.WriteStartObject();
        writer.WriteString("stream", one.Stream);
        writer.WriteNumber("version", one.Version);
        writer.WriteNumber("position", one.Position);
        writer.WriteString("at", one.At);
        writer.WritePropertyName("event");
        CloudEvents.Write(writer, one.Head, one.Body);
        writer.WriteEndObject();
    }
}
