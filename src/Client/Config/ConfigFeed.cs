using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;

namespace Mainstay.Client.Config;

/// <summary>
/// A name space of Mainstay's configuration as this service reads it. A change is told within a moment of its publish, and none can be missed: the question is always "anything but what I have".
/// </summary>
/// <remarks>Values of secret items are left out: they are delivered to the process by <c>mainstay config run</c>.</remarks>
public sealed class ConfigFeed : IDisposable
{
    static readonly TimeSpan Poll = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);

    readonly ApiChannel channel;
    readonly string path;

    /// <param name="space">The name space.</param>
    /// <param name="environment">Whose overlay counts; null is the architecture's.</param>
    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="reader">What this reader is called where is listed who runs what; null is <c>MAINSTAY_INSTANCE</c>, or the machine's name and the process id.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public ConfigFeed(string space, string? environment = null, Uri? api = null, string? reader = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null)
    {
        channel = new ApiChannel(api, token, handler, time);
        var name = reader ?? Environment.GetEnvironmentVariable("MAINSTAY_INSTANCE") ?? $"{Environment.MachineName}/{Environment.ProcessId}";
        path = $"/api/v1/config/{Uri.EscapeDataString(space)}/effective?reader={Uri.EscapeDataString(name)}{(environment is null ? "" : $"&environment={Uri.EscapeDataString(environment)}")}";
    }

    /// <summary>What is published now.</summary>
    /// <exception cref="HttpRequestException">It could not be read within 20 s, or there is no such name space.</exception>
    public async Task<ConfigState> ReadAsync(CancellationToken stop = default) => (await AskAsync(null, TimeSpan.Zero, stop))!;

    /// <summary>What is published now, and from there on after every change. A server that is away is asked again until it is back.</summary>
    /// <param name="known">What is known already; it does not come again.</param>
    /// <param name="stop">Ends it.</param>
    public async IAsyncEnumerable<ConfigState> WatchAsync(ConfigState? known = null, [EnumeratorCancellation] CancellationToken stop = default)
    {
        while (true)
        {
            ConfigState? next = null;
            try
            {
                next = await AskAsync(known?.Tag, Poll, stop);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Between, channel.Time, stop);
            }

            if (next is not null)
            {
                known = next;
                yield return next;
            }
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => channel.Dispose();

    async Task<ConfigState?> AskAsync(string? tag, TimeSpan wait, CancellationToken stop)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, tag is null ? path : $"{path}&wait={(int)wait.TotalSeconds}s");
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", $"\"{tag}\"");
        }

        using var response = await channel.OnceAsync(request, wait, stop);
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        var page = (await response.Content.ReadFromJsonAsync(ClientJson.Default.Page, stop))!;
        return new(page.Tag, page.Values.Where(v => !v.Value.IsSecret).ToDictionary(v => v.Key, v => v.Value.Value, StringComparer.OrdinalIgnoreCase));
    }

    internal sealed record Page(string Tag, IReadOnlyDictionary<string, Said> Values);

    internal sealed record Said(string Value, bool IsSecret);
}

/// <summary>What a name space comes to.</summary>
/// <param name="Tag">Names the versions that it is made of.</param>
/// <param name="Values">By key; keys are compared without regard to case.</param>
public sealed record ConfigState(string Tag, IReadOnlyDictionary<string, string> Values);
