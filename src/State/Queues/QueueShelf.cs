using System.Globalization;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;

namespace Mainstay.State.Queues;

/// <summary>A queue of the embedded engine. The journal's thread alone changes it; others read the figures.</summary>
sealed class QueueShelf(string name, MessageQueueSpec terms, bool declared)
{
    public string Name => name;

    /// <summary>A queue that is not declared keeps what it has, and takes and gives nothing.</summary>
    public bool Declared { get; set; } = declared;

    public QueueBook Book { get; } = new(terms);

    /// <summary>Consumers who wait, the first come first.</summary>
    public LinkedList<QueueWaiter> Waiters { get; } = new();

    /// <summary>A work that serves the waiters is queued.</summary>
    public bool Serving { get; set; }

    /// <summary>Messages and bytes that are being written, and not in the book yet.</summary>
    public (int Count, long Bytes) Staged { get; set; }

    public long Published, Duplicates, Refused, Delivered, Acked, Retried, DeadLettered, Expired;

    long oldestMs = -1;

    /// <summary>To be called after each change, by the journal's thread: what others read of the book's order.</summary>
    public void Note() => Volatile.Write(ref oldestMs, Book.OldestMs ?? -1);

    public string? Full(int more, long moreBytes)
    {
        var (messages, bytes) = (Book.Count + Staged.Count + more, Book.Bytes + Staged.Bytes + moreBytes);
        if (!QueueDecide.IsFull(Book.Terms, messages, bytes))
            return null;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"the queue '{name}' holds {Book.Count} of {Book.Terms.MaxMessages} messages and {new ByteSizeText(Book.Bytes)} of {Book.Terms.MaxBytes}; {(Book.Dead > Book.Terms.MaxMessages / 2 ? "replay or purge its dead letters" : "wait until consumers have caught up, or allow it more")}");
    }

    public QueueFigures Figures(long nowMs)
    {
        var oldest = Volatile.Read(ref oldestMs);
        return new()
        {
            Name = name,
            Ready = Book.Ready,
            Waiting = Book.Waiting,
            InFlight = Book.InFlight,
            Dead = Book.Dead,
            Bytes = Book.Bytes,
            Oldest = oldest < 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Max(0, nowMs - oldest)),
            Published = Published,
            Duplicates = Duplicates,
            Refused = Refused,
            Delivered = Delivered,
            Acked = Acked,
            Retried = Retried,
            DeadLettered = DeadLettered,
            Expired = Expired,
        };
    }

    readonly record struct ByteSizeText(long Bytes)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bytes / (1024.0 * 1024):0.0} MiB");
    }
}

/// <summary>A consumer who waits for messages. Whoever settles it first, by serving it or by leaving, has it.</summary>
sealed class QueueWaiter(PullTerms terms)
{
    int state;

    public PullTerms Terms => terms;

    public TaskCompletionSource<PullAnswer> Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool TryClaim() => Interlocked.CompareExchange(ref state, 1, 0) == 0;

    public bool TryLeave() => Interlocked.CompareExchange(ref state, 2, 0) == 0;

    /// <summary>Waits again: what it was served with could not be written.</summary>
    public void Unclaim() => Volatile.Write(ref state, 0);
}
