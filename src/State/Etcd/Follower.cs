using Mainstay.Core.Store;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>
/// Brings what other stores write, as it happens. Whenever the watch begins, at whichever member, everything up to then is read: so it needs none
/// of etcd's history, and its compaction cannot make a gap.
/// </summary>
sealed class Follower(EtcdClient client, EtcdLog log, Replica replica)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Told when the session of a store ended, and whenever that may have been missed.</summary>
    public Action SessionEnded { get; set; } = static () => { };

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception passing) when (passing is EtcdFault or StoreUnavailableException)
            {
                client.MoveOn();
                await Task.Delay(Pause, TimeProvider.System, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    async Task FollowAsync(CancellationToken stop)
    {
        var begun = 0;
        await foreach (var told in client.WatchAsync([log.Layout.Log, log.Layout.Sessions], stop))
        {
            if (told.Canceled)
                throw new EtcdFault(EtcdCode.Unavailable, $"the watch ended: {told.CancelReason}");
            if (told.Created && ++begun == 2)
            {
                await replica.CatchUpAsync(stop);
                SessionEnded();
            }

            foreach (var happened in told.Events)
                await TakeAsync(happened, stop);
        }
    }

    async Task TakeAsync(WatchEvent happened, CancellationToken stop)
    {
        var key = happened.Kv.Key.ToStringUtf8();
        var isDeletion = happened.Type == WatchEvent.Types.Type.Delete;
        if (isDeletion && key.StartsWith(log.Layout.Sessions, StringComparison.Ordinal))
            SessionEnded();
        else if (!isDeletion && key.StartsWith(log.Layout.Log, StringComparison.Ordinal) && EtcdLayout.Sequence(key) > replica.Place.Sequence)
        {
            if (await log.ReadAsync(happened.Kv, stop) is not { } record || !replica.Apply(record, null))
                await replica.CatchUpAsync(stop);
        }
    }
}
