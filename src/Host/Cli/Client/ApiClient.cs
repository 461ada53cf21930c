using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Host.Security;

namespace Mainstay.Host.Cli.Client;

/// <summary>The Admin API as the command line uses it. Every failure is a <see cref="CliError"/> with what went wrong and what to do.</summary>
public sealed class ApiClient : IDisposable
{
    /// <summary>How long an answer may take; what streams may take forever.</summary>
    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(30);

    readonly HttpClient http;
    readonly TimeProvider time;

    public ApiClient(Uri server, string? token, CliEnvironment environment)
    {
        time = environment.Time;
        http = new(environment.Handler()) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("mainstay-cli", ProductVersion.Text));
        http.DefaultRequestHeaders.Add(Identity.Header, $"{(Ascii(environment.User) ? environment.User : "unknown")} (cli)");

        if (!string.IsNullOrEmpty(token))
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        }
    }

    /// <summary>Without a trailing slash.</summary>
    public string Server => http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>The JSON at <paramref name="path"/>, which is relative to <c>/api/v1/</c>.</summary>
    public async Task<JsonNode> GetAsync(string path, CancellationToken stop)
    {
        using var response = await SendAsync(new(HttpMethod.Get, Url(path)), stop);
        return await ReadAsync(response, stop);
    }

    /// <summary>Shows from now on that this user administers the server, where that is so.</summary>
    /// <param name="proof">The internal token; null shows nothing.</param>
    public void Administer(string? proof)
    {
        if (proof is { Length: > 0 } && Ascii(proof) && !http.DefaultRequestHeaders.Contains(AccessRules.InternalHeader))
        {
            http.DefaultRequestHeaders.Add(AccessRules.InternalHeader, proof);
        }
    }

    /// <summary>The JSON at a whole path unless it has this tag.</summary>
    /// <returns>Its tag, and null where it is the same.</returns>
    public async Task<(string Tag, JsonNode? Body)> GetIfOtherAsync(string wholePath, string? tag, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(wholePath, UriKind.Relative));
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", $"\"{tag}\"");
        }

        using var response = await SendAsync(request, stop, notModifiedIsFine: true);
        return response.StatusCode == System.Net.HttpStatusCode.NotModified ? (tag!, null) : (response.Headers.ETag?.Tag.Trim('"') ?? "", await ReadAsync(response, stop));
    }

    /// <summary>As <see cref="GetAsync(string, CancellationToken)"/>, typed.</summary>
    public async Task<T> GetAsync<T>(string path, CancellationToken stop) => As<T>(await GetAsync(path, stop));

    /// <param name="path">Relative to <c>/api/v1/</c>.</param>
    /// <param name="body">Null is an empty object.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="mediaType">Of the body.</param>
    /// <param name="within">How long the answer may take; null is 30 s.</param>
    public async Task<JsonNode> PostAsync(string path, object? body, CancellationToken stop, string mediaType = "application/json", TimeSpan? within = null)
    {
        using var content = new ByteArrayContent(body is null ? "{}"u8.ToArray() : Codec.Encode(body));
        content.Headers.ContentType = new(mediaType);
        using var response = await SendAsync(new(HttpMethod.Post, Url(path)) { Content = content }, stop, within: within);
        return await ReadAsync(response, stop);
    }

    public async Task<JsonNode> PutAsync(string path, object body, CancellationToken stop)
    {
        using var content = new ByteArrayContent(Codec.Encode(body));
        content.Headers.ContentType = new("application/json");
        using var response = await SendAsync(new(HttpMethod.Put, Url(path)) { Content = content }, stop);
        return await ReadAsync(response, stop);
    }

    /// <summary>Writes the bytes at <paramref name="path"/> to a stream.</summary>
    public async Task DownloadAsync(string path, Stream to, CancellationToken stop)
    {
        using var response = await SendAsync(new(HttpMethod.Get, Url(path)), stop);
        try
        {
            await response.Content.CopyToAsync(to, stop);
        }
        catch (HttpRequestException error)
        {
            throw new CliError($"the server at {Server} broke off: {error.Message}", "try again");
        }
    }

    /// <summary>Deletes what is at <paramref name="path"/>.</summary>
    public async Task<JsonNode> DeleteAsync(string path, CancellationToken stop)
    {
        using var response = await SendAsync(new(HttpMethod.Delete, Url(path)), stop);
        return await ReadAsync(response, stop);
    }

    public Task<StatusView> StatusAsync(CancellationToken stop) => GetAsync<StatusView>("status", stop);

    /// <summary>Every status from now on, the present one first; a lost connection is made again.</summary>
    /// <param name="lost">Called when a connection is lost.</param>
    /// <param name="stop">Ends it.</param>
    public async IAsyncEnumerable<StatusView> WatchStatusAsync(Action lost, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var update in new ServerEvents(this, "status?watch=true").ReadAsync(stop))
        {
            switch (update.Type)
            {
                case "status":
                    yield return As<StatusView>(update.Data);
                    break;
                case ServerEvent.Lost:
                    lost();
                    break;
            }
        }
    }

    public async Task<ApplyResult> ApplyAsync(ApplyRequest request, bool dryRun, CancellationToken stop) =>
        As<ApplyResult>(await PostAsync(dryRun ? "apply?dryRun=true" : "apply", request, stop));

    /// <summary>All resources of a kind, page after page.</summary>
    /// <param name="path">The kind's plural, and filters.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>As the API has one page: <c>{items, revision}</c>.</returns>
    public async Task<JsonObject> ListAsync(string path, CancellationToken stop)
    {
        var all = new JsonArray();
        var page = (await GetAsync(path, stop)).AsObject();
        while (true)
        {
            foreach (var item in page["items"]?.AsArray() ?? [])
            {
                all.Add(item?.DeepClone());
            }

            if (page["continue"]?.GetValue<string>() is not { Length: > 0 } next)
            {
                return new() { ["items"] = all, ["revision"] = page["revision"]?.DeepClone() };
            }

            page = (await GetAsync($"{path}{(path.Contains('?') ? '&' : '?')}continue={Uri.EscapeDataString(next)}", stop)).AsObject();
        }
    }

    /// <summary>The lines of newline-delimited JSON at <paramref name="path"/>.</summary>
    public async IAsyncEnumerable<JsonNode> LinesAsync(string path, [EnumeratorCancellation] CancellationToken stop)
    {
        using var response = await SendAsync(new(HttpMethod.Get, Url(path)), stop);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop));
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            if (line.Length > 0)
            {
                yield return Parse(line);
            }
        }
    }

    /// <summary>Opens a stream of server-sent events.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(string path, string? lastId, CancellationToken stop)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Url(path));
        request.Headers.Accept.Add(new("text/event-stream"));
        if (lastId is { Length: > 0 })
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        return await SendAsync(request, stop);
    }

    internal TimeProvider Time => time;

    public void Dispose() => http.Dispose();

    internal static T As<T>(JsonNode node)
    {
        try
        {
            return Codec.Decode<T>(node);
        }
        catch (JsonException error)
        {
            var what = error.Message.Split(" Path: ")[0].TrimEnd('.');
            throw Unreadable(error.Path is { Length: > 2 } at ? $"{at[2..]}: {what}" : what);
        }
    }

    internal static JsonNode Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json) ?? throw Unreadable("null");
        }
        catch (JsonException error)
        {
            throw Unreadable(error.Message);
        }
    }

    async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop, bool notModifiedIsFine = false, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? AnswerWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (HttpRequestException error) when (error.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse)
        {
            throw new CliError($"the server at {Server} broke off: {error.Message}", "see 'mainstay status' whether it was done, then try again");
        }
        catch (HttpRequestException)
        {
            throw ServerAddress.NoServer(Server);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new CliError($"the server at {Server} did not answer within {Durations.Format(within ?? AnswerWithin)}", "see 'mainstay doctor', then try again");
        }

        if (response.IsSuccessStatusCode || (notModifiedIsFine && response.StatusCode == System.Net.HttpStatusCode.NotModified))
        {
            return response;
        }

        using (response)
        {
            throw await ApiErrors.OfAsync(response, Server, stop);
        }
    }

    async Task<JsonNode> ReadAsync(HttpResponseMessage response, CancellationToken stop)
    {
        try
        {
            var text = await response.Content.ReadAsStringAsync(stop);
            return text.Length == 0 ? new JsonObject() : Parse(text);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new CliError($"the server at {Server} broke off: {error.Message}", "see 'mainstay status' whether it was done, then try again");
        }
    }

    static CliError Unreadable(string why) => new($"the server's answer cannot be read: {why}", "see that 'mainstay version' and the server's version are the same");

    static Uri Url(string path) => new("/api/v1/" + path, UriKind.Relative);

    static bool Ascii(string text) => text.All(c => c is > ' ' and <= '~');
}
