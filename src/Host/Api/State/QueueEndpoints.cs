using System.Globalization;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.State.Decide;
using Mainstay.State.Queues;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.State;

/// <summary>Queues and topics over HTTP: publish, pull, settle; look in, replay and purge.</summary>
public sealed class QueueEndpoints(ServerServices services, QueueHouse house)
{
    const int MostPulled = 1_000;
    const int MostSettled = 5_000;
    const int MostWait = 60;
    const long MostBody = 8 << 20;

    static readonly (string Name, string Meaning)[] PullQuery =
    [
        ("max", $"At most so many messages, and 4 MiB together. Default 1; 1 to {MostPulled}."),
        ("wait", $"Seconds to wait for the first. Default 0; 0 to {MostWait}."),
        ("visibility", "Seconds for which they belong to the caller. Default: the queue's visibility; 1 to 43200."),
    ];

    readonly EventNames names = new("queues");

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/state/queues", "How the queues stand, and what they have seen since the server began.", call => Task.FromResult<Answer?>(call.Wrong() ?? Answer.Json(new QueueList(house.Engine?.Figures() ?? [])))) { Answer = typeof(QueueList) },
        new("POST", "/api/v1/queues/{name}/messages", "Stores a message, durably: a CloudEvent in binary or structured mode, several as a batch, or any body.", call => PublishAsync(call, isTopic: false)) { BodyBytes = MostBody, Answer = typeof(Published) },
        new("POST", "/api/v1/topics/{name}/messages", "Stores a copy in each queue of a topic that wants the event's type: in all of them or in none.", call => PublishAsync(call, isTopic: true)) { BodyBytes = MostBody, Answer = typeof(Published) },
        new("POST", "/api/v1/queues/{name}/pull", "Takes messages, each a CloudEvent with the receipt that settles it.", PullAsync) { Query = PullQuery },
        new("POST", "/api/v1/queues/{name}/settle", "Acknowledges deliveries, gives them back, gives up on them, or prolongs them.", SettleAsync) { Body = typeof(Settle), Answer = typeof(Settled) },
        new("GET", "/api/v1/queues/{name}/messages", "Shows messages without taking them, oldest first.", PeekAsync)
        {
            Query = [("state", "ready, later, behind, inFlight or dead. Default: all."), ("after", "Only those with a greater number."), ("limit", "Default 20; 1 to 100.")],
        },
        new("POST", "/api/v1/queues/{name}/replay", "Puts dead letters back, behind what waits; with ids only those.", ReplayAsync) { Body = typeof(ReplayAsk), Answer = typeof(Counted) },
        new("POST", "/api/v1/queues/{name}/purge", "Deletes everything that is not a dead letter; with dead=true the dead letters instead.", PurgeAsync) { Query = [("dead", "true: the dead letters.")], Answer = typeof(Counted) },
    ];

    async Task<Answer?> PublishAsync(Call call, bool isTopic)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (house.Engine is not { } engine)
        {
            return Missing(name, isTopic);
        }

        using var body = new MemoryStream();
        await call.Request.Body.CopyToAsync(body, call.Stop);
        var (messages, malformed) = Read(call.Request, body.ToArray());
        if (malformed is not null)
        {
            return malformed;
        }

        var answer = await engine.PublishAsync(new(name, isTopic), messages, call.Stop);
        return answer.Status == QueueStatus.Done
            ? new BytesAnswer(Codec.Encode(new Published([.. answer.Ids!.Select((id, i) => new PublishedMessage(Number(id), answer.Duplicates![i]))])), StatusCodes.Status201Created)
            : Refused(answer.Status, answer.Why, name, isTopic);
    }

    internal static (List<NewMessage> Messages, Answer? Wrong) Read(HttpRequest request, byte[] body)
    {
        var type = (request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        if (type is not (CloudEvents.MediaType or CloudEvents.BatchMediaType))
        {
            var attributes = request.Headers.Where(h => h.Key.StartsWith("ce-", StringComparison.OrdinalIgnoreCase)).Select(h => KeyValuePair.Create(h.Key[3..], h.Value.ToString()));
            return CloudEvents.Read(attributes, request.ContentType, body, out var why) is { } one ? ([one], null) : ([], NoEvent(why));
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            var isBatch = type == CloudEvents.BatchMediaType;
            if (isBatch && document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return ([], NoEvent("a batch is a JSON array of events"));
            }

            var events = isBatch ? [.. document.RootElement.EnumerateArray()] : new[] { document.RootElement };
            if (events.Length is 0 or > CloudEvents.MostOfBatch)
            {
                return ([], NoEvent($"a batch has 1 to {CloudEvents.MostOfBatch} events, not {events.Length}"));
            }

            var messages = new List<NewMessage>(events.Length);
            for (var i = 0; i < events.Length; i++)
            {
                if (CloudEvents.Read(events[i], out var why) is not { } one)
                {
                    return ([], NoEvent(isBatch ? $"event {i}: {why}" : why));
                }

                messages.Add(one);
            }

            return (messages, null);
        }
        catch (JsonException malformed)
        {
            return ([], Body.Malformed(malformed));
        }
    }

    async Task<Answer?> PullAsync(Call call)
    {
        var most = call.Number("max", 1, 1, MostPulled);
        var wait = call.Number("wait", 0, 0, MostWait);
        var visibility = call.Number("visibility", 0, 1, 43_200);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (house.Engine is not { } engine)
        {
            return Missing(name, isTopic: false);
        }

        var answer = await engine.PullAsync(name, new(most, TimeSpan.FromSeconds(wait), visibility == 0 ? null : TimeSpan.FromSeconds(visibility)), call.Stop);
        return answer.Status == QueueStatus.Done ? Show(answer.Messages!, name, isPeek: false) : Refused(answer.Status, answer.Why, name, isTopic: false);
    }

    async Task<Answer?> SettleAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        var (ask, malformed) = await Body.ReadAsync<Settle>(call);
        if (ask is null)
        {
            return malformed;
        }

        var all = ask.All().ToList();
        if (all.Count is 0 or > MostSettled || all.Any(s => s.After is { } after && (after < TimeSpan.Zero || after > MessageQueueSpec.LongestDelay)))
        {
            return ProblemAnswer.BadRequest($"{all.Count} receipts, or a wait out of bounds", $"send 1 to {MostSettled} receipts in ack, retry, dead and extend, and waits up to {Durations.Format(MessageQueueSpec.LongestDelay)}");
        }

        if (house.Engine is not { } engine)
        {
            return Missing(name, isTopic: false);
        }

        var answer = await engine.SettleAsync(name, all, call.Stop);
        return answer.Status == QueueStatus.Done ? Answer.Json(new Settled(answer.Settled, answer.Gone!)) : Refused(answer.Status, answer.Why, name, isTopic: false);
    }

    async Task<Answer?> PeekAsync(Call call)
    {
        var word = call.Query("state");
        var after = call.Number("after", 0, 0, long.MaxValue);
        var limit = call.Number("limit", 20, 1, 100);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        MessageState? state = word is null ? null : Enum.TryParse<MessageState>(word, ignoreCase: true, out var parsed) && parsed != MessageState.Gone ? parsed : MessageState.Gone;
        if (state == MessageState.Gone)
        {
            return ProblemAnswer.BadRequest($"'{word}' is no state of a message", "use ready, later, behind, inFlight or dead");
        }

        var name = call.Path("name");
        if (house.Engine is not { } engine)
        {
            return Missing(name, isTopic: false);
        }

        var answer = await engine.PeekAsync(name, state, after, limit, call.Stop);
        return answer.Status == QueueStatus.Done ? Show(answer.Messages!, name, isPeek: true) : Refused(answer.Status, answer.Why, name, isTopic: false);
    }

    async Task<Answer?> ReplayAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        var (ask, malformed) = await Body.ReadAsync<ReplayAsk>(call);
        if (ask is null)
        {
            return malformed;
        }

        var ids = ask.Ids?.Select(id => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        if (ids is { Length: > MostSettled } || ids?.Contains(-1) == true)
        {
            return ProblemAnswer.BadRequest("an id is no number, or there are too many", $"send at most {MostSettled} ids as they were shown, or none for all");
        }

        return house.Engine is { } engine ? await CountAsync(call, name, "replay", await engine.ReplayAsync(name, ids, call.Stop)) : Missing(name, isTopic: false);
    }

    async Task<Answer?> PurgeAsync(Call call)
    {
        var dead = call.Flag("dead");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        return house.Engine is { } engine ? await CountAsync(call, name, dead ? "purge dead letters" : "purge", await engine.PurgeAsync(name, dead, call.Stop)) : Missing(name, isTopic: false);
    }

    // What people do to messages is audited; what services do with them is traffic.
    async Task<Answer> CountAsync(Call call, string name, string verb, CountAnswer answer)
    {
        if (answer.Status != QueueStatus.Done)
        {
            return Refused(answer.Status, answer.Why, name, isTopic: false);
        }

        var identity = Identity.Of(call.Request);
        var now = services.Time.GetUtcNow();
        var told = names.Make(now, $"queue/{name}", verb == "replay" ? "QueueReplayed" : "QueuePurged", $"{identity.Who}: {verb}, {answer.Count} messages");
        var audit = new AuditEntry { Name = told.Name, At = now, Who = identity.Who, From = identity.From, Verb = verb, About = $"queue/{name}", After = $"{{\"messages\":{answer.Count.ToString(CultureInfo.InvariantCulture)}}}" };
        await services.Store.CommitAsync(new([], [new(services.Kinds.Of<AuditEntry>().KeyOf(audit.Name), Codec.Encode(audit)), new(services.Kinds.Of(told.GetType()).KeyOf(told.Name), Codec.Encode(told))]), call.Stop);
        return Answer.Json(new Counted(answer.Count));
    }

    static BytesAnswer Show(IReadOnlyList<StoredMessage> messages, string queue, bool isPeek)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("messages");
            foreach (var message in messages)
            {
                writer.WriteStartObject();
                writer.WriteString("id", Number(message.Id));
                if (isPeek)
                {
                    writer.WriteString("state", JsonNamingPolicy.CamelCase.ConvertName(message.State.ToString()));
                    writer.WriteString("due", message.Due);
                }
                else
                {
                    writer.WriteString("receipt", message.Receipt);
                }

                writer.WriteNumber("attempt", message.Attempts);
                writer.WriteString("at", message.At);
                if (message.Why is not null)
                {
                    writer.WriteString("why", message.Why);
                }

                writer.WritePropertyName("event");
                CloudEvents.Write(writer, message, queue);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return new(into.ToArray());
    }

    static ProblemAnswer Missing(string name, bool isTopic) => Refused(QueueStatus.Unknown, null, name, isTopic);

    static ProblemAnswer Refused(QueueStatus status, string? why, string name, bool isTopic) => status switch
    {
        QueueStatus.Unknown when isTopic => ProblemAnswer.NotFound($"no queue has the topic '{Shown(name)}'", "declare it in the 'topics' of a queue of the manifest"),
        QueueStatus.Unknown => ProblemAnswer.NotFound($"there is no queue '{Shown(name)}'", "declare it under 'queues' of the manifest, see 'mainstay queue list'"),
        QueueStatus.TooLarge => new(StatusCodes.Status413PayloadTooLarge, "too-large", why!, "make it smaller"),
        QueueStatus.Full => new(StatusCodes.Status429TooManyRequests, "queue-full", why!, "try again later") { RetryAfter = 1 },
        QueueStatus.DiskFull => ProblemAnswer.DiskFull(why!),
        _ => ProblemAnswer.Unavailable(why ?? "the queues cannot be written", "try again; with the same event id a message is stored once"),
    };

    static ProblemAnswer NoEvent(string why) => ProblemAnswer.BadRequest($"this is no message: {why}", "see docs/state.md, Queues");

    static string Shown(string name) => name.Length > 63 ? name[..63] + "…" : name;

    static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>How the queues stand.</summary>
