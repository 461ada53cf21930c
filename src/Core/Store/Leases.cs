namespace Mainstay.Core.Store;

/// <summary>A lease: its keys live until it expires or is revoked.</summary>
public sealed class Lease(long id, TimeSpan ttl)
{
    /// <summary>Positive and never used again in this store.</summary>
    public long Id => id;

    /// <summary>How long it lives after its last renewal.</summary>
    public TimeSpan Ttl => ttl;

    /// <summary>When it expires, as a timestamp of the store's <see cref="TimeProvider"/>.</summary>
    public long Deadline { get; internal set; }

    /// <summary>Keys attached to it.</summary>
    internal HashSet<string> Keys { get; } = new(StringComparer.Ordinal);
}

/// <summary>The leases of a store and their deadlines on the monotonic clock. Not thread-safe: its owner holds a lock.</summary>
public sealed class Leases(TimeProvider time)
{
    readonly Dictionary<long, Lease> all = [];

    // Each lease has one place here, whose priority is a deadline it once had: a renewal costs nothing, and a lease that surfaces before its
    // real deadline is put back.
    readonly PriorityQueue<Lease, (long Deadline, long Id)> byDeadline = new();

    /// <summary>How many leases live.</summary>
    public int Count => all.Count;

    /// <summary>The ids of those that live, in no order.</summary>
    public IReadOnlyList<long> Ids => [.. all.Keys];

    /// <summary>The lease, or null when it is gone.</summary>
    public Lease? Get(long id) => all.GetValueOrDefault(id);

    /// <summary>Adds a lease whose time starts now.</summary>
    public void Add(long id, TimeSpan ttl)
    {
        var lease = new Lease(id, ttl) { Deadline = DeadlineFor(ttl) };
        all.Add(id, lease);
        byDeadline.Enqueue(lease, (lease.Deadline, id));
    }

    /// <summary>Starts the lease's time again; false when it is gone or its time is over.</summary>
    public bool Renew(long id)
    {
        if (Get(id) is not { } lease || lease.Deadline <= time.GetTimestamp())
            return false;
        lease.Deadline = DeadlineFor(lease.Ttl);
        return true;
    }

    /// <summary>Starts the lease's time again, also where it seemed over. It must be among those that <see cref="TakeDue"/> looks at.</summary>
    public void Restart(long id)
    {
        if (Get(id) is { } lease)
            lease.Deadline = DeadlineFor(lease.Ttl);
    }

    /// <summary>Forgets a lease.</summary>
    public void Remove(long id) => all.Remove(id);

    /// <summary>Attaches and detaches a key as an entry of it came and went.</summary>
    public void Attach(in Change change)
    {
        if (change.Previous is { Lease: not 0 } previous)
            Get(previous.Lease)?.Keys.Remove(change.Key);
        if (change.Current is { Lease: not 0 } current)
            Get(current.Lease)?.Keys.Add(change.Key);
    }

    /// <summary>Takes out the leases whose time is over, the earliest first; they must then be ended, or be given to <see cref="Retry"/>.</summary>
    public List<long> TakeDue()
    {
        var now = time.GetTimestamp();
        List<long> due = [];
        while (byDeadline.TryPeek(out var lease, out var priority) && priority.Deadline <= now)
        {
            byDeadline.Dequeue();
            if (all.GetValueOrDefault(lease.Id) != lease)
                continue;
            if (lease.Deadline <= now)
                due.Add(lease.Id);
            else
                byDeadline.Enqueue(lease, (lease.Deadline, lease.Id));
        }

        return due;
    }

    /// <summary>Offers a lease that could not be ended again after <paramref name="after"/>; it stays expired.</summary>
    public void Retry(long id, TimeSpan after)
    {
        if (Get(id) is { } lease)
            byDeadline.Enqueue(lease, (DeadlineFor(after), id));
    }

    /// <summary>How long until <see cref="TakeDue"/> has work, rounded up to a millisecond as timers are; null when there are no leases.</summary>
    public TimeSpan? UntilNext()
    {
        if (!byDeadline.TryPeek(out _, out var priority))
            return null;
        var left = time.GetElapsedTime(time.GetTimestamp(), priority.Deadline);
        return TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(left.TotalMilliseconds)));
    }

    long DeadlineFor(TimeSpan span) => time.GetTimestamp() + (long)Math.Ceiling(span.TotalSeconds * time.TimestampFrequency);
}
