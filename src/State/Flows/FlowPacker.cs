using Google.Protobuf;
using Mainstay.Core.Kinds;
using Mainstay.State.Decide.Flows;
using Mainstay.State.Etcd;
using Mainstay.State.Etcd.Wire;

namespace Mainstay.State.Flows;

/// <summary>What has to be written of one run, or of one declaration.</summary>
/// <param name="Before">Each in a transaction of its own, before: nobody sees it until the acts name it.</param>
/// <param name="Acts">Together in one transaction.</param>
/// <param name="Bytes">About what the acts weigh.</param>
readonly record struct FlowParcel(IReadOnlyList<RequestOp> Before, IReadOnlyList<RequestOp> Acts, long Bytes);

/// <summary>
/// Says how a run lies in etcd. A small one is one value with all its rows. A larger one is written whole, in parts, when it becomes large and whenever much of it changes at once; in between each row that changes is written under
/// a key of its own. So what a step costs grows neither with the number of steps nor with the size of what they gave.
/// </summary>
sealed class FlowPacker(FlowLayout layout)
{
    /// <summary>Most acts of one transaction: etcd takes 128 unless told otherwise, and one is the head's.</summary>
    public const int MostActs = 120;

    /// <summary>About the most bytes of one transaction: etcd takes 1.5 MiB unless told otherwise.</summary>
    public const int MostBytes = EtcdLayout.PartBytes * 3 / 4;

    const int SmallBytes = 16 * 1024;

    readonly Dictionary<string, (long Version, int Parts)> large = new(StringComparer.Ordinal);

    /// <summary>A large run was read.</summary>
    public void Know(string id, KeptRun kept) => large[id] = (kept.Version, kept.Parts);

    public void Clear() => large.Clear();

    /// <summary>The prefixes under which rows and parts of large runs are.</summary>
    public IEnumerable<string> InUse() => large.SelectMany(l => new[] { layout.RowsOf(l.Key, l.Value.Version), layout.PartsOf(l.Key, l.Value.Version) });

    /// <summary>A run as it is.</summary>
    /// <param name="live">With all its rows.</param>
    /// <param name="wake">When something has to be done about it; null for never.</param>
    /// <param name="touched">Paths of rows that are not as they were written last.</param>
    public FlowParcel Pack(LiveRun live, DateTimeOffset? wake, IReadOnlyCollection<string> touched)
    {
        var id = live.Run.Id;
        var kept = new KeptRun { WakeMs = wake?.ToUnixTimeMilliseconds() ?? 0, Run = Bytes(live.Run) };
        if (!large.TryGetValue(id, out var place))
        {
            if (IsSmall(kept, live.Rows.Values))
                return new([], [EtcdClient.Put(layout.Run(id), kept)], kept.CalculateSize());
            kept.Rows.Clear();
            return Whole(live, kept, place);
        }

        (kept.Version, kept.Parts) = place;
        return touched.Count < MostActs && Single(live, kept, touched) is { Bytes: <= MostBytes } few ? few : Whole(live, kept, place);
    }

    /// <summary>A run that is no more.</summary>
    public FlowParcel Forget(string id)
    {
        var (rows, parts) = layout.Of(id);
        return new([], large.Remove(id) ? [EtcdClient.Delete(layout.Run(id)), EtcdClient.DeleteAll(rows), EtcdClient.DeleteAll(parts)] : [EtcdClient.Delete(layout.Run(id))], 256);
    }

    /// <summary>A declaration.</summary>
    public FlowParcel Pack(string digest, byte[] json)
    {
        var parts = Split(layout.PartsOfDefinition(digest), UnsafeByteOperations.UnsafeWrap(json));
        return new(parts, [EtcdClient.Put(layout.Definition(digest), new KeptDefinition { Parts = parts.Count })], 256);
    }

    static bool IsSmall(KeptRun kept, IEnumerable<FlowRow> rows)
    {
        var bytes = kept.Run.Length;
        foreach (var row in rows)
        {
            if (bytes > SmallBytes)
                return false;
            var value = Bytes(row);
            bytes += value.Length;
            kept.Rows.Add(value);
        }

        return bytes <= SmallBytes;
    }

    // A row that is gone is empty: the parts may still have it.
    FlowParcel Single(LiveRun live, KeptRun kept, IReadOnlyCollection<string> touched)
    {
        var (acts, bytes, rows) = (new List<RequestOp>(touched.Count + 1), (long)kept.Run.Length, layout.RowsOf(live.Run.Id, kept.Version));
        foreach (var path in touched)
        {
            var value = live.Rows.TryGetValue(path, out var row) ? Bytes(row) : ByteString.Empty;
            bytes += rows.Length + path.Length + value.Length;
            acts.Add(EtcdClient.Put(rows + path, value));
        }

        acts.Add(EtcdClient.Put(layout.Run(live.Run.Id), kept));
        return new([], acts, bytes);
    }

    FlowParcel Whole(LiveRun live, KeptRun kept, (long Version, int Parts) before)
    {
        var id = live.Run.Id;
        var all = new KeptRun { Run = kept.Run };
        all.Rows.AddRange(live.Rows.Values.Select(Bytes));
        var parts = Split(layout.PartsOf(id, before.Version + 1), all.ToByteString());
        large[id] = (kept.Version, kept.Parts) = (before.Version + 1, parts.Count);
        if (kept.Run.Length > SmallBytes)
            kept.Run = ByteString.Empty;
        List<RequestOp> acts = [EtcdClient.Put(layout.Run(id), kept)];
        if (before.Version > 0)
            acts.AddRange([EtcdClient.DeleteAll(layout.RowsOf(id, before.Version)), EtcdClient.DeleteAll(layout.PartsOf(id, before.Version))]);
        return new(parts, acts, kept.CalculateSize());
    }

    static List<RequestOp> Split(string prefix, ByteString value)
    {
        var parts = new List<RequestOp>();
        for (var at = 0; at < value.Length || parts.Count == 0; at += MostBytes)
            parts.Add(EtcdClient.Put($"{prefix}{parts.Count:x4}", UnsafeByteOperations.UnsafeWrap(value.Memory.Slice(at, Math.Min(MostBytes, value.Length - at)))));
        return parts;
    }

    static ByteString Bytes<T>(T value) => UnsafeByteOperations.UnsafeWrap(Codec.Encode(value));
}
