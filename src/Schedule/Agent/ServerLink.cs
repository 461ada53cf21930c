using System.Net.Http.Headers;
using Mainstay.Core.Kinds;
using Mainstay.Core.Servers;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Schedule.Agent;

/// <summary>How the agent calls the server that leads: its address, its token, no proxy, no patience with what does not connect.</summary>
sealed class ServerLink : IDisposable
{
    readonly AgentOptions options;
    readonly ServerChoice choice;
    readonly HttpClient http;

    public ServerLink(AgentOptions options)
    {
        this.options = options;
        var first = new Uri(options.ServerUrl.TrimEnd('/') + "/");
        choice = new([first, .. options.OtherServers]);
        http = new(choice.IsOpen ? new ServerHandler(choice, Handler(options)) : Handler(options)) { BaseAddress = first, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Cancelled when another server is asked; read before a stream is opened.</summary>
    public CancellationToken Left => choice.Left;

    /// <summary>Whom is asked.</summary>
    public Uri Server => choice.Current;

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

    /// <summary>The secrets that an instance of this host is to be started with.</summary>
    public async Task<SecretsGiven> SecretsAsync(string instance, CancellationToken stop)
    {
        using var response = await CallAsync(HttpMethod.Get, $"instances/{Uri.EscapeDataString(instance)}/secrets", null, stop);
        return Codec.Decode<SecretsGiven>(await response.Content.ReadAsByteArrayAsync(stop));
    }

    /// <summary>What files of this host's instances are to hold; waits for it as long as is asked. The server that leads is asked anew where it is another.</summary>
    public async Task<FilesGiven> FilesAsync(FilesAsk ask, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(ask.Wait + TimeSpan.FromSeconds(5));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token, Left);
        using var response = await CallAsync(HttpMethod.Post, "files", Codec.Encode(ask), over.Token);
        return Codec.Decode<FilesGiven>(await response.Content.ReadAsByteArrayAsync(over.Token));
    }

    static ConnectFaults Handler(AgentOptions options)
    {
        // The first handshake of a process takes its time.
        // Where there are others, one that does not answer is not waited for.
        var patience = options.OtherServers.Count > 0 ? 1.5 : options.Tls is null ? 2 : 5;
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(patience) };
        handler.SslOptions = options.Tls ?? handler.SslOptions;
        return new(handler);
    }

    public void Dispose()
    {
        http.Dispose();
        choice.Dispose();
    }
}
