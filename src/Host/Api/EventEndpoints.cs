using Mainstay.Core.Kinds;
using Mainstay.Core.Store;

namespace Mainstay.Host.Api;

/// <summary>Events: the last ones about something, newest last; or the list and watch of the kind, of one thing if asked.</summary>
public sealed class EventEndpoints(IStore store, KindRegistry kinds, KindEndpoints lists)
{
    const int MostTail = 10_000;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/events", "Events: with tail the last ones, newest last; otherwise the list or watch of the kind.", EventsAsync)
        {
            Query = [("tail", $"How many of the newest; 0 to {MostTail}, default 100 where `about` is given."), ("about", "Only those about this: `service/web`."), .. KindEndpoints.ListQuery],
        },
    ];

    async Task<Answer?> EventsAsync(Call call)
    {
        var about = call.Query("about");
        var tail = (int)call.Number("tail", -1L, 0, MostTail);
        if ((about is null && tail < 0) || call.Query("watch") == "true")
        {
            return await lists.ListOrWatchAsync(call, "events", about is null ? null : e => IsAbout(e, about));
        }

        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        // Names begin with the time, so the order of names is that of events. At most 10,000 are kept.
        var range = await store.RangeAsync("event/", stop: call.Stop);
        var wanted = (about is null ? range.Entries : range.Entries.Where(e => IsAbout(e, about))).TakeLast(tail < 0 ? 100 : tail);
        return new BytesAnswer(ItemJson.List(kinds.Find("event")!, [.. wanted], range.Revision));
    }

    bool IsAbout(Entry entry, string about) => ((Core.Kinds.Schedule.Event)kinds.Find("event")!.Decode(entry)).About == about;
}
