using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mainstay.Client.Streams;

/// <summary>Event streams for a service: append, read, follow, snapshots. Safe from many threads.</summary>
/// <remarks>
/// Failures: a server that is away or has too much to do is asked again with a growing wait, as long as the patience lasts (default 30 s), which stores nothing twice since ids stay the same; another
/// version than the expected one is a <see cref="WrongVersionException"/>; everything else an <see cref="HttpRequestException"/> with the server's words.
/// </remarks>
public sealed class StreamClient : IDisposable
{
    static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);

    readonly ApiChannel channel;

    /// <param name="api">Mainstay's API: null is the environment's <c>MAINSTAY_API</c>.</param>
    /// <param name="patience">How long is asked again; null is 30 s.</param>
    /// <param name="handler">Carries the requests; null is a new one.</param>
    /// <param name="time">Null is the system's.</param>
    /// <param name="token">Shown to the API where it asks for one; null is <c>MAINSTAY_TOKEN</c>.</param>
    public StreamClient(Uri? api = null, TimeSpan? patience = null, HttpMessageHandler? handler = null, TimeProvider? time = null, string? token = null) =>
        channel = new ApiChannel(api, token, handler, time, patience);

    internal TimeProvider Time => channel.Time;

    /// <summary>Appends events, all or none, if the stream has the expected version; they are on the disk when it returns. At most 5,000, and 8 MiB.</summary>
    /// <exception cref="WrongVersionException">It has another version.</exception>
    public async Task<StreamAppended> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<StreamEvent> events, CancellationToken stop = default)
    {
        using var into = new MemoryStream();
        using (var writer = new Utf8JsonWriter(into))
        {
            writer.WriteStartArray();
            foreach (var one in events)
            {
                one.Write(writer);
            }

            writer.WriteEndArray();
        }

        var body = into.ToArray();
        using var answer = await channel.AskAsync(
            () =>
            {
                var content = new ByteArrayContent(body);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
                return new(HttpMethod.Post, $"{At(stream)}/events?expected={expected.Text}") { Content = content };
            },
            TimeSpan.Zero,
            stop);
        if (answer.StatusCode == HttpStatusCode.Conflict)
        {
            var problem = await answer.Content.ReadFromJsonAsync(ClientJson.Default.JsonElement, stop);
            throw problem.TryGetProperty("actual", out var actual)
                ? new WrongVersionException(actual.GetInt64(), problem.GetProperty("detail").GetString()!)
                : new HttpRequestException($"409: {problem}", null, answer.StatusCode);
        }

        return (await (await GoodAsync(answer, stop)).Content.ReadFromJsonAsync(ClientJson.Default.StreamAppended, stop))!;
    }

    /// <summary>Events of a stream after a version, oldest first.</summary>
    public Task<StreamPage> ReadAsync(string stream, long after = 0, int limit = 100, CancellationToken stop = default) => PageAsync($"{At(stream)}/events?after={after}&limit={limit}", TimeSpan.Zero, stop);

    /// <summary>Events of a stream before a version, newest first; null reads from the end.</summary>
    public Task<StreamPage> ReadBackwardAsync(string stream, long? before = null, int limit = 100, CancellationToken stop = default) =>
        PageAsync($"{At(stream)}/events?backward=true&limit={limit}{(before is null ? "" : $"&before={before}")}", TimeSpan.Zero, stop);

    /// <summary>Events of all streams after a position, in the order in which they were appended.</summary>
    /// <param name="after">0 for the beginning.</param>
    /// <param name="wanted">Which; null for all.</param>
    /// <param name="limit">At most so many; 1 to 1,000.</param>
    /// <param name="wait">How long to wait for the first; up to 60 s.</param>
    /// <param name="stop">Gives up.</param>
    public Task<StreamPage> ReadAllAsync(long after, StreamFilter? wanted = null, int limit = 100, TimeSpan wait = default, CancellationToken stop = default) =>
        PageAsync($"/api/v1/state/events?after={after}&limit={limit}{wanted?.Query}{(wait >= TimeSpan.FromSeconds(1) ? $"&wait={(int)wait.TotalSeconds}" : "")}", wait, stop);

    /// <summary>Events of a stream after a version, and then those that come, until stopped. A server that is away is asked again until it is back.</summary>
    public IAsyncEnumerable<RecordedEvent> FollowAsync(string stream, long after = 0, CancellationToken stop = default) =>
        FollowAsync((from, end) => PageAsync($"{At(stream)}/events?after={from}&limit=500&wait={(int)LongPoll.TotalSeconds}", LongPoll, end), after, stop);

    /// <summary>Events of all streams after a position, and then those that come, until stopped. A server that is away is asked again until it is back.</summary>
    public IAsyncEnumerable<RecordedEvent> FollowAllAsync(long after = 0, StreamFilter? wanted = null, CancellationToken stop = default) =>
        FollowAsync((from, end) => ReadAllAsync(from, wanted, 500, LongPoll, end), after, stop);

    /// <summary>What a stream comes to: its snapshot, where there is one of this type, and then event by event.</summary>
    /// <typeparam name="T">Read from and written to snapshots as JSON.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="initial">Before the first event.</param>
    /// <param name="apply">The next from the last and an event.</param>
    /// <param name="snapshotType">What snapshots of this shape are called; with another shape choose another name. Null reads none.</param>
    /// <param name="stop">Gives up.</param>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public async Task<(T State, long Version)> LoadAsync<T>(string stream, T initial, Func<T, RecordedEvent, T> apply, string? snapshotType = null, CancellationToken stop = default)
    {
        var (state, version) = snapshotType is not null && await SnapshotAsync<T>(stream, snapshotType, stop) is { } kept ? kept : (initial, 0L);
        while (true)
        {
            var page = await ReadAsync(stream, version, 1000, stop);
            foreach (var one in page.Events)
            {
                (state, version) = (apply(state, one), one.Version);
            }

            if (page.IsEnd)
            {
                return (state, Math.Max(version, page.Last));
            }
        }
    }

    /// <summary>Keeps what a stream comes to at a version, up to 1 MiB of JSON. False where a newer snapshot is kept already.</summary>
    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    public async Task<bool> SaveSnapshotAsync<T>(string stream, T state, long version, string snapshotType, CancellationToken stop = default)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(state, JsonSerializerOptions.Web);
        using var answer = await channel.AskAsync(
            () => new(HttpMethod.Post, $"{At(stream)}/snapshot?version={version}&type={Uri.EscapeDataString(snapshotType)}") { Content = new ByteArrayContent(body) }, TimeSpan.Zero, stop);
        return answer.StatusCode != HttpStatusCode.Conflict && await GoodAsync(answer, stop) is not null;
    }

    /// <summary>
    /// Handles the events of all streams one after another until stopped, from where it was left; the place is kept by Mainstay, under the reader's name, after each page. What a handler
    /// throws ends it, with the place at the page before: called again, it begins there, so a handler has to be able to see an event twice. A server that is away is waited for. For exactly once keep the place beside what is written: <see cref="ProjectionRunner"/>.
    /// </summary>
    /// <param name="reader">Its name; one process at a time reads under it.</param>
    /// <param name="handle">Handles one event.</param>
    /// <param name="wanted">Which; null for all.</param>
    /// <param name="fromStart">Whether a new reader begins with the first event that is kept, or with what comes from then on.</param>
    /// <param name="stop">Ends it.</param>
    public async Task ProcessAsync(string reader, Func<RecordedEvent, CancellationToken, Task> handle, StreamFilter? wanted = null, bool fromStart = true, CancellationToken stop = default)
    {
        Place? place = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                place ??= await PlaceAsync(reader, new JsonObject { ["fromStart"] = fromStart }, stop);
                if (place is null)
                {
                    continue;
                }

                var page = await ReadAllAsync(place.Position, wanted, 100, LongPoll, stop);
                foreach (var one in page.Events)
                {
                    await handle(one, stop);
                }

                place = page.Next == place.Position ? place : await PlaceAsync(reader, new JsonObject { ["position"] = page.Next, ["rewinds"] = place.Rewinds }, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (HttpRequestException)
            {
                place = null;
                await Task.Delay(TimeSpan.FromSeconds(1), Time, CancellationToken.None);
            }
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => channel.Dispose();

    // Null where the reader was sent elsewhere meanwhile.
    async Task<Place?> PlaceAsync(string reader, JsonObject ask, CancellationToken stop)
    {
        using var answer = await channel.AskAsync(() => new(HttpMethod.Post, $"/api/v1/stream-readers/{Uri.EscapeDataString(reader)}") { Content = ClientJson.Body(ask) }, TimeSpan.Zero, stop);
        return answer.StatusCode == HttpStatusCode.Conflict ? null : await (await GoodAsync(answer, stop)).Content.ReadFromJsonAsync(ClientJson.Default.Place, stop);
    }

    [System.Diagnostics.CodeAnalysis.RequiresUnreferencedCode(ClientJson.OwnTypes)]
    [System.Diagnostics.CodeAnalysis.RequiresDynamicCode(ClientJson.OwnTypes)]
    async Task<(T State, long Version)?> SnapshotAsync<T>(string stream, string type, CancellationToken stop)
    {
        using var answer = await channel.AskAsync(() => new(HttpMethod.Get, $"{At(stream)}/snapshot"), TimeSpan.Zero, stop);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await GoodAsync(answer, stop);
        string Told(string header) => answer.Headers.TryGetValues(header, out var values) ? values.First() : "";
        return Uri.UnescapeDataString(Told("Mainstay-Snapshot-Type")) == type && long.TryParse(Told("Mainstay-Stream-Version"), out var version)
            ? (await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, stop) is { } state ? (state, version) : null)
            : null;
    }

    static async IAsyncEnumerable<RecordedEvent> FollowAsync(Func<long, CancellationToken, Task<StreamPage>> read, long after, [EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            StreamPage? page = null;
            try
            {
                page = await read(after, stop);
            }
            catch (HttpRequestException away) when (away.StatusCode is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
            {
                // It has been asked for as long as the patience lasts; who follows waits on.
            }

            foreach (var one in page?.Events ?? [])
            {
                yield return one;
            }

            after = page?.Next ?? after;
        }
    }

    async Task<StreamPage> PageAsync(string path, TimeSpan wait, CancellationToken stop)
    {
        using var answer = await channel.AskAsync(() => new(HttpMethod.Get, path), wait, stop);
        using var body = await JsonDocument.ParseAsync(await (await GoodAsync(answer, stop)).Content.ReadAsStreamAsync(stop), cancellationToken: stop);
        var page = body.RootElement;
        return new([.. page.GetProperty("events").EnumerateArray().Select(RecordedEvent.Read)], page.GetProperty("next").GetInt64(), page.GetProperty("end").GetBoolean(), page.GetProperty("last").GetInt64());
    }

    static async Task<HttpResponseMessage> GoodAsync(HttpResponseMessage answer, CancellationToken stop) =>
        answer.IsSuccessStatusCode ? answer : throw await ApiChannel.FailureAsync(answer, stop);

    static string At(string stream) => $"/api/v1/streams/{Uri.EscapeDataString(stream)}";

    internal sealed record Place(string Name, long Position, long Rewinds);
}

/// <summary>Which events of all streams are wanted.</summary>
public sealed record StreamFilter
{
    /// <summary>Of these streams; a <c>*</c> at the end stands for anything. Default: every one. At most 50.</summary>
    public IReadOnlyList<string> Streams { get; init; } = [];

    /// <summary>Of these types; a <c>*</c> at the end stands for anything. Default: every one. At most 50.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    internal string Query => Of("streams", Streams) + Of("types", Types);

    static string Of(string name, IReadOnlyList<string> words) => words.Count == 0 ? "" : $"&{name}={Uri.EscapeDataString(string.Join(',', words))}";
}
