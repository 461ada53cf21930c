using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>
/// The Docker Engine API (version 1.41, spoken by Docker and by Podman) over a unix socket, as far as instances need it. Refusals are
/// <see cref="EngineException"/>s with the engine's words; an engine that cannot be reached is <see cref="HttpRequestException"/>.
/// </summary>
sealed class EngineClient : IDisposable
{
    const string Root = "http://engine/v1.41/";
    const int MostErrorBytes = 16 << 10;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly HttpClient http;

    public EngineClient(string socketPath)
    {
        SocketPath = socketPath;
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), stop);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        }) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public string SocketPath { get; }

    public Task<bool> HasImageAsync(string image, CancellationToken stop) => ExistsAsync($"images/{Uri.EscapeDataString(image)}/json", stop);

    /// <summary>What an image is known by; null where there is none by that name or id.</summary>
    public async Task<EngineImage?> ImageAsync(string image, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}images/{Uri.EscapeDataString(image)}/json");
            var found = (await ReadAsync(request, stop))!;
            return new(Bare((string)found["Id"]!), [.. (found["RepoTags"] as JsonArray ?? []).Select(t => (string)t!)]);
        }
        catch (EngineException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>The ids of the images that any container of the host is made of, whoever made it and whether it runs.</summary>
    public async Task<IReadOnlySet<string>> ImagesInUseAsync(CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}containers/json?all=true");
        return (await ReadAsync(request, stop))!.AsArray().Select(c => Bare((string?)c!["ImageID"] ?? "")).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Takes a name from an image, and removes it with its last name; never by force. One that is gone is removed.</summary>
    public async Task RemoveImageAsync(string image, CancellationToken stop)
    {
        try
        {
            await DoAsync(HttpMethod.Delete, $"images/{Uri.EscapeDataString(image)}", stop);
        }
        catch (EngineException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            // As asked.
        }
    }

    /// <summary>Fetches an image, however long that takes. The engine tells failures in the body of a success.</summary>
    /// <param name="image">Name with tag or digest.</param>
    /// <param name="login">As <c>user:password</c>; null for none.</param>
    /// <param name="stop">Gives up.</param>
    public async Task PullAsync(string image, string? login, CancellationToken stop)
    {
        var (name, tag) = Split(image);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Root}images/create?fromImage={Uri.EscapeDataString(name)}{(tag.Length > 0 ? $"&tag={Uri.EscapeDataString(tag)}" : "")}");
        if (login is not null)
        {
            var colon = login.IndexOf(':', StringComparison.Ordinal);
            var words = new JsonObject { ["username"] = colon < 0 ? login : login[..colon], ["password"] = colon < 0 ? "" : login[(colon + 1)..], ["serveraddress"] = name.Split('/')[0] };
            request.Headers.Add("X-Registry-Auth", Convert.ToBase64String(Encoding.UTF8.GetBytes(words.ToJsonString())).Replace('+', '-').Replace('/', '_'));
        }

        using var answer = await SendAsync(request, stop);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        while (await lines.ReadLineAsync(stop) is { } line)
        {
            if (line.Contains("\"error\"", StringComparison.Ordinal) && Parse(line)?["error"] is { } error)
            {
                throw new EngineException(HttpStatusCode.BadGateway, (string?)error ?? line);
            }
        }
    }

    /// <summary>Makes a container; gives its id. A name that is taken is status 409.</summary>
    public async Task<string> CreateAsync(string name, JsonObject specification, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Root}containers/create?name={Uri.EscapeDataString(name)}") { Content = Json(specification) };
        return (string)(await ReadAsync(request, stop))!["Id"]!;
    }

    public Task StartAsync(string id, CancellationToken stop) => DoAsync(HttpMethod.Post, $"containers/{id}/start", stop);

    /// <summary>Sends a signal; a container that does not run is none to tell.</summary>
    public async Task KillAsync(string id, string signal, CancellationToken stop)
    {
        try
        {
            await DoAsync(HttpMethod.Post, $"containers/{id}/kill?signal={signal}", stop);
        }
        catch (EngineException gone) when (gone.Status is HttpStatusCode.Conflict or HttpStatusCode.NotFound)
        {
            // It has ended meanwhile, and whoever waits for it is told.
        }
    }

    /// <summary>Waits for the end, however long that takes; gives the exit code.</summary>
    public async Task<int> WaitAsync(string id, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Root}containers/{id}/wait?condition=not-running");
        using var answer = await SendAsync(request, stop);
        return (int)Parse(await answer.Content.ReadAsStringAsync(stop))!["StatusCode"]!;
    }

    /// <summary>Null where there is no such container.</summary>
    public async Task<JsonNode?> InspectAsync(string id, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}containers/{id}/json");
            return await ReadAsync(request, stop);
        }
        catch (EngineException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>The network that containers of their own network are put in, as this host sees it; null where the engine has none of IPv4.</summary>
    public async Task<ContainerBridge?> BridgeAsync(CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}networks/bridge");
        var found = await ReadAsync(request, stop);
        foreach (var range in found?["IPAM"]?["Config"] as JsonArray ?? [])
        {
            if (IPNetwork.TryParse((string?)range?["Subnet"] ?? "", out var subnet) && IPAddress.TryParse((string?)range?["Gateway"] ?? "", out var gateway) && gateway.AddressFamily == AddressFamily.InterNetwork)
            {
                return new(gateway.ToString(), subnet.ToString());
            }
        }

        return null;
    }

    /// <summary>Whether the engine runs as a user without the host's network: then the host has no part in its bridge.</summary>
    public async Task<bool> IsRootlessAsync(CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}info");
        return (await ReadAsync(request, stop))?["SecurityOptions"] is JsonArray options && options.Any(o => ((string?)o ?? "").Contains("rootless", StringComparison.Ordinal));
    }

    /// <summary>All containers with a label, running or not.</summary>
    public async Task<JsonArray> ListAsync(string label, CancellationToken stop)
    {
        var filters = new JsonObject { ["label"] = new JsonArray(label) }.ToJsonString();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}containers/json?all=true&filters={Uri.EscapeDataString(filters)}");
        return (await ReadAsync(request, stop))!.AsArray();
    }

    /// <summary>Removes a container with its anonymous volumes, by force where it runs; one that is gone is removed.</summary>
    public async Task RemoveAsync(string id, CancellationToken stop)
    {
        try
        {
            await DoAsync(HttpMethod.Delete, $"containers/{id}?force=true&v=true", stop);
        }
        catch (EngineException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            // As asked.
        }
    }

    /// <summary>What it writes from <paramref name="since"/> on, until it ends: frames of <see cref="EngineFrames"/>, each line with its time in front.</summary>
    public async Task<Stream> LogsAsync(string id, DateTimeOffset? since, CancellationToken stop)
    {
        var from = since is { } at ? $"&since={at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}" : "";
        var request = new HttpRequestMessage(HttpMethod.Get, $"{Root}containers/{id}/logs?follow=true&stdout=true&stderr=true&timestamps=true{from}");
        var answer = await SendAsync(request, stop);
        return await answer.Content.ReadAsStreamAsync(stop);
    }

    /// <summary>Runs a command in a container; gives its exit code. What it writes goes to <paramref name="into"/>, or nowhere.</summary>
    public async Task<int> ExecAsync(string id, IReadOnlyList<string> argv, ExecOutput? into, CancellationToken stop)
    {
        var wanted = new JsonObject { ["Cmd"] = new JsonArray([.. argv.Select(a => JsonValue.Create(a))]), ["AttachStdout"] = true, ["AttachStderr"] = true };
        using var create = new HttpRequestMessage(HttpMethod.Post, $"{Root}containers/{id}/exec") { Content = Json(wanted) };
        var exec = (string)(await ReadAsync(create, stop))!["Id"]!;
        using var start = new HttpRequestMessage(HttpMethod.Post, $"{Root}exec/{exec}/start") { Content = Json(new JsonObject { ["Detach"] = false, ["Tty"] = false }) };
        using (var running = await SendAsync(start, stop))
        {
            await (into is null ? running.Content.CopyToAsync(Stream.Null, stop) : into.ReadAsync(await running.Content.ReadAsStreamAsync(stop), stop));
        }

        using var inspect = new HttpRequestMessage(HttpMethod.Get, $"{Root}exec/{exec}/json");
        return (int)(await ReadAsync(inspect, stop))!["ExitCode"]!;
    }

    public void Dispose() => http.Dispose();

    async Task<bool> ExistsAsync(string path, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Root + path);
            await ReadAsync(request, stop);
            return true;
        }
        catch (EngineException missing) when (missing.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    async Task DoAsync(HttpMethod method, string path, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, Root + path);
        await ReadAsync(request, stop);
    }

    async Task<JsonNode?> ReadAsync(HttpRequestMessage request, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            using var answer = await SendAsync(request, either.Token);
            var text = await answer.Content.ReadAsStringAsync(either.Token);
            return text.Length == 0 ? null : Parse(text);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new HttpRequestException($"the container engine at {SocketPath} does not answer within {Patience.TotalSeconds:0} s");
        }
    }

    async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
    {
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);

        // 304: it is so already.
        if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotModified)
        {
            return answer;
        }

        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(stop);
            text = text.Length > MostErrorBytes ? text[..MostErrorBytes] : text;
            throw new EngineException(answer.StatusCode, (string?)Parse(text)?["message"] ?? (text.Length > 0 ? text : $"status {(int)answer.StatusCode}"));
        }
    }

    // Not everywhere is the kind of digest told.
    static string Bare(string id) => id.StartsWith("sha256:", StringComparison.Ordinal) ? id["sha256:".Length..] : id;

    static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static ByteArrayContent Json(JsonObject content) =>
        new(Encoding.UTF8.GetBytes(content.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    // A digest stays part of the name; a colon before a slash is a registry's port.
    static (string Name, string Tag) Split(string image)
    {
        var colon = image.LastIndexOf(':');
        return image.Contains('@', StringComparison.Ordinal) ? (image, "") : colon > image.LastIndexOf('/') ? (image[..colon], image[(colon + 1)..]) : (image, "latest");
    }
}

/// <summary>An image of the engine.</summary>
/// <param name="Id">Of its content.</param>
/// <param name="Tags">Its names.</param>
sealed record EngineImage(string Id, IReadOnlyList<string> Tags);

/// <summary>The engine refused; the message is its own.</summary>
sealed class EngineException(HttpStatusCode status, string message) : Exception(message)
{
    public HttpStatusCode Status => status;
}
