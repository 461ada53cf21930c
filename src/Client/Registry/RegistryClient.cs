using System.Net;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Registry;

/// <summary>
/// Registers the addresses of services that Mainstay does not run (<c>external</c> in its manifest), so that what needs them finds them. What is registered is renewed by itself until it is disposed of. Safe from many threads.
/// </summary>
/// <remarks>
/// Failures: a server that is away is asked again in the background; a registration that can never be (no such service, a wrong address) is an <see cref="InvalidOperationException"/> with the server's words.
/// </remarks>
public sealed class RegistryClient : IDisposable
{
    readonly HttpClient client;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public RegistryClient(Uri? api = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null)
    {
        var address = api?.ToString() ?? Environment.GetEnvironmentVariable("MAINSTAY_API")
            ?? throw new ArgumentException("neither an address nor MAINSTAY_API says where Mainstay's API is", nameof(api));
        client = new HttpClient(handler ?? new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan };
        if ((token ?? Environment.GetEnvironmentVariable("MAINSTAY_TOKEN")) is { Length: > 0 } shown)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", shown);
        }

        client.DefaultRequestHeaders.Add("X-Mainstay-User", $"{Environment.MachineName} (client)");
        Time = time ?? TimeProvider.System;
    }

    internal TimeProvider Time { get; }

    /// <summary>Registers an address, and keeps it registered until what is returned is disposed of.</summary>
    /// <param name="service">The service that it is an address of; it is declared with <c>external</c>.</param>
    /// <param name="id">Tells the service's addresses apart: lower-case letters, digits, '-' and '.'.</param>
    /// <param name="address">As <c>host:port</c>, as the gateways reach it.</param>
    /// <param name="options">Version, lease and labels.</param>
    /// <param name="stop">Ends the asking.</param>
    /// <exception cref="HttpRequestException">The server does not answer.</exception>
    public async Task<HeldRegistration> RegisterAsync(string service, string id, string address, RegistrationOptions? options = null, CancellationToken stop = default)
    {
        options ??= new RegistrationOptions();
        var held = new HeldRegistration(this, $"/api/v1/registry/{Uri.EscapeDataString(service)}/{Uri.EscapeDataString(id)}", address, options);
        await held.RegisterAsync(stop);
        held.Begin();
        return held;
    }

    /// <summary>Closes the connections. What is registered ends with its leases.</summary>
    public void Dispose() => client.Dispose();

    internal async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, JsonObject? body, TimeSpan within, CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(within, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : ClientJson.Body(body) };
            using var response = await client.SendAsync(request, either.Token);
            if (response.IsSuccessStatusCode)
            {
                return response.StatusCode;
            }

            var said = await response.Content.ReadAsStringAsync(either.Token);
            return response.StatusCode is >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                ? throw new HttpRequestException($"Mainstay answered {(int)response.StatusCode}")
                : response.StatusCode == HttpStatusCode.NotFound && method != HttpMethod.Put ? response.StatusCode
                : throw new InvalidOperationException(said);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new HttpRequestException("Mainstay did not answer in time");
        }
    }
}

/// <summary>How an address is registered.</summary>
public sealed record RegistrationOptions
{
    /// <summary>The version of what answers there, as semantic version; null for the one that the service declares.</summary>
    public string? Version { get; init; }

    /// <summary>How long it outlives its last renewal; it is renewed each third of it. Default 15 s; 1 s to 24 h.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>What is to be known of it. At most 16.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}
