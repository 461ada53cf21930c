using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api;

/// <summary>
/// Watches over a kind as server-sent events. A watch holds a place in the store's history and no queue, so a slow client costs no
/// memory: when the history that it has not read is gone, or longer than <see cref="ApiLimits.WatchLag"/>, it is told <c>compacted</c> and ended.
/// </summary>
public sealed class ResourceWatch(IStore store, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    /// <summary>Serves one watch to its end.</summary>
    /// <param name="call">The request.</param>
    /// <param name="kind">What is watched.</param>
    /// <param name="from">The first revision wanted; 0 to list first.</param>
    /// <param name="filter">Which entries are meant; null is all. Deletions are always told.</param>
    public Task<Answer?> ServeAsync(Call call, Kind kind, long from, Func<Entry, bool>? filter)
    {
        var resumed = call.Request.Headers["Last-Event-ID"].ToString();
        if (resumed.Length > 0)
        {
            if (!long.TryParse(resumed, NumberStyles.None, CultureInfo.InvariantCulture, out var last) || last == long.MaxValue)
            {
                return Task.FromResult<Answer?>(ProblemAnswer.BadRequest("the header Last-Event-ID is not a revision", "leave it out to begin with a list"));
            }

            from = last + 1;
        }

        return gate.ServeAsync(call, EventStream.Events, stream => RunAsync(stream, kind, from, filter, call.Stop));
    }

    async Task RunAsync(EventStream stream, Kind kind, long from, Func<Entry, bool>? filter, CancellationToken stop)
    {
        if (from == 0)
        {
            var range = await store.RangeAsync(kind.Prefix, stop: stop);
            IReadOnlyList<Entry> entries = filter is null ? range.Entries : [.. range.Entries.Where(filter)];
            stream.Event("list"u8, ItemJson.List(kind, entries, range.Revision), range.Revision);
            from = range.Revision + 1;
        }
        else if (from > store.Revision + 1)
        {
            // The client knows a revision that this store never had: its data folder was replaced. Only a list helps.
            await EndAsync(stream, store.Revision);
            return;
        }

        await stream.FlushAsync();
        await foreach (var batch in Heartbeat.With(s => store.WatchAsync(kind.Prefix, from, s), limits.Ping, time, stop))
        {
            if (batch is null)
            {
                stream.Event("ping"u8, "{}"u8);
            }
            else if (batch.Compacted || store.Revision - batch.Revision > limits.WatchLag)
            {
                await EndAsync(stream, batch.Revision);
                return;
            }
            else
            {
                Tell(stream, kind, batch, filter);
            }

            await stream.FlushAsync();
        }
    }

    async Task EndAsync(EventStream stream, long revision)
    {
        gate.Counters.Lagged();
        stream.Event("compacted"u8, Codec.Encode(new { revision }));
        await stream.FlushAsync();
    }

    // Only the last event of a commit carries its revision as id: who resumes after a break in the middle gets the commit again, whole.
    static void Tell(EventStream stream, Kind kind, WatchBatch batch, Func<Entry, bool>? filter)
    {
        var told = batch.Changes.Where(c => c.Current is null || filter is null || filter(c.Current)).ToList();
        for (var i = 0; i < told.Count; i++)
        {
            long? id = i == told.Count - 1 ? batch.Revision : null;
            if (told[i].Current is { } entry)
            {
                stream.Event("put"u8, ItemJson.Of(kind, entry), id);
            }
            else
            {
                var name = told[i].Key[kind.Prefix.Length..];
                stream.Event("delete"u8, Codec.Encode(new { kind = kind.Name, name, revision = batch.Revision }), id);
            }
        }
    }
}