public sealed record QueueList(IReadOnlyList<QueueFigures> Items);

/// <summary>What became of messages, in their order.</summary>
public sealed record Published(IReadOnlyList<PublishedMessage> Messages);

/// <param name="Id">Its number, as text; 0 where no queue of the topic wants it.</param>
/// <param name="Duplicate">It was stored earlier.</param>
public sealed record PublishedMessage(string Id, bool Duplicate);

/// <summary>What is to become of deliveries, by their receipts.</summary>
public sealed record Settle
{
    /// <summary>They were processed.</summary>
    public IReadOnlyList<string> Ack { get; init; } = [];

    /// <summary>They were in vain, and come again.</summary>
    public IReadOnlyList<SettleLater> Retry { get; init; } = [];

    /// <summary>They make no sense, and become dead letters at once.</summary>
    public IReadOnlyList<SettleLater> Dead { get; init; } = [];

    /// <summary>They take longer.</summary>
    public IReadOnlyList<SettleLater> Extend { get; init; } = [];

    internal IEnumerable<Settlement> All() =>
        Ack.Select(r => new Settlement(r, SettleAs.Ack))
            .Concat(Retry.Select(r => new Settlement(r.Receipt, SettleAs.Retry, r.After, r.Why)))
            .Concat(Dead.Select(r => new Settlement(r.Receipt, SettleAs.Dead, null, r.Why)))
            .Concat(Extend.Select(r => new Settlement(r.Receipt, SettleAs.Extend, r.After)));
}

/// <param name="Receipt">As it was pulled.</param>
/// <param name="After">Of a retry the wait, of an extension the time from now; null for what the queue says.</param>
/// <param name="Why">For people; at most 500 characters are kept.</param>
public sealed record SettleLater(string Receipt, TimeSpan? After = null, string? Why = null);

/// <param name="Count">Deliveries that were ended or prolonged.</param>
/// <param name="Gone">Receipts whose delivery was over already: the message may have gone to someone else.</param>
public sealed record Settled(int Count, IReadOnlyList<string> Gone);

/// <summary>Which dead letters to put back.</summary>
public sealed record ReplayAsk
{
    /// <summary>Their numbers; null for all.</summary>
    public IReadOnlyList<string>? Ids { get; init; }
}

/// <param name="Count">How many messages it was.</param>
public sealed record Counted(int Count);
