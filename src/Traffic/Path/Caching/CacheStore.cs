using System.Collections.Concurrent;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>
/// The kept responses of a gateway, in a bounded memory. Finding one takes no lock; keeping one and letting others go takes one for some microseconds.
/// </summary>
/// <param name="capacity">Bytes, bookkeeping included.</param>
/// <param name="seed">The hash's own.</param>
internal sealed class CacheStore(long capacity, ulong seed)
{
    private readonly ConcurrentDictionary<ulong, CacheSlot> slots = new();
    private readonly ConcurrentDictionary<ulong, Flight> flights = new();
    private readonly Lock gate = new();
    private readonly S3Fifo order = new(capacity);
    private readonly List<S3Node> evicted = [];
    private long collecting;
    private int zones;

    public long Capacity => capacity;

    public long Bytes
    {
        get { lock (gate) return order.Bytes; }
    }

    public int Count
    {
        get { lock (gate) return order.Count; }
    }

    /// <summary>A number for a zone: addresses of different zones never meet.</summary>
    public int NextZone() => Interlocked.Increment(ref zones);

    public ulong HashOf(ReadOnlySpan<byte> key) => CacheHash.Of(key, seed);

    /// <summary>What an address has; null for nothing.</summary>
    public CacheSlot? Find(ulong hash, ReadOnlySpan<byte> key) =>
        slots.TryGetValue(hash, out var slot) && key.SequenceEqual(slot.Key) ? slot : null;

    /// <summary>Keeps a response; one for equal requests gives way to it.</summary>
    /// <param name="hash">Of the key.</param>
    /// <param name="key">The address.</param>
    /// <param name="make">Makes it for the slot.</param>
    /// <param name="variants">How many there may be of one address.</param>
    public void Put(ulong hash, ReadOnlySpan<byte> key, int variants, Func<CacheSlot, StoredResponse> make)
    {
        lock (gate)
        {
            var slot = SlotOf(hash, key);
            var made = make(slot);
            var old = Array.Find(slot.Responses, one => IsSame(one, made));
            evicted.Clear();
            if (!(old is null ? order.Add(made, evicted) : order.Replace(old, made, evicted)))
            {
                DropIfEmpty(slot);
                return;
            }
            made.Zone.Counts.Kept(made.Bytes);
            if (old is not null) old.Zone.Counts.Left(old.Bytes);
            if (slot.Pass is { } pass) order.Remove(pass);
            slot.Pass = null;
            StoredResponse[] all = [made, .. slot.Responses.Where(one => one != old && one.IsKept)];
            foreach (var surplus in all.Skip(variants)) Leave(surplus);
            slot.Responses = all.Length > variants ? all[..variants] : all;
            slots[hash] = slot;
            Sweep();
        }
    }

    /// <summary>Remembers that an address gives nothing to be shared.</summary>
    public void PutPass(ulong hash, ReadOnlySpan<byte> key, long untilMs)
    {
        lock (gate)
        {
            var slot = SlotOf(hash, key);
            var mark = new PassMark(slot, untilMs);
            evicted.Clear();
            if (slot.Pass is { } old) order.Remove(old);
            slot.Pass = order.Add(mark, evicted) ? mark : null;
            if (slot.Pass is not null) slots[hash] = slot;
            Sweep();
            DropIfEmpty(slot);
        }
    }

    /// <summary>Forgets one response.</summary>
    public void Remove(StoredResponse stored)
    {
        lock (gate)
        {
            if (!stored.IsKept) return;
            Leave(stored);
            stored.Slot.Responses = [.. stored.Slot.Responses.Where(one => one != stored)];
            DropIfEmpty(stored.Slot);
        }
    }

    /// <summary>Forgets all that an address has, and what is on its way there.</summary>
    public bool Invalidate(ulong hash, ReadOnlySpan<byte> key)
    {
        if (flights.TryGetValue(hash, out var flight)) flight.Spoil();
        if (Find(hash, key) is not { Responses.Length: > 0 } slot) return false;
        lock (gate) Clear(slot);
        return true;
    }

    /// <summary>Forgets the addresses that fit. Not on the path: it looks at all of them.</summary>
    public int Purge(Func<byte[], bool> fits)
    {
        foreach (var flight in flights.Values)
        {
            if (fits(flight.Key)) flight.Spoil();
        }
        var purged = 0;
        foreach (var slot in slots.Values)
        {
            if (!fits(slot.Key)) continue;
            lock (gate)
            {
                purged += slot.Responses.Length;
                Clear(slot);
            }
        }
        return purged;
    }

    /// <summary>The flight that fetches an address, or the given one, which then is.</summary>
    public Flight Join(Flight own) => flights.GetOrAdd(own.Hash, own);

    public Flight? FlightOf(ulong hash) => flights.GetValueOrDefault(hash);

    public void End(Flight flight) => flights.TryRemove(new KeyValuePair<ulong, Flight>(flight.Hash, flight));

    /// <summary>Takes memory for a response on its way; all of them together have a quarter of the whole.</summary>
    public bool TryReserve(long bytes)
    {
        if (Interlocked.Add(ref collecting, bytes) <= capacity / 4) return true;
        Interlocked.Add(ref collecting, -bytes);
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref collecting, -bytes);

    private CacheSlot SlotOf(ulong hash, ReadOnlySpan<byte> key)
    {
        if (slots.TryGetValue(hash, out var slot))
        {
            if (key.SequenceEqual(slot.Key)) return slot;
            // Two addresses with one hash: the newer has the place.
            Clear(slot);
        }
        return new CacheSlot(hash, key.ToArray());
    }

    private void Clear(CacheSlot slot)
    {
        foreach (var one in slot.Responses) Leave(one);
        slot.Responses = [];
        if (slot.Pass is { } pass) order.Remove(pass);
        slot.Pass = null;
        DropIfEmpty(slot);
    }

    private void Leave(StoredResponse stored)
    {
        if (!stored.IsKept) return;
        order.Remove(stored);
        stored.Zone.Counts.Left(stored.Bytes);
    }

    /// <summary>Takes those that gave way out of their slots.</summary>
    private void Sweep()
    {
        foreach (var node in evicted)
        {
            if (node is StoredResponse stored)
            {
                stored.Zone.Counts.Evicted(stored.Bytes);
                stored.Slot.Responses = [.. stored.Slot.Responses.Where(one => one != stored)];
                DropIfEmpty(stored.Slot);
            }
            else if (node is PassMark mark)
            {
                mark.Slot.Pass = null;
                DropIfEmpty(mark.Slot);
            }
        }
        evicted.Clear();
    }

    private void DropIfEmpty(CacheSlot slot)
    {
        if (slot.Responses.Length == 0 && slot.Pass is null) slots.TryRemove(new KeyValuePair<ulong, CacheSlot>(slot.Hash, slot));
    }

    private static bool IsSame(StoredResponse one, StoredResponse other) =>
        one.Head.Selecting.AsSpan().SequenceEqual(other.Head.Selecting) && one.Head.Vary.Length == other.Head.Vary.Length
        && one.Head.Vary.Zip(other.Head.Vary).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
}
