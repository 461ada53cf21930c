using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Client;

/// <summary>One server-sent event.</summary>
/// <param name="Type">Its <c>event:</c>.</param>
/// <param name="Data">Its <c>data:</c>.</param>
public sealed record ServerEvent(string Type, JsonNode Data);

/// <summary>
/// A stream of server-sent events that outlives its connection: a lost one is made again after a growing wait, from the last id seen. A server that
/// does not answer at first is an error; one that goes away later is waited for.
/// </summary>
/// <param name="client">Whose server is asked.</param>
/// <param name="path">Relative to <c>/api/v1/</c>.</param>
/// <param name="lost">Called once for each connection that is lost.</param>
/// <param name="again">The path of later connections, where a repeated request would repeat events; null is the same path.</param>
public sealed class ServerEvents(ApiClient client, string path, Action lost, string? again = null)
{
    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    string? lastId;

    /// <summary>The events, pings aside.</summary>
    public async IAsyncEnumerable<ServerEvent> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var response = await client.OpenAsync(path, null, stop);
        while (true)
        {
            using (response)
            {
                await using var events = ParseAsync(response, stop).GetAsyncEnumerator(stop);
                while (await NextAsync(events) is { } next)
                {
                    yield return next;
                }
            }

            stop.ThrowIfCancellationRequested();
            lost();
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
            // A compacted id cannot be resumed from: the next connection begins anew.
            lastId = item.EventType == "compacted" ? null : parser.LastEventId is { Length: > 0 } id ? id : lastId;
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
                return await client.OpenAsync(again ?? path, lastId, stop);
            }
            catch (CliError error) when (error.NoServer || error.Status is >= 500)
            {
                // The server is being restarted, which is why the connection was lost: the next attempt follows.
            }
        }
    }
}
