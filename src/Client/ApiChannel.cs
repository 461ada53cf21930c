using System.Net;
using System.Net.Sockets;

namespace Mainstay.Client;

/// <summary>How the clients of Mainstay's API are set up, and how they ask again.</summary>
/// <remarks>
/// What could not be sent, 429, 503 and 507 are asked again with a growing wait, as long as the patience lasts; so a request must be harmless when it comes twice. Everything else is the caller's to judge.
/// </remarks>
sealed class ApiChannel : IDisposable
{
    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Reserve = TimeSpan.FromSeconds(20);

    readonly HttpClient client;
    readonly TimeSpan patience;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="token">Shown where the API asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="patience">How long is asked again; null is 30 s.</param>
    public ApiChannel(Uri? api, string? token, HttpMessageHandler? handler, TimeProvider? time, TimeSpan? patience = null)
    {
        client = Connect(api, token, handler);
        Time = time ?? TimeProvider.System;
        this.patience = patience ?? TimeSpan.FromSeconds(30);
    }

    public TimeProvider Time { get; }

    /// <summary>A client of the API, with no limit of time of its own.</summary>
    public static HttpClient Connect(Uri? api, string? token, HttpMessageHandler? handler)
    {
        var address = api?.ToString() ?? Environment.GetEnvironmentVariable("MAINSTAY_API")
            ?? throw new ArgumentException("neither an address nor MAINSTAY_API says where Mainstay's API is", nameof(api));
        var client = new HttpClient(handler ?? new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        if ((token ?? Environment.GetEnvironmentVariable("MAINSTAY_TOKEN")) is { Length: > 0 } shown)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", shown);
        }

        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Mainstay-User", Environment.GetEnvironmentVariable("MAINSTAY_INSTANCE") ?? "client");
        return client;
    }

    /// <summary>Asks once.</summary>
    /// <param name="request">Used up.</param>
    /// <param name="wait">How long the server may wait with its answer; 20 s more are given.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="HttpRequestException">It could not be sent, or was not answered in time.</exception>
    public async Task<HttpResponseMessage> OnceAsync(HttpRequestMessage request, TimeSpan wait, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(wait + Reserve, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            using (request)
            {
                return await client.SendAsync(request, either.Token);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new HttpRequestException("Mainstay did not answer in time");
        }
        catch (SocketException reset)
        {
            // What the HTTP client lets through of a connection that was reset in the moment in which it stood.
            throw new HttpRequestException(HttpRequestError.ConnectionError, reset.Message, reset);
        }
    }

    /// <summary>Asks, and asks again while the server is away or has too much to do; gives whatever else it answers.</summary>
    /// <param name="make">Makes the request anew for each asking.</param>
    /// <param name="wait">As with <see cref="OnceAsync"/>.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="HttpRequestException">The patience is over; its status, where there is one, says why.</exception>
    public async Task<HttpResponseMessage> AskAsync(Func<HttpRequestMessage> make, TimeSpan wait, CancellationToken stop)
    {
        var (began, pause) = (Time.GetTimestamp(), FirstWait);
        while (true)
        {
            HttpRequestException failed;
            try
            {
                var answer = await OnceAsync(make(), wait, stop);
                if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.InsufficientStorage))
                {
                    return answer;
                }

                failed = await FailureAsync(answer, stop);
            }
            catch (HttpRequestException unreachable)
            {
                failed = unreachable;
            }

            if (Time.GetElapsedTime(began) + pause > patience)
            {
                throw failed;
            }

            await Task.Delay(pause, Time, stop);
            pause = pause * 2 < LongestWait ? pause * 2 : LongestWait;
        }
    }

    /// <summary>A refusal with the server's words; the answer is used up.</summary>
    public static async Task<HttpRequestException> FailureAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        using (answer)
        {
            return new HttpRequestException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}", null, answer.StatusCode);
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => client.Dispose();
}
