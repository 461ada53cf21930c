namespace Mainstay.State.Decide;

/// <summary>Where a message of a queue stands.</summary>
public enum MessageState
{
    /// <summary>Behind another one of its key.</summary>
    Behind,

    /// <summary>Held back until its time: delayed, or between two deliveries.</summary>
    Later,

    /// <summary>Can be taken.</summary>
    Ready,

    /// <summary>With a consumer.</summary>
    InFlight,

    /// <summary>Delivered in vain too often; kept until it is replayed or purged.</summary>
    Dead,

    /// <summary>Acknowledged, dropped or purged.</summary>
    Gone,
}

/// <summary>What a queue has in mind of a message; its content lies elsewhere. Times are milliseconds since 1970.</summary>
public sealed class QueuedMessage
{
    /// <summary>Grows with each message.</summary>
    public required long Id { get; init; }

    /// <summary>Messages of one key are delivered one after another, in the order of their ids; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>0 to 9; higher ones come first.</summary>
    public int Priority { get; init; }

    /// <summary>When it was published.</summary>
    public required long AtMs { get; init; }

    /// <summary>Of its content.</summary>
    public required int Bytes { get; init; }

    public MessageState State { get; internal set; }

    /// <summary>How often it was delivered.</summary>
    public int Attempts { get; internal set; }

    /// <summary>Not before: while it is later. Until: while it is in flight.</summary>
    public long DueMs { get; internal set; }

    /// <summary>Why the last delivery was in vain; null where none was.</summary>
    public string? Why { get; internal set; }

    /// <summary>True while its end is being written.</summary>
    public bool Settling { get; set; }
}
