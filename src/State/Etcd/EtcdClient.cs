using System.Text;
using Google.Protobuf;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Etcd;

/// <summary>The calls of etcd's v3 API that Mainstay makes, in keys of text.</summary>
sealed class EtcdClient(EtcdStoreOptions options) : IDisposable
{
    /// <summary>About what one page of a range may weigh, in bytes.</summary>
    const long PageBytes = 8L << 20;

    readonly EtcdChannel channel = new(options);
    ulong term;

    /// <summary>The highest term of etcd's leader that an answer to a read named; 0 before the first.</summary>
    public ulong Term => Volatile.Read(ref term);

    /// <summary>The end of the range of all keys with this prefix.</summary>
    public static ByteString EndOf(string prefix)
    {
        var bytes = Encoding.UTF8.GetBytes(prefix);
        // A prefix of ours ends with a character below 0xFF.
        bytes[^1]++;
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    public static ByteString Key(string key) => UnsafeByteOperations.UnsafeWrap(Encoding.UTF8.GetBytes(key));

    public static RequestOp Put(string key, IMessage value, long lease = 0) => Put(key, value.ToByteString(), lease);

    public static RequestOp Put(string key, ByteString value, long lease = 0) =>
        new() { Put = new PutRequest { Key = Key(key), Value = value, Lease = lease } };

    public static RequestOp Delete(string key) => new() { DeleteRange = new DeleteRangeRequest { Key = Key(key) } };

    /// <summary>All keys with this prefix.</summary>
    public static RequestOp DeleteAll(string prefix) => DeleteRange(prefix, EndOf(prefix));

    public static RequestOp DeleteRange(string from, ByteString end) => new() { DeleteRange = new DeleteRangeRequest { Key = Key(from), RangeEnd = end } };

    /// <summary>The key was last written at this revision of etcd's; 0 is absent.</summary>
    public static Comparison Unchanged(string key, long modRevision) =>
        new() { Result = Comparison.Types.Result.Equal, Target = Comparison.Types.Target.Mod, Key = Key(key), ModRevision = modRevision };

    /// <summary>One key, as of every commit that was acknowledged before.</summary>
    public async Task<KeyValue?> GetAsync(string key, CancellationToken stop) =>
        (await RangeAsync(new RangeRequest { Key = Key(key) }, stop)).Kvs.FirstOrDefault();

    public async Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken stop)
    {
        var answer = await channel.CallAsync("KV/Range", request, RangeResponse.Parser, stop);
        // Answers may come in another order than they were made.
        var (seen, said) = (Volatile.Read(ref term), answer.Header?.RaftTerm ?? 0);
        while (said > seen)
            seen = Interlocked.CompareExchange(ref term, said, seen) is var was && was == seen ? said : was;
        return answer;
    }

    /// <summary>All keys with a prefix, in pages as large as the entries so far allow; as of one revision of etcd's, or each page as it is then (0).</summary>
    public async IAsyncEnumerable<KeyValue> EachAsync(
        string prefix, long at, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop, int pageSize = 64, bool keysOnly = false)
    {
        var from = Key(prefix);
        var (bytes, count) = (0L, 0);
        while (true)
        {
            var page = await RangeAsync(new RangeRequest { Key = from, RangeEnd = EndOf(prefix), Revision = at, Limit = pageSize, KeysOnly = keysOnly }, stop);
            foreach (var found in page.Kvs)
            {
                (bytes, count) = (bytes + found.Value.Length + found.Key.Length, count + 1);
                yield return found;
            }

            if (!page.More)
                yield break;
            pageSize = (int)Math.Clamp(PageBytes / Math.Max(1, bytes / count), 8, 4096);
            // The first key after the last one.
            from = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
        }
    }

    public Task PutAsync(string key, ByteString value, CancellationToken stop) =>
        channel.CallAsync("KV/Put", new PutRequest { Key = Key(key), Value = value }, PutResponse.Parser, stop);

    /// <summary>
    /// All of <paramref name="acts"/>, or none where a comparison does not hold. After a lost answer it is sent again, so that "no" may also mean
    /// that the first sending was carried out: who asks has to look.
    /// </summary>
    public async Task<(bool Succeeded, long Revision)> TransactAsync(IEnumerable<Comparison> compares, IEnumerable<RequestOp> acts, CancellationToken stop)
    {
        var answer = await channel.CallAsync("KV/Txn", new TxnRequest { Compare = { compares }, Success = { acts } }, TxnResponse.Parser, stop);
        return (answer.Succeeded, answer.Header.Revision);
    }

