using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Servers;
using Mainstay.State.Decide.Flows;

namespace Mainstay.State.Flows;

/// <summary>Calls services over HTTP/1.1 through the mesh.</summary>
/// <param name="wayTo">The address of the mesh listener of a flow to a service; null while there is none.</param>
/// <param name="time">Bounds the calls.</param>
public sealed class HttpFlowCaller(Func<string, string, Uri?> wayTo, TimeProvider time) : IFlowCaller, IDisposable
{
    /// <summary>The longest body of an answer that is kept, in bytes; of a longer one nothing is.</summary>
    public const int MostBytes = 256 * 1024;

    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    const int MostText = 16 * 1024;

    readonly HttpClient client = new(new ConnectFaults(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null, MaxConnectionsPerServer = 256, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(5),
    }))
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    // A way that is not there yet, as after a start of everything, is waited for as long as the try may take.
    public async Task<FlowAnswer> CallAsync(FlowRun run, FlowAct act, CancellationToken stop)
    {
        using var within = new CancellationTokenSource(act.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(within.Token, stop);
        while (true)
        {
            var answer = wayTo(run.Flow, act.To) is { } way ? await TryAsync(way, run, act, both.Token, stop) : new() { NotSent = true, Why = $"there is no way to '{act.To}' yet" };
            if (!answer.NotSent || within.IsCancellationRequested)
            {
                return answer;
            }

            try
            {
                await Task.Delay(LookAgain, time, both.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                return answer;
            }
        }
    }

    async Task<FlowAnswer> TryAsync(Uri way, FlowRun run, FlowAct act, CancellationToken within, CancellationToken stop)
    {
        try
        {
            using var request = RequestOf(way, run, act);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, within);
            return await AnswerOf(response, within);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new() { Why = $"no answer in {Durations.Format(act.Timeout)}" };
        }
        catch (HttpRequestException failed)
        {
            return new() { NotSent = failed.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError, Why = failed.InnerException?.Message ?? failed.Message };
        }
        catch (IOException broken)
        {
            return new() { Why = broken.Message };
        }
        catch (Exception wrong) when (wrong is FormatException or InvalidOperationException or UriFormatException)
        {
            return new() { Status = (int)HttpStatusCode.BadRequest, Body = FreeValue.Of($"the call cannot be made: {wrong.Message}") };
        }
    }

    public void Dispose() => client.Dispose();

    static HttpRequestMessage RequestOf(Uri way, FlowRun run, FlowAct act)
    {
        var request = new HttpRequestMessage(new HttpMethod(act.Method), new Uri(way, act.Target));
        if (act.Body is { } body)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        foreach (var (name, value) in act.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        request.Headers.TryAddWithoutValidation("traceparent", FlowTrace.ParentOf(run, act));
        return request;
    }

    async Task<FlowAnswer> AnswerOf(HttpResponseMessage response, CancellationToken stop)
    {
        var (body, why) = await BodyOf(response.Content, stop);
        var after = response.Headers.RetryAfter is { } asked ? asked.Delta ?? (asked.Date is { } date ? date - time.GetUtcNow() : null) : null;
        return new()
        {
            Status = (int)response.StatusCode,
            Body = body,
            Why = why,
            Location = LocationOf(response.Headers.Location),
            Tells = response.Headers.Contains("Mainstay-Callback"),
            RetryAfter = after is { } span && span > TimeSpan.Zero ? span : null,
        };
    }

    // Another host would be another way: what is asked is the same service.
    static string? LocationOf(Uri? location)
    {
        var path = location is null ? null : location.IsAbsoluteUri ? location.PathAndQuery : location.OriginalString;
        return path is ['/', ..] && path.Length <= 2048 && !path.Split('?')[0].Split('/').Contains("..") ? path : null;
    }

    static async Task<(FreeValue? Body, string Why)> BodyOf(HttpContent content, CancellationToken stop)
    {
        if (content.Headers.ContentLength is 0)
        {
            return (null, "");
        }

        await using var stream = await content.ReadAsStreamAsync(stop);
        var buffer = new byte[content.Headers.ContentLength is { } known and <= MostBytes ? (int)known + 1 : MostBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stop);
        return length == 0 ? (null, "")
            : length > MostBytes ? (null, string.Create(CultureInfo.InvariantCulture, $"the answer is longer than {MostBytes >> 10} KiB and was not kept"))
            : (ValueOf(buffer.AsMemory(0, length)), "");
    }

    static FreeValue ValueOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new() { MaxDepth = FlowTrace.MostDepth });
            return new(document.RootElement);
        }
        catch (JsonException)
        {
            var text = System.Text.Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, MostText)]);
            return FreeValue.Of(text);
        }
    }
}
