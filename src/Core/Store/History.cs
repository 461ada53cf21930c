namespace Mainstay.Core.Store;

/// <summary>The last commits, by revision, in a ring that is bounded in number and bytes. Not thread-safe: its owner holds a lock.</summary>
/// <param name="maxRevisions">At most this many commits are held.</param>
/// <param name="maxBytes">At most this many bytes of keys and values, though always the last commit.</param>
public sealed class History(int maxRevisions, long maxBytes)
{
    WatchBatch?[] ring = new WatchBatch?[64];
    int head;
    int count;
    long bytes;

    /// <summary>The oldest revision held; the one after the last where none is.</summary>
    public long First { get; private set; } = 1;

    /// <summary>The revision that the next commit will have.</summary>
    public long Next => First + count;

    /// <summary>The whole commit with this revision, which must lie between <see cref="First"/> and <see cref="Next"/>.</summary>
    public WatchBatch this[long revision]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(revision, First);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(revision, Next);
            return ring[(head + (int)(revision - First)) & (ring.Length - 1)]!;
        }
    }

    /// <summary>Starts, empty, after a revision that was restored from a medium.</summary>
    public void StartAfter(long revision)
    {
        DropBefore(Next);
        First = revision + 1;
    }

    /// <summary>Adds the next commit and drops the oldest ones that no longer fit.</summary>
    public void Add(WatchBatch batch)
    {
        if (batch.Revision != Next)
            throw new InvalidOperationException($"commit {batch.Revision} does not follow {Next - 1}");
        if (count == ring.Length)
            Grow();
        ring[(head + count) & (ring.Length - 1)] = batch;
        count++;
        bytes += Weigh(batch);
        while (count > 1 && (count > maxRevisions || bytes > maxBytes))
            DropFirst();
    }

    /// <summary>Drops commits with a smaller revision.</summary>
    public void DropBefore(long revision)
    {
        while (count > 0 && First < revision)
            DropFirst();
    }

    void DropFirst()
    {
        bytes -= Weigh(ring[head]!);
        ring[head] = null;
        head = (head + 1) & (ring.Length - 1);
        count--;
        First++;
    }

    void Grow()
    {
        var larger = new WatchBatch?[ring.Length * 2];
        for (var i = 0; i < count; i++)
            larger[i] = ring[(head + i) & (ring.Length - 1)];
        (ring, head) = (larger, 0);
    }

    static long Weigh(WatchBatch batch)
    {
        var sum = 0L;
        foreach (var change in batch.Changes)
            sum += change.Current is { } entry ? Keyspace.Weigh(entry) : 96 + (2L * change.Key.Length);
        return sum;
    }
}
