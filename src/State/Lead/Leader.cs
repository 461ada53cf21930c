using System.Text.Json;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Etcd;

namespace Mainstay.State.Lead;

/// <summary>Who leads.</summary>
/// <param name="Epoch">Grows by one whenever another begins to.</param>
/// <param name="Holder">What a server keeps across its restarts: it need not wait for its own end.</param>
/// <param name="Name">For people.</param>
/// <param name="Url">Where it answers.</param>
/// <param name="Session">Of its open store; where that is over, others may lead.</param>
sealed record LeaderRecord(long Epoch, string Holder, string Name, string Url, long Session);

[System.Text.Json.Serialization.JsonSerializable(typeof(LeaderRecord))]
[System.Text.Json.Serialization.JsonSerializable(typeof(long))]
sealed partial class LeaderJson : System.Text.Json.Serialization.JsonSerializerContext;

/// <summary>
/// The one server of several on a store that acts. It leads while its session lasts; another that stands by takes over when that is over, with the
/// next epoch, and from then on whatever the old one still writes is refused by the store.
/// </summary>
public sealed class Leader : IDisposable
{
    /// <summary>Written only by whoever begins to lead: its revision is the fence.</summary>
    public const string EpochKey = "cluster/epoch";

    /// <summary>Who leads, and by which session.</summary>
    public const string Key = "cluster/leader";

    static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(250);

    readonly EtcdStore store;
    readonly LeaderRecord record;
    readonly long fence;
    readonly CancellationTokenSource over = new();
    readonly CancellationTokenSource disposed = new();

    Leader(EtcdStore store, LeaderRecord record, long fence)
    {
        (this.store, this.record, this.fence) = (store, record, fence);
        Store = new FencedStore(store, EpochKey, fence, End);
        store.SessionLost = () => _ = ReturnAsync();
        _ = FollowAsync(disposed.Token);
    }

    /// <summary>The store as the leader may write to it.</summary>
    public IStore Store { get; }

    public long Epoch => record.Epoch;

    /// <summary>Cancelled when another leads.</summary>
    public CancellationToken Over => over.Token;

    /// <summary>Waits until nobody else leads, and leads.</summary>
    /// <param name="store">Open; its session is what the leadership lasts on.</param>
    /// <param name="holder">See <see cref="LeaderRecord.Holder"/>.</param>
    /// <param name="name">Of the server, for people.</param>
    /// <param name="url">Where it answers, for those that stand by.</param>
    /// <param name="waiting">Told whom it waits for, and where that one answers, whenever it is another.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="answers">Asks whether the server at an address is there; null where its session alone tells.</param>
    public static async Task<Leader> TakeAsync(
        EtcdStore store, string holder, string name, string url, Func<string, string, Task> waiting, CancellationToken stop, Func<string, CancellationToken, Task<bool>>? answers = null)
    {
        LeaderRecord? last = null;
        await using var pulse = new LeaderPulse(answers ?? (static (_, _) => Task.FromResult(false)), () => store.Term);
        while (true)
        {
            try
            {
                var (leader, other) = await TryAsync(store, new LeaderRecord(0, holder, name, url, 0), pulse, stop);
                if (leader is not null)
                    return leader;
                if (other is not null && answers is not null)
                    pulse.Follow(other);
                if (other is not null && other.Holder != last?.Holder)
                    await waiting(other.Name, other.Url);
                last = other ?? last;
            }
            catch (StoreUnavailableException) when (last is not null)
            {
                // Who stands by waits for etcd, too.
            }

            await Task.Delay(Glance, TimeProvider.System, stop);
        }
    }

    /// <summary>Ends it: what it wrote beside the store was refused, as another leads.</summary>
    public void End()
    {
        try
        {
            over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The server is ending anyway.
        }
    }

    public void Dispose()
    {
        disposed.Cancel();
        disposed.Dispose();
        over.Dispose();
    }

    static async Task<(Leader? Leader, LeaderRecord? Other)> TryAsync(EtcdStore store, LeaderRecord me, LeaderPulse pulse, CancellationToken stop)
    {
        var session = await store.SessionAsync(stop);
        var (epoch, current) = (await store.GetAsync(EpochKey, stop), await store.GetAsync(Key, stop));
        var before = current is null ? null : JsonSerializer.Deserialize(current.Value.Span, LeaderJson.Default.LeaderRecord);
        if (before is not null && before.Holder != me.Holder && !LeadDecide.IsGone(await store.IsOpenAsync(before.Session, stop), pulse.SignOf(before), store.Term, store.SessionTtl))
            return (null, before);
        var record = me with { Epoch = (before?.Epoch ?? 0) + 1, Session = session };
        var taken = await store.CommitAsync(
            new Commit(
                [new Compare(EpochKey, epoch?.ModRevision ?? 0), new Compare(Key, current?.ModRevision ?? 0)],
                [new Operation(EpochKey, JsonSerializer.SerializeToUtf8Bytes(record.Epoch, LeaderJson.Default.Int64)), Say(record)]),
            stop);
        return taken.Succeeded ? (new Leader(store, record, taken.Revision), null) : (null, null);
    }

    // Whoever took over while this one's session lasted: it is not to act until it writes something.
    async Task FollowAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var batch in store.WatchAsync(EpochKey, fence + 1, stop))
            {
                if (batch.Changes.Any(c => c.Key == EpochKey))
                {
                    End();
                    return;
                }
            }
        }
        catch (Exception passing) when (passing is StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            // The next write tells.
        }
    }

    // The session was lost, as after a time without etcd: where nobody took over meanwhile, it leads on by a new one.
    async Task ReturnAsync()
    {
        try
        {
            var next = record with { Session = await store.SessionAsync(over.Token) };
            await Store.CommitAsync(new Commit([], [Say(next)]), over.Token);
        }
        catch (Exception passing) when (passing is StoreUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever takes over meanwhile fences what this one writes.
        }
    }

    static Operation Say(LeaderRecord record) => new(Key, JsonSerializer.SerializeToUtf8Bytes(record, LeaderJson.Default.LeaderRecord));
}
