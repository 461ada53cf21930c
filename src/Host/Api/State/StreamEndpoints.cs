using System.Globalization;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Mainstay.State.Streams;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.State;

/// <summary>Event streams over HTTP: append, read, follow; snapshots, what is kept, and the places of readers.</summary>
public sealed class StreamEndpoints(ServerServices services, StreamHouse house, StreamReads reads)
{
    const long MostBody = 8 << 20;
    const int MostSnapshot = 1 << 20;
    const long MostKept = 1_000_000_000;
    const string One = "/api/v1/streams/{name}";
    const string Reader = "/api/v1/stream-readers/{name}";

    static readonly TimeSpan LongestKept = TimeSpan.FromDays(3650);

    readonly EventNames names = new("streams");

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/streams", "Event streams by name.", ListAsync)
        {
            Query = [("prefix", "Only those whose names begin with it."), ("after", "Only those behind this name."), ("limit", "Default 100; 1 to 1000.")], Answer = typeof(StreamPage),
        },
        new("GET", "/api/v1/state/streams", "How all event streams stand, and where their readers are.", StandingAsync) { Answer = typeof(StreamsStanding) },
        new("GET", One, "How a stream stands.", call => AskAsync(call, (s, name) => s.FindAsync(name, call.Stop))) { Answer = typeof(StreamInfo) },
        new("DELETE", One, "Deletes a stream for good: its name is not given again.", call => ChangeAsync(call, "StreamDeleted", "delete", (s, name) => s.DeleteAsync(name, call.Stop))) { Answer = typeof(StreamInfo) },
        new("POST", One + "/events", "Appends events, CloudEvents in any mode: all or none, if the stream has the expected version.", AppendAsync)
        {
            Query = [("expected", "The version that the stream has to have: a number, none (no event yet) or any. Default any.")], BodyBytes = MostBody, Answer = typeof(Appended),
        },
        new("POST", One + "/truncate", "Gives up all events before a version; versions stay as they are.", TruncateAsync) { Query = [("before", "The first version that is kept.")], Answer = typeof(StreamInfo) },
        new("POST", One + "/terms", "Says how much of a stream is kept from now on.", TermsAsync) { Body = typeof(StreamTermsAsk), Answer = typeof(StreamInfo) },
        new("GET", One + "/snapshot", "The snapshot of a stream; its version and type are in the headers Mainstay-Stream-Version and Mainstay-Snapshot-Type.", SnapshotAsync) { MediaType = "application/octet-stream" },
        new("POST", One + "/snapshot", "Keeps a snapshot in place of an older one.", SaveAsync)
        {
            Query = [("version", "Everything up to it is in the snapshot."), ("type", "What it is; up to 200 characters.")], BodyBytes = MostSnapshot,
        },
        .. reads.Routes(),
        new("POST", Reader, "The place of a reader of all events: asks for it, begins it, or moves it on.", MoveAsync) { Body = typeof(ReaderAsk), Answer = typeof(StreamReaderInfo) },
        new("POST", Reader + "/rewind", "Sends a reader to another place.", RewindAsync) { Body = typeof(RewindAsk), Answer = typeof(StreamReaderInfo) },
        new("DELETE", Reader, "Forgets a reader.", ForgetAsync) { Answer = typeof(StreamReaderInfo) },
    ];

    async Task<Answer?> ListAsync(Call call)
    {
        var (prefix, after, limit) = (call.Query("prefix") ?? "", call.Query("after") ?? "", call.Number("limit", 100, 1, 1000));
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if ((prefix.Length > 0 && !StreamDecide.IsName(prefix)) || after.Length > StreamDecide.LongestName)
        {
            return StreamAnswers.BadName(prefix.Length > 0 ? prefix : after);
        }

        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? Answer.Json(new StreamPage([], null)) : StreamAnswers.Closed(house);
        }

        var answer = await streams.ListAsync(prefix, after, limit, call.Stop);
        return answer.Status == StreamStatus.Done
            ? Answer.Json(new StreamPage(answer.Streams!, answer.Streams!.Count == limit ? answer.Streams[^1].Name : null))
            : StreamAnswers.Refused(answer.Status, answer.Why);
    }

    async Task<Answer?> StandingAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? Answer.Json(new StreamsStanding(new(0, 0, 0, 0, 0, 0), [], 0)) : StreamAnswers.Closed(house);
        }

        var (figures, readers) = (await streams.FiguresAsync(call.Stop), await streams.ReadersAsync(call.Stop));
        return figures is null || readers.Status != StreamStatus.Done ? StreamAnswers.Refused(StreamStatus.Unavailable, readers.Why) : Answer.Json(new StreamsStanding(figures, readers.Readers!, streams.Waiting));
    }

    async Task<Answer?> AppendAsync(Call call)
    {
        var text = call.Query("expected");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (!ExpectedVersion.TryParse(text, out var expected))
        {
            return ProblemAnswer.BadRequest($"'{StreamAnswers.Shown(text!)}' is no version to expect", "give a number, 'none' or 'any'");
        }

        var name = call.Path("name");
        if (!StreamDecide.IsName(name))
        {
            return StreamAnswers.BadName(name);
        }

        using var body = new MemoryStream();
        await call.Request.Body.CopyToAsync(body, call.Stop);
        var (messages, malformed) = QueueEndpoints.Read(call.Request, body.ToArray());
        if (malformed is not null)
        {
            return malformed;
        }

        if (messages.FindIndex(m => m.DedupeId is null) is >= 0 and var bare)
        {
            return ProblemAnswer.BadRequest($"event {bare} has no id, source and type", "send a CloudEvent: with the headers ce-specversion, ce-id, ce-source and ce-type, or as application/cloudevents+json");
        }

        if (messages.Any(m => m.Priority > 0 || m.Delay > TimeSpan.Zero))
        {
            return ProblemAnswer.BadRequest("events of a stream have neither priority nor delay", "leave these attributes out");
        }

        if (house.Open() is not { } streams)
        {
            return StreamAnswers.Closed(house);
        }

        var answer = await streams.AppendAsync(name, expected, [.. messages.Select(m => new NewEvent(m.DedupeId!, m.Type, m.Head, m.Body))], call.Stop);
        StreamAnswers.TellVersion(call, answer.Version);
        return answer.Status == StreamStatus.Done
            ? new BytesAnswer(Codec.Encode(new Appended(answer.First, answer.Version, answer.Position, answer.IsRepeated)), answer.IsRepeated ? StatusCodes.Status200OK : StatusCodes.Status201Created)
            : StreamAnswers.Refused(answer.Status, answer.Why, answer.Version);
    }

    async Task<Answer?> TruncateAsync(Call call)
    {
        var before = call.Number("before", 0, 1, long.MaxValue);
        return before == 0
            ? call.Wrong() ?? ProblemAnswer.BadRequest("'before' is missing", "give the first version that is to be kept")
            : await ChangeAsync(call, "StreamTruncated", $"truncate before {before.ToString(CultureInfo.InvariantCulture)}", (s, name) => s.TruncateAsync(name, before, call.Stop));
    }

    async Task<Answer?> TermsAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<StreamTermsAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        return ask.KeepEvents is < 0 or > MostKept || ask.KeepFor < TimeSpan.Zero || ask.KeepFor > LongestKept
            ? ProblemAnswer.BadRequest("what is to be kept is out of bounds", $"keep 0 (all) to {MostKept} events, for 0s (ever) to {Durations.Format(LongestKept)}")
            : await ChangeAsync(call, "StreamTerms", $"keep {(ask.KeepEvents == 0 ? "all" : ask.KeepEvents.ToString(CultureInfo.InvariantCulture))} for {(ask.KeepFor == TimeSpan.Zero ? "ever" : Durations.Format(ask.KeepFor))}", (s, name) => s.SetTermsAsync(name, ask.KeepEvents, ask.KeepFor, call.Stop), make: true);
    }

    async Task<Answer?> SnapshotAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? StreamAnswers.Refused(StreamStatus.Unknown, $"the stream '{StreamAnswers.Shown(name)}' has no snapshot") : StreamAnswers.Closed(house);
        }

        var answer = await streams.SnapshotAsync(name, call.Stop);
        if (answer.Snapshot is not { } snapshot)
        {
            return StreamAnswers.Refused(answer.Status, answer.Why);
        }

        StreamAnswers.TellVersion(call, snapshot.Version);
        call.Context.Response.Headers["Mainstay-Snapshot-Type"] = Uri.EscapeDataString(snapshot.Type);
        return new BytesAnswer(snapshot.Body, ContentType: "application/octet-stream");
    }

    async Task<Answer?> SaveAsync(Call call)
    {
        var (version, type) = (call.Number("version", 0, 1, long.MaxValue), call.Query("type") ?? "");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (version == 0 || type.Length > 200)
        {
            return ProblemAnswer.BadRequest("'version' is missing, or 'type' is longer than 200 characters", "say up to which version the snapshot goes, and shortly what it is");
        }

        using var body = new MemoryStream();
        await call.Request.Body.CopyToAsync(body, call.Stop);
        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? StreamAnswers.Refused(StreamStatus.Refused, "the stream has no event yet") : StreamAnswers.Closed(house);
        }

        var answer = await streams.SaveAsync(call.Path("name"), new(version, type, body.ToArray()), call.Stop);
        return answer.Status == StreamStatus.Done ? new BytesAnswer("{}"u8.ToArray(), StatusCodes.Status201Created) : StreamAnswers.Refused(answer.Status, answer.Why);
    }

    async Task<Answer?> MoveAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<ReaderAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        var name = call.Path("name");
        if (!StreamDecide.IsName(name) || name.StartsWith("queue:", StringComparison.Ordinal))
        {
            return ProblemAnswer.BadRequest($"'{StreamAnswers.Shown(name)}' is no name for a reader", "use letters, digits, '-', '_', '.' and ':'; 'queue:' is that of queues");
        }

        if (house.Open() is not { } streams)
        {
            return StreamAnswers.Closed(house);
        }

        return StreamAnswers.OfReader(await streams.MoveAsync(name, ask.Position, ask.Rewinds, ask.FromStart ? 0 : null, call.Stop));
    }

    async Task<Answer?> RewindAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (ask, malformed) = await Body.ReadAsync<RewindAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        if (ask.Position < 0)
        {
            return ProblemAnswer.BadRequest("a position is not negative", "give 0 for the beginning");
        }

        var name = call.Path("name");
        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? StreamAnswers.Refused(StreamStatus.Unknown, $"there is no reader '{StreamAnswers.Shown(name)}'") : StreamAnswers.Closed(house);
        }

        var answer = await streams.RewindAsync(name, ask.Position, call.Stop);
        if (answer.Status == StreamStatus.Done)
        {
            await NoteAsync(call, "StreamReaderRewound", "rewind", $"stream-reader/{name}", $"to position {answer.Readers![0].Position.ToString(CultureInfo.InvariantCulture)}");
        }

        return StreamAnswers.OfReader(answer);
    }

    async Task<Answer?> ForgetAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? StreamAnswers.Refused(StreamStatus.Unknown, $"there is no reader '{StreamAnswers.Shown(name)}'") : StreamAnswers.Closed(house);
        }

        var answer = await streams.ForgetAsync(name, call.Stop);
        if (answer.Status == StreamStatus.Done)
        {
            await NoteAsync(call, "StreamReaderForgotten", "forget", $"stream-reader/{name}", "");
        }

        return StreamAnswers.OfReader(answer);
    }

    async Task<Answer?> AskAsync(Call call, Func<EventStreams, string, Task<StreamAnswer>> ask)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (house.Existing is not { } streams)
        {
            return house.Trouble is null ? StreamAnswers.Refused(StreamStatus.Unknown, $"there is no stream '{StreamAnswers.Shown(name)}'") : StreamAnswers.Closed(house);
        }

        var answer = await ask(streams, name);
        return answer.Status == StreamStatus.Done ? Answer.Json(answer.Stream!) : StreamAnswers.Refused(answer.Status, answer.Why);
    }

    // What people do to a stream as a whole is audited; what services append is traffic.
    async Task<Answer?> ChangeAsync(Call call, string kind, string verb, Func<EventStreams, string, Task<StreamAnswer>> change, bool make = false)
    {
        var name = call.Path("name");
        if (make && !StreamDecide.IsName(name))
        {
            return StreamAnswers.BadName(name);
        }

        if (make && call.Wrong() is null && house.Open() is null)
        {
            return StreamAnswers.Closed(house);
        }

        StreamAnswer? done = null;
        var answer = await AskAsync(call, async (streams, stream) => done = await change(streams, stream));
        if (done is { Status: StreamStatus.Done, Stream: { } after })
        {
            await NoteAsync(call, kind, verb, $"stream/{name}", $"version {after.Version.ToString(CultureInfo.InvariantCulture)}, kept from {after.First.ToString(CultureInfo.InvariantCulture)}");
        }

        return answer;
    }

    async Task NoteAsync(Call call, string kind, string verb, string about, string what)
    {
        var identity = Identity.Of(call.Request);
        var now = services.Time.GetUtcNow();
        var told = names.Make(now, about, kind, $"{identity.Who}: {verb}{(what.Length == 0 ? "" : ", " + what)}");
        var audit = new AuditEntry { Name = told.Name, At = now, Who = identity.Who, From = identity.From, Verb = verb, About = about, After = Codec.Text(new { what }) };
        await services.Store.CommitAsync(new([], [new(services.Kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit)), new(services.Kinds.Of(told.GetType()).KeyOf(told.Name), Codec.Encode(told))]), call.Stop);
    }
}
