using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// A response that is kept. Nothing of it changes, so any thread may send it at any time, also after it gave way to others: its bytes are the garbage collector's.
/// </summary>
/// <param name="slot">Its address.</param>
/// <param name="zone">Whose it is.</param>
/// <param name="head">Its head.</param>
/// <param name="body">Its body, in pieces.</param>
/// <param name="times">How long it can be used.</param>
internal sealed class StoredResponse(CacheSlot slot, CacheZone zone, StoredHead head, byte[][] body, StoredTimes times)
    : S3Node(slot.Hash ^ KeyHash.Of(head.Selecting), RoomOf(slot, head, body))
{
    /// <summary>What an entry costs beside its bytes: objects, table, links.</summary>
    private const int Bookkeeping = 500;

    public CacheSlot Slot { get; } = slot;

    public CacheZone Zone { get; } = zone;

    public StoredHead Head { get; } = head;

    public byte[][] Body { get; } = body;

    /// <summary>Bytes of the body.</summary>
    public long Length { get; } = LengthOf(body);

    public StoredTimes Times { get; } = times;

    private static long LengthOf(byte[][] body)
    {
        long length = 0;
        foreach (var piece in body) length += piece.Length;
        return length;
    }

    private static long RoomOf(CacheSlot slot, StoredHead head, byte[][] body) =>
        Bookkeeping + slot.Key.Length + head.Lines.Length + head.NotModifiedLines.Length + head.Selecting.Length + LengthOf(body);
}

/// <summary>All that one address has: its responses by what <c>Vary</c> names.</summary>
internal sealed class CacheSlot(ulong hash, byte[] key)
{
    public ulong Hash { get; } = hash;

    public byte[] Key { get; } = key;

    /// <summary>The newest first. Replaced as a whole, under the store's lock.</summary>
    public volatile StoredResponse[] Responses = [];

    /// <summary>That its responses are not kept, so that nobody waits for another's.</summary>
    public volatile PassMark? Pass;
}

/// <summary>Remembers for a while that an address gives nothing that could be shared. It takes room like a response, so that nobody can fill the memory with them.</summary>
internal sealed class PassMark(CacheSlot slot, long untilMs) : S3Node(~slot.Hash, 300 + slot.Key.Length)
{
    public CacheSlot Slot { get; } = slot;

    public long UntilMs { get; } = untilMs;
}
