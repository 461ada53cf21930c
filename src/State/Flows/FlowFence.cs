using System.Buffers.Binary;
using System.Security.Cryptography;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Flows;

/// <summary>
/// Writes to etcd as long as no later leader does: each transaction is made on condition that the head is as this one wrote it last, and writes it anew. So a transaction that was sent twice, or that arrives late, is carried out
/// once at most, and none after another has claimed the head.
/// </summary>
/// <param name="client">Not disposed.</param>
/// <param name="key">Of the head.</param>
/// <param name="epoch">Of this leader: who has a later one is not disturbed.</param>
/// <param name="time">Its monotonic clock, which goes on while the process is paused.</param>
sealed class FlowFence(EtcdClient client, string key, long epoch, TimeProvider time)
{
    // Long enough for what follows a commit at once, and shorter than another can lead after this one was paused.
    static readonly TimeSpan SureFor = TimeSpan.FromSeconds(1);

    readonly long writer = BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
    FlowHead head = new();
    long modRevision;
    long sure = long.MinValue;

    /// <summary>Whether it was seen a moment ago that nobody else writes. Any thread may ask.</summary>
    public bool IsSure => Interlocked.Read(ref sure) is not long.MinValue and var at && time.GetElapsedTime(at) < SureFor;

    /// <summary>etcd's own revision that this one wrote last.</summary>
    public long Revision => modRevision;

    /// <summary>Takes the head: from now on nothing takes effect that others, or this one before, have sent.</summary>
    /// <exception cref="SourceFault">Another leads.</exception>
    public async Task ClaimAsync(CancellationToken stop)
    {
        while (true)
        {
            var (found, at) = await ReadAsync(stop);
            if (found is not null && found.Format != FlowLayout.Format)
                throw new SourceFault(JournalStatus.Unavailable, $"under '{key}' lies '{found.Format}', this Mainstay reads '{FlowLayout.Format}'; start the Mainstay that wrote it");
            if (found?.Epoch > epoch)
                throw IsOver(found);
            if (await PutAsync(new() { Format = FlowLayout.Format, Epoch = epoch, Writer = writer, Number = (found?.Number ?? 0) + 1 }, at, [], stop))
                return;
        }
    }

    /// <summary>All of <paramref name="acts"/>, durably.</summary>
    /// <exception cref="SourceFault">Another leads; nothing was written.</exception>
    public async Task WriteAsync(IEnumerable<RequestOp> acts, CancellationToken stop)
    {
        if (!await PutAsync(new() { Format = FlowLayout.Format, Epoch = epoch, Writer = writer, Number = head.Number + 1 }, modRevision, acts, stop))
            throw IsOver((await ReadAsync(stop)).Head);
    }

    /// <summary>Makes sure that nobody else has written.</summary>
    /// <exception cref="SourceFault">Another leads.</exception>
    public async Task ConfirmAsync(CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var (found, at) = await ReadAsync(stop);
        if (at != modRevision)
            throw IsOver(found);
        Interlocked.Exchange(ref sure, began);
    }

    // "No" may also mean that the first sending was carried out, and its answer lost: then the head says so.
    async Task<bool> PutAsync(FlowHead next, long at, IEnumerable<RequestOp> acts, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var (written, revision) = await client.TransactAsync([EtcdClient.Unchanged(key, at)], [EtcdClient.Put(key, next), .. acts], stop);
        if (!written)
        {
            (var found, revision) = await ReadAsync(stop);
            if (!next.Equals(found))
                return false;
        }

        (head, modRevision) = (next, revision);
        Interlocked.Exchange(ref sure, began);
        return true;
    }

    async Task<(FlowHead? Head, long ModRevision)> ReadAsync(CancellationToken stop) =>
        await client.GetAsync(key, stop) is { } found ? (FlowHead.Parser.ParseFrom(found.Value), found.ModRevision) : (null, 0);

    SourceFault IsOver(FlowHead? found) => new(
        JournalStatus.Closed, found is null ? $"the runs of flows are gone: somebody deleted '{key}'; restore a backup" : $"another server leads since epoch {found.Epoch} and goes on with the runs; this one had {epoch}");
}
