using Mainstay.Core.Store;

namespace Mainstay.State.Lead;

/// <summary>
/// A store whose every commit holds only while a key is as it was: what a leader writes after another took over is refused by the store itself,
/// however late it comes. Everything else passes through.
/// </summary>
/// <param name="inner">Disposed by its owner.</param>
/// <param name="key">What says who leads.</param>
/// <param name="revision">Its revision while this one does.</param>
/// <param name="refused">Told when a commit was refused for that.</param>
public sealed class FencedStore(IStore inner, string key, long revision, Action refused) : IStore
{
    /// <inheritdoc/>
    public long Revision => inner.Revision;

    /// <inheritdoc/>
    public ValueTask<Entry?> GetAsync(string key, CancellationToken stop = default) => inner.GetAsync(key, stop);

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(string prefix, string? after = null, int limit = 0, CancellationToken stop = default) =>
        inner.RangeAsync(prefix, after, limit, stop);

    /// <inheritdoc/>
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        // First, so that it is what a refused commit names.
        var result = await inner.CommitAsync(commit with { Compares = [new Compare(key, revision), .. commit.Compares] }, stop);
        if (!result.Succeeded && result.Failed is { } why && why.StartsWith($"key '{key}'", StringComparison.Ordinal))
            refused();
        return result;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long fromRevision, CancellationToken stop = default) => inner.WatchAsync(prefix, fromRevision, stop);

    /// <inheritdoc/>
    public ValueTask<long> GrantLeaseAsync(TimeSpan ttl, CancellationToken stop = default) => inner.GrantLeaseAsync(ttl, stop);

    /// <inheritdoc/>
    public ValueTask<bool> KeepAliveAsync(long lease, CancellationToken stop = default) => inner.KeepAliveAsync(lease, stop);

    /// <inheritdoc/>
    public ValueTask RevokeLeaseAsync(long lease, CancellationToken stop = default) => inner.RevokeLeaseAsync(lease, stop);

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken stop = default) => inner.CompactAsync(revision, stop);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
