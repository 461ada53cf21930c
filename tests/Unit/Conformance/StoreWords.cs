using System.Text;
using Mainstay.Core.Store;

namespace Mainstay.Tests.Conformance;

/// <summary>Short words for store tests.</summary>
public static class StoreWords
{
    /// <summary>Nothing here takes long; this only turns a hang into a failure.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Operation Put(string key, string value, long lease = 0) => new(key, Encoding.UTF8.GetBytes(value), lease);

    public static Operation Delete(string key) => new(key, null);

    public static ValueTask<CommitResult> DoAsync(this IStore store, params Operation[] operations) => store.CommitAsync(new Commit([], operations));

    public static ValueTask<CommitResult> IfAsync(this IStore store, string key, long revision, params Operation[] operations) =>
        store.CommitAsync(new Commit([new Compare(key, revision)], operations));

    public static string Text(this Entry entry) => Encoding.UTF8.GetString(entry.Value.Span);

    public static async Task<string?> TextAsync(this IStore store, string key) => (await store.GetAsync(key))?.Text();

    /// <summary>A range as one line: <c>a=1@3/3 b=2@4/7~lease</c> (value, created and modified revision).</summary>
    public static async Task<string> ShowAsync(this IStore store, string prefix = "") => Show((await store.RangeAsync(prefix)).Entries);

    public static string Show(this IEnumerable<Entry> entries) => string.Join(' ', entries.Select(Show));

    public static string Show(this Entry entry) =>
        $"{entry.Key}={entry.Text()}@{entry.CreateRevision}/{entry.ModRevision}" + (entry.Lease == 0 ? "" : $"~{entry.Lease}");

    /// <summary>A batch as one line: <c>5: a=1@5/5 b- (was b=2@4/4)</c>.</summary>
    public static string Show(this WatchBatch batch) =>
        $"{batch.Revision}:" + (batch.Compacted ? " compacted" : string.Concat(batch.Changes.Select(Show)));

    static string Show(Change change) =>
        $" {change.Current?.Show() ?? change.Key + "-"}" + (change.Previous is { } was ? $" (was {was.Show()})" : "");
}

/// <summary>A watch read one batch at a time.</summary>
public sealed class WatchReader(IStore store, string prefix, long from) : IAsyncDisposable
{
    readonly CancellationTokenSource stop = new();
    IAsyncEnumerator<WatchBatch>? batches;

    /// <summary>The next batch; null when the watch ended.</summary>
    public async Task<WatchBatch?> NextAsync()
    {
        batches ??= store.WatchAsync(prefix, from, stop.Token).GetAsyncEnumerator(stop.Token);
        return await batches.MoveNextAsync().AsTask().WaitAsync(StoreWords.Patience) ? batches.Current : null;
    }

    /// <summary>The next batch as a line.</summary>
    public async Task<string> LineAsync() => (await NextAsync())?.Show() ?? "end";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (batches is not null)
            await batches.DisposeAsync();
        stop.Dispose();
    }
}