    public Task DeleteAsync(string from, ByteString end, CancellationToken stop) =>
        channel.CallAsync("KV/DeleteRange", new DeleteRangeRequest { Key = Key(from), RangeEnd = end }, DeleteRangeResponse.Parser, stop);

    /// <summary>Has etcd forget its history before this revision of its own; nothing where it has already.</summary>
    public async Task CompactAsync(long revision, CancellationToken stop)
    {
        try
        {
            await channel.CallAsync("KV/Compact", new CompactionRequest { Revision = revision }, CompactionResponse.Parser, stop);
        }
        catch (EtcdFault fault) when (fault.Code == EtcdCode.OutOfRange)
        {
            // Somebody else had it forget that.
        }
    }

    /// <summary>A lease of etcd's own, in whole seconds.</summary>
    public async Task<long> GrantAsync(TimeSpan ttl, CancellationToken stop) =>
        (await channel.CallAsync("Lease/LeaseGrant", new LeaseGrantRequest { Ttl = (long)Math.Ceiling(ttl.TotalSeconds) }, LeaseGrantResponse.Parser, stop)).Id;

    /// <summary>False where the lease is over.</summary>
    public async Task<bool> KeepAliveAsync(long lease, TimeSpan patience, CancellationToken stop) =>
        (await channel.CallAsync("Lease/LeaseKeepAlive", new LeaseKeepAliveRequest { Id = lease }, LeaseKeepAliveResponse.Parser, stop, patience)).Ttl > 0;

    public async Task RevokeAsync(long lease, TimeSpan patience, CancellationToken stop)
    {
        try
        {
            await channel.CallAsync("Lease/LeaseRevoke", new LeaseRevokeRequest { Id = lease }, LeaseRevokeResponse.Parser, stop, patience);
        }
        catch (EtcdFault fault) when (fault.Code == EtcdCode.NotFound)
        {
            // It is over already.
        }
    }

    public Task<StatusResponse> StatusAsync(TimeSpan patience, CancellationToken stop) =>
        channel.CallAsync("Maintenance/Status", new StatusRequest(), StatusResponse.Parser, stop, patience);

    /// <summary>The members as the asked one knows them, with everything that was decided before the call.</summary>
    public async Task<IReadOnlyList<Member>> MembersAsync(CancellationToken stop)
    {
        // A member answers the list at once, however far behind it is; not so a read of a key.
        await RangeAsync(new RangeRequest { Key = Key("mainstay"), CountOnly = true }, stop);
        return (await channel.CallAsync("Cluster/MemberList", new MemberListRequest(), MemberListResponse.Parser, stop)).Members;
    }

    /// <summary>Admits a member without a vote; gives what it is then, and all members.</summary>
    public Task<MemberAddResponse> AddLearnerAsync(Uri peer, TimeSpan patience, CancellationToken stop) => channel.CallAsync(
        "Cluster/MemberAdd", new MemberAddRequest { PeerUrls = { Origin(peer) }, IsLearner = true }, MemberAddResponse.Parser, stop, patience);

    public Task RemoveMemberAsync(ulong id, TimeSpan patience, CancellationToken stop) =>
        channel.CallAsync("Cluster/MemberRemove", new MemberRemoveRequest { Id = id }, MemberRemoveResponse.Parser, stop, patience);

    public Task PromoteAsync(ulong id, TimeSpan patience, CancellationToken stop) =>
        channel.CallAsync("Cluster/MemberPromote", new MemberPromoteRequest { Id = id }, MemberPromoteResponse.Parser, stop, patience);

    // As it stands in the member's own flags, which it compares as text.
    static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);

    /// <summary>What happens to keys under these prefixes from now on; the first answer for each says that it has begun.</summary>
    public IAsyncEnumerable<WatchResponse> WatchAsync(IReadOnlyList<string> prefixes, CancellationToken stop) => channel.StreamAsync(
        "Watch/Watch",
        [.. prefixes.Select(p => new WatchRequest { CreateRequest = new WatchCreateRequest { Key = Key(p), RangeEnd = EndOf(p) } })],
        WatchResponse.Parser,
        stop);

    /// <summary>The next member is asked from now on.</summary>
    public void MoveOn() => channel.MoveOn();

    public void Dispose() => channel.Dispose();
}
