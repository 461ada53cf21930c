using System.Runtime.CompilerServices;
using Mainstay.Core.Kinds;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Registry;

/// <summary>The registry over HTTP: read, waited for, watched.</summary>
sealed class RegistryEndpoints(Mirror mirror, Core.Store.IStore store, RegistryBook book, StreamGate gate, TimeProvider time, ApiLimits limits)
{
    const int MostWait = 60;

    static IReadOnlyList<(string, string)> Query { get; } =
    [
        ("watch", "true: server-sent events `list` with everything, then `put` and `delete` of single services; `ping` each 15 s."),
        ("wait", $"With the header If-None-Match: seconds to wait for another content before 304. Default 0; 0 to {MostWait}."),
    ];

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/registry", "What services there are, in which versions, with how many instances in which state, and where. Its ETag is that of the content.", call => ServeAsync(call, null)) { Query = Query, Answer = typeof(RegistryView) },
        new("GET", "/api/v1/registry/{service}", "One service of the registry.", call => ServeAsync(call, call.Path("service"))) { Query = Query, Answer = typeof(RegisteredService) },
    ];

    async Task<Answer?> ServeAsync(Call call, string? service)
    {
        var watch = call.Flag("watch");
        var wait = call.Number("wait", 0, 0, MostWait);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        // Whoever was told that a write succeeded sees it.
        await mirror.ReachAsync(store.Revision, call.Stop);
        if (watch)
        {
            return await gate.ServeAsync(call, EventStream.Events, stream => WatchAsync(stream, service, call.Stop));
        }

        var known = call.Request.GetTypedHeaders().IfNoneMatch.Select(t => t.Tag.ToString()).ToHashSet(StringComparer.Ordinal);
        var page = book.Now();
        var leaf = Of(page, service);
        if (wait > 0 && leaf is not null && known.Contains(leaf.Tag))
        {
            using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(wait), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, call.Stop);
            try
            {
                while (leaf is not null && known.Contains(leaf.Tag))
                {
                    await book.ChangedAsync(page, either.Token);
                    page = book.Now();
                    leaf = Of(page, service);
                }
            }
            catch (OperationCanceledException) when (!call.Stop.IsCancellationRequested)
            {
                // Nothing else came: that is the answer.
            }
        }

        return leaf is null ? ProblemAnswer.NotFound($"there is no service '{Shown(service!)}'", "see 'mainstay registry list'")
            : known.Contains(leaf.Tag) ? new NotModified(leaf.Tag)
            : new BytesAnswer(leaf.Json, ETag: leaf.Tag);
    }

    internal static string Shown(string name) => name.Length > Names.MaxLength ? name[..Names.MaxLength] + "…" : name;

    static RegistryBook.Leaf? Of(RegistryBook.Page page, string? service) => service is null ? page.Whole : page.Services.GetValueOrDefault(service);

    async Task WatchAsync(EventStream stream, string? service, CancellationToken stop)
    {
        RegistryBook.Page? last = null;
        await foreach (var page in Heartbeat.With(PagesAsync, limits.Ping, time, stop))
        {
            if (page is null)
            {
                stream.Event("ping"u8, "{}"u8);
            }
            else if (last is null && service is null)
            {
                stream.Event("list"u8, page.Whole.Json);
            }
            else
            {
                Tell(stream, service, last, page);
            }

            last = page ?? last;
            await stream.FlushAsync();
        }
    }

    static void Tell(EventStream stream, string? service, RegistryBook.Page? last, RegistryBook.Page page)
    {
        foreach (var (_, leaf) in page.Services.Where(s => (service is null || s.Key == service) && last?.Services.GetValueOrDefault(s.Key)?.Tag != s.Value.Tag))
        {
            stream.Event("put"u8, leaf.Json);
        }

        foreach (var gone in (last?.Services.Keys ?? []).Where(n => (service is null || n == service) && !page.Services.ContainsKey(n)))
        {
            stream.Event("delete"u8, Codec.Encode(new { name = gone }));
        }
    }

    async IAsyncEnumerable<RegistryBook.Page> PagesAsync([EnumeratorCancellation] CancellationToken stop)
    {
        var page = book.Now();
        while (true)
        {
            yield return page;
            await book.ChangedAsync(page, stop);
            page = book.Now();
        }
    }
}
