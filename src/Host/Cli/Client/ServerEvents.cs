using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Client;

/// <summary>One server-sent event.</summary>
/// <param name="Type">Its <c>event:</c>, or <see cref="Lost"/>.</param>
/// <param name="Data">Its <c>data:</c>.</param>
public sealed record ServerEvent(string Type, JsonNode Data)
{
    /// <summary>The connection was lost and is being made again. The server never sends this.</summary>
    public const string Lost = "lost";
}

/// <summary>
/// A stream of server-sent events that outlives its connection: a lost one is made again after a growing wait, from the last id seen. A server that
/// does not answer at first is an error; one that goes away later is waited for.
/// </summary>
/// <param name="client">Whose server is asked.</param>
/// <param name="path">Relative to <c>/api/v1/</c>.</param>
public sealed class ServerEvents(ApiClient client, string path)
{
    /// <summary>What to tell people of <see cref="ServerEvent.Lost"/>.</summary>
    public const string LostNote = "the connection to the server is lost; trying again";

    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    string? lastId;
    string next = path;

    /// <summary>The path of connections after a lost one, where the first would repeat events that have no id. Default: the same.</summary>
    public string? AfterLoss { get; init; }

    /// <summary>The path of the connection after the history that was to be resumed is gone. Default: the same.</summary>
    public string? AfterCompaction { get; init; }

    /// <summary>The events, pings aside.</summary>
    public async IAsyncEnumerable<ServerEvent> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var response = await client.OpenAsync(next, null, stop);
        while (true)
        {
            using (response)
            {
                next = AfterLoss ?? next;
                await using var events = ParseAsync(response, stop).GetAsyncEnumerator(stop);
                while (await NextAsync(events) is { } read)
                {
                    yield return read;
                }
            }

            stop.ThrowIfCancellationRequested();
            yield return new(ServerEvent.Lost, new JsonObject());
            response = await ReopenAsync(stop);
        }
    }

    static async Task<ServerEvent?> NextAsync(IAsyncEnumerator<ServerEvent> events)
    {
        try
        {
            return await events.MoveNextAsync() ? events.Current : null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return null;
        }
    }

    async IAsyncEnumerable<ServerEvent> ParseAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken stop)
    {
        var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(stop));
        await foreach (var item in parser.EnumerateAsync(stop))
        {
            lastId = parser.LastEventId is { Length: > 0 } id ? id : lastId;
            if (item.EventType == "compacted")
            {
                // What is gone cannot be resumed from: the next connection begins anew.
                lastId = null;
                next = AfterCompaction ?? next;
            }

            if (item.EventType != "ping")
            {
                yield return new(item.EventType, ApiClient.Parse(item.Data));
            }
        }
    }

    async Task<HttpResponseMessage> ReopenAsync(CancellationToken stop)
    {
        for (var wait = FirstWait; ; wait = wait * 2 < LongestWait ? wait * 2 : LongestWait)
        {
            await Task.Delay(wait, client.Time, stop);
            try
            {
                return await client.OpenAsync(next, lastId, stop);
            }
            catch (CliError error) when (error.NoServer || error.Status is >= 500)
            {
                // The server is being restarted, which is why the connection was lost: the next attempt follows.
            }
        }
    }
}
