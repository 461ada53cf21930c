using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Flows;

/// <summary>Starts runs of flows, sends them signals, and waits for their end. Safe from many threads.</summary>
/// <remarks>
/// A call that could not be made, or was answered 429 or 5xx, is made again until <see cref="Patience"/> is over; a start and a callback carry what makes that harmless. What is refused throws
/// <see cref="FlowRefusedException"/> with the reason; what could not be had in time, <see cref="HttpRequestException"/>.
/// </remarks>
public sealed class FlowClient : IDisposable
{
    static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan Reserve = TimeSpan.FromSeconds(10);

    readonly HttpClient client;
    readonly TimeProvider time;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="token">Its token; null is <c>MAINSTAY_TOKEN</c>, where there is one.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    public FlowClient(Uri? api = null, string? token = null, HttpMessageHandler? handler = null, TimeProvider? time = null)
    {
        client = ApiChannel.Connect(api, token, handler);
        this.time = time ?? TimeProvider.System;
    }

    /// <summary>How long a call is tried. Default 10 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Starts a run. Called again with the same id and input it finds the same run: so an order's number makes a good id.</summary>
    /// <param name="flow">The flow.</param>
    /// <param name="id">1 to 100 letters, digits, <c>-</c>, <c>_</c>, <c>.</c>.</param>
    /// <param name="input">Anything that can be written as JSON of at most 64 KiB; null for none.</param>
    /// <param name="stop">Gives up.</param>
    public Task<FlowRun> StartAsync(string flow, string id, object? input = null, CancellationToken stop = default) =>
        PostAsync($"/api/v1/flows/{Uri.EscapeDataString(flow)}/runs", new JsonObject { ["id"] = id, ["input"] = NodeOf(input) }, stop);

    /// <summary>Sends a signal; one that comes before the run waits for it is kept.</summary>
    public Task<FlowRun> SignalAsync(string id, string signal, object? content = null, CancellationToken stop = default) =>
        PostAsync($"/api/v1/flow-runs/{Uri.EscapeDataString(id)}/signals/{Uri.EscapeDataString(signal)}", NodeOf(content), stop);

    /// <summary>Says how a call ended that was answered 202 with the header <c>Mainstay-Callback</c>.</summary>
    /// <param name="callback">The value of <c>Mainstay-Callback</c> in the call.</param>
    /// <param name="result">What it gave; where it failed, why.</param>
    /// <param name="done">False where it failed and took no effect.</param>
    /// <param name="stop">Gives up.</param>
    public Task<FlowRun> FinishAsync(string callback, object? result = null, bool done = true, CancellationToken stop = default) =>
        callback.StartsWith("/api/v1/flow-runs/", StringComparison.Ordinal)
            ? PostAsync(callback + (done ? "" : "&done=false"), NodeOf(result), stop)
            : throw new ArgumentException("it is not what the header Mainstay-Callback said", nameof(callback));

    /// <summary>Has a run taken back.</summary>
    public Task<FlowRun> CancelAsync(string id, CancellationToken stop = default) => PostAsync($"/api/v1/flow-runs/{Uri.EscapeDataString(id)}/cancel", null, stop);

    /// <summary>A run as it is now.</summary>
    public Task<FlowRun> GetAsync(string id, CancellationToken stop = default) => ShowAsync(id, 0, stop);

    /// <summary>Waits until a run has ended; <paramref name="stop"/> bounds the wait.</summary>
    public async Task<FlowRun> EndAsync(string id, CancellationToken stop = default)
    {
        while (true)
        {
            var run = await ShowAsync(id, 30, stop);
            if (run.HasEnded)
            {
                return run;
            }
        }
    }

    /// <summary>Closes the connections; runs go on.</summary>
    public void Dispose() => client.Dispose();

    // JSON goes as it is; what is of a type of the caller's own is looked at while the program runs.
    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "What takes such values says so.")]
    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("AOT", "IL3050", Justification = "What takes such values says so.")]
    static JsonNode? NodeOf(object? value) => value switch
    {
        null => null,
        JsonNode node => node.DeepClone(),
        string text => JsonValue.Create(text),
        _ => JsonSerializer.SerializeToNode(value, JsonSerializerOptions.Web),
    };

    async Task<FlowRun> ShowAsync(string id, int wait, CancellationToken stop) =>
        (await SendAsync(() => new(HttpMethod.Get, $"/api/v1/flow-runs/{Uri.EscapeDataString(id)}?wait={wait}"), TimeSpan.FromSeconds(wait), stop)).GetProperty("run").Deserialize(ClientJson.Default.FlowRun)!;

    async Task<FlowRun> PostAsync(string path, JsonNode? body, CancellationToken stop) =>
        (await SendAsync(() => new(HttpMethod.Post, path) { Content = ClientJson.Body(body) }, TimeSpan.Zero, stop)).Deserialize(ClientJson.Default.FlowRun)!;

    async Task<JsonElement> SendAsync(Func<HttpRequestMessage> make, TimeSpan wait, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var isLast = time.GetElapsedTime(began) - wait > Patience;
            try
            {
                using var bound = new CancellationTokenSource(wait + Reserve, time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, stop);
                using var request = make();
                using var response = await client.SendAsync(request, both.Token);
                if (response.IsSuccessStatusCode)
                {
                    return await response.Content.ReadFromJsonAsync(ClientJson.Default.JsonElement, both.Token);
                }

                if (isLast || (response.StatusCode != HttpStatusCode.TooManyRequests && (int)response.StatusCode < 500))
                {
                    throw await RefusalOf(response, both.Token);
                }
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException && !stop.IsCancellationRequested)
            {
                if (isLast)
                {
                    throw error as HttpRequestException ?? new HttpRequestException("Mainstay did not answer in time", error);
                }
            }

            await Task.Delay(Between, time, stop);
        }
    }

    static async Task<Exception> RefusalOf(HttpResponseMessage response, CancellationToken stop)
    {
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            var problem = await response.Content.ReadFromJsonAsync(ClientJson.Default.JsonElement, stop);
            return new FlowRefusedException((int)response.StatusCode, problem.TryGetProperty("detail", out var detail) ? detail.GetString() ?? "" : "");
        }

        return new FlowRefusedException((int)response.StatusCode, response.ReasonPhrase ?? "");
    }
}

/// <summary>What was asked of flows was refused.</summary>
/// <param name="status">404: there is no such flow or run. 409: the run does not allow it. 400: it makes no sense.</param>
/// <param name="why">The reason.</param>
public sealed class FlowRefusedException(int status, string why) : Exception(why)
{
    /// <summary>The status of the answer.</summary>
    public int Status => status;
}

/// <summary>A run.</summary>
/// <param name="Id">As given at its start.</param>
/// <param name="Flow">Of which flow.</param>
/// <param name="State"><c>running</c>, <c>waiting</c>, <c>compensating</c>, <c>parked</c> (a person is asked), <c>succeeded</c>, or <c>compensated</c> (it failed or was cancelled, and everything was taken back).</param>
/// <param name="Why">What failed, or what is asked; empty where the state says all.</param>
/// <param name="Output">What it gave; null where it gave nothing, or has not ended.</param>
public sealed record FlowRun(string Id, string Flow, string State, string Why, JsonElement? Output)
{
    /// <summary>It succeeded, or was compensated.</summary>
    public bool HasEnded => State is "succeeded" or "compensated";

    /// <summary>All steps were done.</summary>
    public bool Succeeded => State == "succeeded";
}
