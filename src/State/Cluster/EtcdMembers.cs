using System.Collections.Concurrent;
using Mainstay.Core.Store;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Cluster;

/// <summary>The members of a cluster of etcd: who they are, how each is, and how one comes and goes. Each call is made at one member after the other until one carries it out.</summary>
/// <param name="options">How they are talked to; its endpoints are not.</param>
public sealed class EtcdMembers(EtcdStoreOptions options) : IDisposable
{
    /// <summary>How long one member is asked.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    /// <summary>A change of the members is given longer than etcd itself takes at most, as one that was carried out without an answer has to be undone.</summary>
    static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    readonly ConcurrentDictionary<Uri, EtcdClient> clients = new();

    /// <summary>All members, as of every change before the call; null where none of those asked answers that has a leader.</summary>
    public async Task<IReadOnlyList<ClusterMember>?> ListAsync(IReadOnlyList<Uri> at, CancellationToken stop)
    {
        if (at.Count == 0)
            return null;
        if (await ListAsync(at[0], stop) is { } first)
            return first;
        // The others at once: what is away costs its patience once, not each.
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var asked = at.Skip(1).Select(endpoint => ListAsync(endpoint, enough.Token)).ToList();
        IReadOnlyList<ClusterMember>? known = null;
        while (asked.Count > 0 && known is null)
        {
            var next = await Task.WhenAny(asked);
            asked.Remove(next);
            known = await next;
        }

        await enough.CancelAsync();
        await Task.WhenAll(asked).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return known;
    }

    async Task<IReadOnlyList<ClusterMember>?> ListAsync(Uri endpoint, CancellationToken stop)
    {
        try
        {
            return [.. (await Client(endpoint).MembersAsync(stop)).Select(Of)];
        }
        catch (EtcdFault)
        {
            return null;
        }
    }

    /// <summary>How the member at an address is; null where it does not answer.</summary>
    public async Task<MemberHealth?> HealthAsync(Uri at, CancellationToken stop)
    {
        try
        {
            var status = await Client(at).StatusAsync(Short, stop);
            return new(status.Leader, status.DbSize, status.RaftAppliedIndex, status.Header.Revision, [.. status.Errors]);
        }
        catch (EtcdFault fault)
        {
            return fault.Message.Contains("no leader", StringComparison.Ordinal) ? MemberHealth.Leaderless : null;
        }
    }

    /// <summary>Takes a learner in; gives its id and all members then.</summary>
    /// <exception cref="StoreUnavailableException">No member did it; why.</exception>
    public Task<(ulong Id, IReadOnlyList<ClusterMember> All)> AddAsync(IReadOnlyList<Uri> at, Uri peer, CancellationToken stop) => AnyAsync(
        at,
        async client =>
        {
            var added = await client.AddLearnerAsync(peer, Long, stop);
            return (added.Member.Id, (IReadOnlyList<ClusterMember>)[.. added.Members.Select(Of)]);
        });

    /// <summary>Forgets a member.</summary>
    /// <exception cref="StoreUnavailableException">No member did it; why.</exception>
    public Task RemoveAsync(IReadOnlyList<Uri> at, ulong id, CancellationToken stop) => AnyAsync(
        at,
        async client =>
        {
            try
            {
                await client.RemoveMemberAsync(id, Long, stop);
            }
            catch (EtcdFault gone) when (gone.Code == EtcdCode.NotFound)
            {
                // Another asking was carried out.
            }

            return true;
        });

    /// <summary>Gives a learner its vote.</summary>
    /// <exception cref="StoreUnavailableException">No member did it; why: for example that the learner is not in sync yet.</exception>
    public Task PromoteAsync(IReadOnlyList<Uri> at, ulong id, CancellationToken stop) => AnyAsync(
        at,
        async client =>
        {
            await client.PromoteAsync(id, Long, stop);
            return true;
        });

    /// <summary>Writes down that something was used, once: false where another did before. It is forgotten after a time.</summary>
    /// <exception cref="StoreUnavailableException">No member did it; why.</exception>
    public Task<bool> UseOnceAsync(IReadOnlyList<Uri> at, string key, string by, TimeSpan keep, CancellationToken stop) => AnyAsync(
        at,
        async client =>
        {
            var value = Google.Protobuf.ByteString.CopyFromUtf8(by);
            var lease = await client.GrantAsync(keep, stop);
            var (first, _) = await client.TransactAsync([EtcdClient.Unchanged(key, 0)], [EtcdClient.Put(key, value, lease)], stop);
            return first || (await client.GetAsync(key, stop))?.Value == value;
        });

    public void Dispose()
    {
        foreach (var client in clients.Values)
            client.Dispose();
    }

    async Task<T> AnyAsync<T>(IReadOnlyList<Uri> at, Func<EtcdClient, Task<T>> act)
    {
        EtcdFault? last = null;
        foreach (var endpoint in at)
        {
            try
            {
                return await act(Client(endpoint));
            }
            catch (EtcdFault fault)
            {
                last = fault;
            }
        }

        throw new StoreUnavailableException(last is null ? "no member of the cluster is known" : last.Message, last);
    }

    EtcdClient Client(Uri at) => clients.GetOrAdd(at, endpoint => new EtcdClient(options with { Endpoints = [endpoint], Members = null, Outage = null, Patience = Patience }));

    static ClusterMember Of(Member member) => new(
        member.Id, member.Name, new Uri(member.PeerUrls.FirstOrDefault() ?? "https://unknown"), member.ClientUrls.FirstOrDefault() is { } client ? new Uri(client) : null, member.IsLearner);
}
