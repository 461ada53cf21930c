using Mainstay.State.Decide;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>What the engine knows of a message beside its place in the book. Under the engine's lock.</summary>
sealed class Parcel(RabbitShelf shelf, QueuedMessage message)
{
    public RabbitShelf Shelf => shelf;

    public QueuedMessage Message => message;

    /// <summary>Which engine accepted it.</summary>
    public uint By { get; init; }

    /// <summary>Its producer's id; null where it has none.</summary>
    public string? Dedupe { get; init; }

    /// <summary>The dead letter that it was before; 0 for none.</summary>
    public long ReplayOf { get; init; }

    /// <summary>Attributes and body; null where only the broker has them.</summary>
    public (ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body)? Content { get; set; }

    /// <summary>What it was accepted with, and the others accepted with it; null once all of them are stored.</summary>
    public Sending? Sending { get; set; }

    /// <summary>False until it is in the book.</summary>
    public bool IsBooked { get; set; }

    /// <summary>The highest revision that was written.</summary>
    public int Revision { get; set; }

    /// <summary>By which the broker knows the copy that is held; valid on one connection.</summary>
    public (long Connection, ulong Tag) Held { get; set; }

    public int HeldRevision { get; set; }

    public long HeldAtMs { get; set; }

    /// <summary>Set while its content is being asked of the broker.</summary>
    public TaskCompletionSource? Fetching { get; set; }

    /// <summary>How it stood when it was read, until it is in the book.</summary>
    public (MessageState State, int Attempts, long DueMs, string? Why) Read { get; set; }

    /// <summary>The revision of the copy that is held on this connection; -1 for none.</summary>
    public int HeldOn(long connection) => Held.Connection == connection && Held.Tag != 0 ? HeldRevision : -1;
}

/// <summary>Messages accepted together: they enter the book together, once all of them are stored.</summary>
sealed class Sending(long id)
{
    /// <summary>Of the envelope; 0 for a message that is sent by itself.</summary>
    public long Id => id;

    /// <summary>With the time until which each is held back.</summary>
    public List<(Parcel Parcel, long DueMs)> Parcels { get; } = [];

    /// <summary>The connection by which it was sent.</summary>
    public RabbitLink? By { get; init; }

    /// <summary>By which the broker knows the envelope.</summary>
    public (long Connection, ulong Tag) Held { get; set; }

    /// <summary>Whether it may have been stored although it was not confirmed.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>True once stored, false once known not to be.</summary>
    public TaskCompletionSource<bool> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A queue of the engine, with what it knows of it at the broker. Under the engine's lock.</summary>
sealed class RabbitShelf(QueueShelf shelf)
{
    public string Name => Shelf.Name;

    /// <summary>Order and figures; another one where everything is read anew.</summary>
    public QueueShelf Shelf { get; set; } = shelf;

    public QueueBook Book => Shelf.Book;

    /// <summary>The connection on which its messages are handed over; 0 for none.</summary>
    public long OpenOn { get; set; }

    /// <summary>Whether all that was there has been read.</summary>
    public bool IsLoaded { get; set; }

    /// <summary>Copies that came on this connection.</summary>
    public int Arrived { get; set; }
}
