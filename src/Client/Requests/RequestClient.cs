using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Requests;

/// <summary>Accepted requests for the workers of a service: routes with <c>async: { pull: … }</c>. Safe from many threads.</summary>
/// <remarks>
/// Failures: a server that is away and one that cannot write are tried again with a growing wait, as long as the patience lasts (default 30 s); then, and at once for what is wrong
/// with the request, <see cref="HttpRequestException"/> with the server's words.
/// </remarks>
public sealed class RequestClient : IDisposable
{
    static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);

    readonly ApiChannel channel;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="patience">How long is tried again; null is 30 s.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public RequestClient(Uri? api = null, TimeSpan? patience = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null) =>
        channel = new ApiChannel(api, token, handler, time, patience);

    /// <summary>Takes requests of a route, at most so many; waits up to 20 s for the first.</summary>
    /// <param name="route">The route.</param>
    /// <param name="most">1 to 100.</param>
    /// <param name="visibility">How long they belong to the caller; null for what the route says.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<IReadOnlyList<PulledRequest>> PullAsync(string route, int most = 1, TimeSpan? visibility = null, CancellationToken stop = default)
    {
        var hold = visibility is { } time ? $"&visibility={(long)Math.Ceiling(time.TotalSeconds)}" : "";
        using var answer = await AskAsync($"{Uri.EscapeDataString(route)}/pull?max={most}&wait={(int)LongPoll.TotalSeconds}{hold}", null, stop);
        using var body = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        return [.. body.RootElement.GetProperty("requests").EnumerateArray().Select(PulledRequest.Read)];
    }

    /// <summary>It is done, and this is the answer. False where it was not the caller's any more.</summary>
    public Task<bool> AnswerAsync(string route, PulledRequest pulled, RequestAnswer answer, CancellationToken stop = default)
    {
        var headers = answer.ContentType is { } type ? new Dictionary<string, string>(answer.Headers) { ["Content-Type"] = type } : answer.Headers;
        return SettleAsync(route, new JsonObject
        {
            ["answers"] = new JsonArray(new JsonObject
            {
                ["id"] = pulled.Id, ["attempt"] = pulled.Attempt, ["status"] = answer.Status,
                ["headers"] = new JsonObject(headers.Select(h => KeyValuePair.Create<string, JsonNode?>(h.Key, h.Value))), ["bodyBase64"] = Convert.ToBase64String(answer.Body.Span),
            }),
        }, stop);
    }

    /// <summary>It is not done, and is to be pulled again after a wait; null for the route's growing one. False where it was not the caller's any more.</summary>
    public Task<bool> AgainAsync(string route, PulledRequest pulled, TimeSpan? after = null, string? why = null, CancellationToken stop = default) =>
        SettleAsync(route, new JsonObject { ["again"] = new JsonArray(new JsonObject { ["id"] = pulled.Id, ["attempt"] = pulled.Attempt, ["after"] = after is { } wait ? ClientJson.Milliseconds(wait) : null, ["why"] = why }) }, stop);

    /// <summary>It takes longer: it is the caller's for this time from now on. False where it was not any more.</summary>
    public Task<bool> ExtendAsync(string route, PulledRequest pulled, TimeSpan time, CancellationToken stop = default) =>
        SettleAsync(route, new JsonObject { ["extend"] = new JsonArray(new JsonObject { ["id"] = pulled.Id, ["attempt"] = pulled.Attempt, ["for"] = ClientJson.Milliseconds(time) }) }, stop);

    /// <summary>
    /// Does one request after another until stopped. What the handler returns is the answer; where it throws, the request is pulled again. A handler has to be able to see a request twice,
    /// which it tells by <see cref="PulledRequest.Key"/>, where the service declares <c>traffic.idempotencyKeys</c>.
    /// </summary>
    public async Task ProcessAsync(string route, Func<PulledRequest, CancellationToken, Task<RequestAnswer>> handle, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                foreach (var pulled in await PullAsync(route, 1, null, stop))
                {
                    await HandleAsync(route, pulled, handle, stop);
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

    async Task HandleAsync(string route, PulledRequest pulled, Func<PulledRequest, CancellationToken, Task<RequestAnswer>> handle, CancellationToken stop)
    {
        RequestAnswer answer;
        try
        {
            answer = await handle(pulled, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await AgainAsync(route, pulled, TimeSpan.Zero, "its worker was stopped", CancellationToken.None);
            throw;
        }
        catch (Exception failed)
        {
            await AgainAsync(route, pulled, why: failed.Message, stop: CancellationToken.None);
            return;
        }

        await AnswerAsync(route, pulled, answer, CancellationToken.None);
    }

    async Task<bool> SettleAsync(string route, JsonObject settle, CancellationToken stop)
    {
        using var answer = await AskAsync($"{Uri.EscapeDataString(route)}/settle", JsonSerializer.SerializeToUtf8Bytes(settle, ClientJson.Default.JsonNode), stop);
        using var body = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        return body.RootElement.GetProperty("gone").GetArrayLength() == 0;
    }

    async Task<HttpResponseMessage> AskAsync(string path, byte[]? body, CancellationToken stop)
    {
        var answer = await channel.AskAsync(
            () =>
            {
                var content = new ByteArrayContent(body ?? []);
                content.Headers.ContentType = body is null ? null : new MediaTypeHeaderValue("application/json");
                return new(HttpMethod.Post, "/api/v1/requests/" + path) { Content = content };
            },
            LongPoll,
            stop);
        return answer.IsSuccessStatusCode ? answer : throw await ApiChannel.FailureAsync(answer, stop);
    }
}
