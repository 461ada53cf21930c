using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Queues;

/// <summary>Queues and topics for a service: publish, and process what is taken. Safe from many threads.</summary>
/// <remarks>
/// Failures: a full queue, a server that is away and one that cannot write are tried again with a growing wait, as long as the patience lasts (default 30 s), which
/// stores nothing twice since ids stay the same; then, and at once for what is wrong with the request, <see cref="HttpRequestException"/> with the server's words.
/// </remarks>
public sealed class QueueClient : IDisposable
{
    static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);

    readonly ApiChannel channel;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="patience">How long publishing and settling are tried again; null is 30 s.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public QueueClient(Uri? api = null, TimeSpan? patience = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null) =>
        channel = new ApiChannel(api, token, handler, time, patience);

    /// <summary>Stores events in a queue, all of them or none; they are on the disk when it returns. At most 5,000.</summary>
    public Task PublishAsync(string queue, IReadOnlyList<QueueEvent> events, CancellationToken stop = default) => SendAsync($"queues/{Uri.EscapeDataString(queue)}/messages", events, stop);

    /// <summary>Stores events in every queue that has the topic and wants their type: in all of them or in none.</summary>
    public Task PublishToTopicAsync(string topic, IReadOnlyList<QueueEvent> events, CancellationToken stop = default) => SendAsync($"topics/{Uri.EscapeDataString(topic)}/messages", events, stop);

    /// <summary>Takes events, at most so many; waits up to 20 s for the first.</summary>
    public async Task<IReadOnlyList<QueueEvent>> PullAsync(string queue, int most = 1, CancellationToken stop = default)
    {
        using var answer = await AskAsync($"queues/{Uri.EscapeDataString(queue)}/pull?max={most}&wait={(int)LongPoll.TotalSeconds}", null, stop);
        using var body = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        return [.. body.RootElement.GetProperty("messages").EnumerateArray().Select(QueueEvent.Read)];
    }

    /// <summary>They were processed. False where a delivery was over already, so that the event may come again.</summary>
    public Task<bool> AckAsync(string queue, IReadOnlyList<QueueEvent> events, CancellationToken stop = default) =>
        SettleAsync(queue, new JsonObject { ["ack"] = new JsonArray([.. events.Select(e => JsonValue.Create(e.Receipt))]) }, stop);

    /// <summary>It was in vain: it comes again after a wait, null for the queue's own.</summary>
    public Task<bool> RetryAsync(string queue, QueueEvent taken, TimeSpan? after = null, string? why = null, CancellationToken stop = default) =>
        SettleAsync(queue, new JsonObject { ["retry"] = new JsonArray(new JsonObject { ["receipt"] = taken.Receipt, ["after"] = after is { } wait ? ClientJson.Milliseconds(wait) : null, ["why"] = why }) }, stop);

    /// <summary>It makes no sense: a dead letter.</summary>
    public Task<bool> DeadAsync(string queue, QueueEvent taken, string why, CancellationToken stop = default) =>
        SettleAsync(queue, new JsonObject { ["dead"] = new JsonArray(new JsonObject { ["receipt"] = taken.Receipt, ["why"] = why }) }, stop);

    /// <summary>
    /// Processes one event after another until stopped. An event whose handler returns is acknowledged; one whose handler throws comes again. A handler has to be able to see an event twice.
    /// </summary>
    public async Task ProcessAsync(string queue, Func<QueueEvent, CancellationToken, Task> handle, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                foreach (var taken in await PullAsync(queue, 1, stop))
                {
                    await HandleAsync(queue, taken, handle, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => channel.Dispose();

    async Task HandleAsync(string queue, QueueEvent taken, Func<QueueEvent, CancellationToken, Task> handle, CancellationToken stop)
    {
        try
        {
            await handle(taken, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await RetryAsync(queue, taken, TimeSpan.Zero, "its consumer was stopped", CancellationToken.None);
            throw;
        }
        catch (Exception failed)
        {
            await RetryAsync(queue, taken, why: failed.Message, stop: CancellationToken.None);
            return;
        }

        await AckAsync(queue, [taken], CancellationToken.None);
    }

    async Task SendAsync(string path, IReadOnlyList<QueueEvent> events, CancellationToken stop)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            writer.WriteStartArray();
            foreach (var one in events)
            {
                one.Write(writer);
            }

            writer.WriteEndArray();
        }

        using var answer = await AskAsync(path, (into.ToArray(), "application/cloudevents-batch+json"), stop);
    }

    async Task<bool> SettleAsync(string queue, JsonObject settle, CancellationToken stop)
    {
        using var answer = await AskAsync($"queues/{Uri.EscapeDataString(queue)}/settle", (JsonSerializer.SerializeToUtf8Bytes(settle, ClientJson.Default.JsonNode), "application/json"), stop);
        using var body = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        return body.RootElement.GetProperty("gone").GetArrayLength() == 0;
    }

    async Task<HttpResponseMessage> AskAsync(string path, (byte[] Bytes, string Type)? body, CancellationToken stop)
    {
        var answer = await channel.AskAsync(
            () =>
            {
                var content = new ByteArrayContent(body?.Bytes ?? []);
                content.Headers.ContentType = body is { Type: var type } ? new MediaTypeHeaderValue(type) : null;
                return new(HttpMethod.Post, "/api/v1/" + path) { Content = content };
            },
            LongPoll,
            stop);
        return answer.IsSuccessStatusCode ? answer : throw await ApiChannel.FailureAsync(answer, stop);
    }
}
