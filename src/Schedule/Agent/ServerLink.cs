using System.Net.Http.Headers;

namespace Mainstay.Schedule.Agent;

/// <summary>How the agent calls the server: its address, its token, no proxy, no patience with what does not connect.</summary>
sealed class ServerLink(AgentOptions options) : IDisposable
{
    readonly HttpClient http = new(Handler(options))
    {
        BaseAddress = new Uri(options.ServerUrl.TrimEnd('/') + "/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Calls an endpoint of this host. Throws <see cref="HttpRequestException"/> for a status that is not a success, too.</summary>
    public async Task<HttpResponseMessage> CallAsync(HttpMethod method, string verb, byte[]? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, $"internal/v1/agents/{Uri.EscapeDataString(options.Host)}/{verb}");
        if (options.TokenFile is { } path)
        {
            request.Headers.Add("X-Mainstay-Token", (await File.ReadAllTextAsync(path, stop)).Trim());
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (!response.IsSuccessStatusCode)
        {
            var status = response.StatusCode;
            response.Dispose();
            throw new HttpRequestException($"{verb}: the server answers {(int)status}", null, status);
        }

        return response;
    }

    static SocketsHttpHandler Handler(AgentOptions options)
    {
        // The first handshake of a process takes its time.
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(options.Tls is null ? 2 : 5) };
        handler.SslOptions = options.Tls ?? handler.SslOptions;
        return handler;
    }

    public void Dispose() => http.Dispose();
}
