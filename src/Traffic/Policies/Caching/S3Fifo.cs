namespace Mainstay.Traffic.Policies;

/// <summary>Something that takes room in a <see cref="S3Fifo"/>: the links lie in it.</summary>
internal abstract class S3Node(ulong key, long bytes)
{
    private const int MostUses = 3;
    internal S3Node? Newer;
    internal S3Node? Older;
    internal S3Queue? Queue;
    private int uses;

    /// <summary>Tells it from others, also after it was evicted.</summary>
    public ulong Key { get; } = key;

    /// <summary>How much room it takes.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>Whether it has a place at the moment.</summary>
    public bool IsKept => Queue is not null;

    /// <summary>Notes a use. From any thread at any time; one that is lost in a race does no harm.</summary>
    public void Touch()
    {
        var seen = uses;
        if (seen < MostUses) uses = seen + 1;
    }

    internal int Uses => uses;

    internal void SetUses(int value) => uses = value;
}

/// <summary>Nodes in the order in which they came.</summary>
internal sealed class S3Queue
{
    private S3Node? newest;

    public S3Node? Oldest { get; private set; }

    public long Bytes { get; private set; }

    public int Count { get; private set; }

    public void Add(S3Node node)
    {
        (node.Queue, node.Older, node.Newer) = (this, newest, null);
        if (newest is null) Oldest = node;
        else newest.Newer = node;
        newest = node;
        Bytes += node.Bytes;
        Count++;
    }

    public void Remove(S3Node node)
    {
        if (node.Older is null) Oldest = node.Newer;
        else node.Older.Newer = node.Newer;
        if (node.Newer is null) newest = node.Older;
        else node.Newer.Older = node.Older;
        (node.Queue, node.Older, node.Newer) = (null, null, null);
        Bytes -= node.Bytes;
        Count--;
    }
}

/// <summary>
/// What stays in a bounded memory and what gives way: S3-FIFO. What comes newly stands in a small queue, a tenth of the room; only what is used there again
/// gets into the main one, and so does what comes back soon after it was pushed out. A scan passes through the small queue and pushes nothing out that is in use.
/// </summary>
/// <remarks>Not thread-safe but for <see cref="S3Node.Touch"/>. A hit changes a number in its node and no order.</remarks>
/// <param name="capacity">The room, in the unit of <see cref="S3Node.Bytes"/>.</param>
internal sealed class S3Fifo(long capacity)
{
    private const int LeastGhosts = 64;
    private readonly S3Queue small = new();
    private readonly S3Queue main = new();
    private readonly Queue<ulong> ghostOrder = new();
    private readonly HashSet<ulong> ghosts = [];

    /// <summary>The room that is taken; never more than the capacity.</summary>
    public long Bytes => small.Bytes + main.Bytes;

    public int Count => small.Count + main.Count;

    /// <summary>Nodes that gave way to others.</summary>
    public long Evictions { get; private set; }

    /// <summary>Gives a node a place, and those their leave who have to give way. False where it is larger than all the room.</summary>
    /// <param name="node">One without a place.</param>
    /// <param name="evicted">Those who gave way are added here.</param>
    public bool Add(S3Node node, List<S3Node> evicted)
    {
        if (node.Bytes > capacity) return false;
        node.SetUses(0);
        while (Bytes + node.Bytes > capacity) Evict(evicted);
        (ghosts.Remove(node.Key) ? main : small).Add(node);
        return true;
    }

    /// <summary>Gives a node the place of another that it follows, with what that had earned.</summary>
    public bool Replace(S3Node old, S3Node node, List<S3Node> evicted)
    {
        if (old.Queue is not { } queue || node.Bytes > capacity) return Add(node, evicted);
        queue.Remove(old);
        while (Bytes + node.Bytes > capacity) Evict(evicted);
        node.SetUses(old.Uses);
        queue.Add(node);
        return true;
    }

    /// <summary>Takes a node's place away, if it has one.</summary>
    public void Remove(S3Node node) => node.Queue?.Remove(node);

    private void Evict(List<S3Node> evicted)
    {
        while (true)
        {
            // What the main queue does not need is the small one's.
            if (small.Oldest is { } candidate && (small.Bytes * 10 > capacity || main.Count == 0))
            {
                small.Remove(candidate);
                if (candidate.Uses > 1)
                {
                    candidate.SetUses(0);
                    main.Add(candidate);
                    continue;
                }
                Remember(candidate.Key);
                Leave(candidate, evicted);
                return;
            }
            var oldest = main.Oldest!;
            main.Remove(oldest);
            if (oldest.Uses > 0)
            {
                oldest.SetUses(oldest.Uses - 1);
                main.Add(oldest);
                continue;
            }
            Leave(oldest, evicted);
            return;
        }
    }

    private void Leave(S3Node node, List<S3Node> evicted)
    {
        Evictions++;
        evicted.Add(node);
    }

    private void Remember(ulong key)
    {
        if (ghosts.Add(key)) ghostOrder.Enqueue(key);
        // As many as the main queue has; one that came back is in the order but no ghost any more.
        while (ghostOrder.Count > Math.Max(main.Count, LeastGhosts)) ghosts.Remove(ghostOrder.Dequeue());
    }
}
