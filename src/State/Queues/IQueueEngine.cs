using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;

namespace Mainstay.State.Queues;

/// <summary>
/// Queues of messages. What every engine guarantees:
/// <list type="number">
/// <item>A message that was accepted is on the disk, and is delivered at least once, until it is acknowledged, dropped for its age without ever having been delivered, or purged.</item>
/// <item>A delivery belongs to one consumer until it is settled or its visibility is over; then it is delivered again, after a wait, with a new receipt. The old receipt settles nothing.</item>
/// <item>After as many deliveries in vain as the queue allows a message is a dead letter, which stays until it is replayed or purged.</item>
/// <item>Messages of one key are delivered one after another, in the order in which they were accepted; one that becomes a dead letter lets the next one go on.</item>
/// <item>What is sent to a topic is in all of its queues or in none.</item>
/// <item>A queue that is full refuses, and takes nothing of what was sent together.</item>
/// <item>The outcome is a value. <see cref="QueueStatus.Unavailable"/> alone leaves open whether a message was accepted: sent again with the same id it is stored once.</item>
/// </list>
/// </summary>
public interface IQueueEngine : IAsyncDisposable
{
    /// <summary>Which queues there are from now on. What lies in others stays on the disk, and is back when they are declared again.</summary>
    void Declare(IReadOnlyDictionary<string, MessageQueueSpec> queues);

    /// <summary>Stores messages in a queue, or in all queues of a topic that want them; durable when it answers.</summary>
    Task<PublishAnswer> PublishAsync(PublishTo target, IReadOnlyList<NewMessage> messages, CancellationToken stop);

    /// <summary>Takes messages, at most so many; waits for the first as long as told.</summary>
    Task<PullAnswer> PullAsync(string queue, PullTerms terms, CancellationToken stop);

    /// <summary>Ends deliveries, or prolongs them; durable when it answers.</summary>
    Task<SettleAnswer> SettleAsync(string queue, IReadOnlyList<Settlement> settlements, CancellationToken stop);

    /// <summary>Shows messages without taking them.</summary>
    Task<PeekAnswer> PeekAsync(string queue, MessageState? state, long after, int limit, CancellationToken stop);

    /// <summary>Puts dead letters back, behind what waits; null for all.</summary>
    Task<CountAnswer> ReplayAsync(string queue, IReadOnlyList<long>? ids, CancellationToken stop);

    /// <summary>Deletes dead letters, or everything that is not dead; what is in flight can no longer be settled.</summary>
    Task<CountAnswer> PurgeAsync(string queue, bool dead, CancellationToken stop);

    /// <summary>How the declared queues stand.</summary>
    IReadOnlyList<QueueFigures> Figures();
}

/// <summary>How something asked of an engine ended.</summary>
public enum QueueStatus
{
    Done,

    /// <summary>There is no such queue, or no queue of such a topic.</summary>
    Unknown,

    /// <summary>A message is larger than the queue takes.</summary>
    TooLarge,

    /// <summary>The queue is full, or too much is waiting to be written: to be tried again later.</summary>
    Full,

    /// <summary>The disk, or the size that the engine's file may have, is used up; nothing was changed.</summary>
    DiskFull,

    /// <summary>The engine cannot write; what became of it is not known.</summary>
    Unavailable,
}

/// <summary>Where messages go.</summary>
/// <param name="Name">Of a queue, or of a topic.</param>
/// <param name="IsTopic">Whether it is a topic.</param>
public readonly record struct PublishTo(string Name, bool IsTopic = false);

/// <summary>A message to be stored.</summary>
public sealed record NewMessage
{
    /// <summary>By what it is known again; null where it is not to be.</summary>
    public string? DedupeId { get; init; }

    /// <summary>Messages of one key stay in order; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>0 to 9; higher ones come first. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Not delivered before. Default: at once.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The event's type, by which topics choose.</summary>
    public string Type { get; init; } = "";

    /// <summary>The attributes, as the engine's users write them.</summary>
    public required ReadOnlyMemory<byte> Head { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }
}

/// <summary>What became of messages.</summary>
/// <param name="Why">What is wrong and what to do; null where it is done.</param>
/// <param name="Ids">One for each message: its id in the (first) queue; of a duplicate that of the first one, of one that no queue wanted 0.</param>
/// <param name="Duplicates">Which of them were stored earlier.</param>
public sealed record PublishAnswer(QueueStatus Status, string? Why = null, IReadOnlyList<long>? Ids = null, IReadOnlyList<bool>? Duplicates = null);

/// <summary>How to take messages.</summary>
/// <param name="Most">At most so many, and 4 MiB, but one in any case.</param>
/// <param name="Wait">How long to wait for the first.</param>
/// <param name="Visibility">How long they belong to the consumer; null for what the queue says.</param>
public readonly record struct PullTerms(int Most, TimeSpan Wait, TimeSpan? Visibility = null);

/// <summary>A message in a consumer's hands, or shown.</summary>
public sealed record StoredMessage
{
    public required long Id { get; init; }

    public required MessageState State { get; init; }

    /// <summary>How often it was delivered, this time included.</summary>
    public required int Attempts { get; init; }

    public string? Key { get; init; }

    public int Priority { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>Until when it is held back, or in flight.</summary>
    public DateTimeOffset Due { get; init; }

    /// <summary>Why the last delivery was in vain.</summary>
    public string? Why { get; init; }

    public required ReadOnlyMemory<byte> Head { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>What receipts end with where deliveries do not survive the engine; null where they do.</summary>
    public string? Lease { get; init; }

    /// <summary>Settles this delivery.</summary>
    public string Receipt => QueueDecide.ReceiptOf(Id, Attempts) + (Lease is null ? "" : "-" + Lease);

    /// <summary>A message as its queue's book has it, with its content.</summary>
    public static StoredMessage Of(QueuedMessage message, ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body) => new()
    {
        Id = message.Id,
        State = message.State,
        Attempts = message.Attempts,
        Key = message.Key,
        Priority = message.Priority,
        At = DateTimeOffset.FromUnixTimeMilliseconds(message.AtMs),
        Due = DateTimeOffset.FromUnixTimeMilliseconds(message.DueMs),
        Why = message.Why,
        Head = head,
        Body = body,
    };
}

public sealed record PullAnswer(QueueStatus Status, string? Why = null, IReadOnlyList<StoredMessage>? Messages = null);

/// <summary>What is to become of a delivery.</summary>
public enum SettleAs
{
    /// <summary>It was processed.</summary>
    Ack,

    /// <summary>It was in vain: again, after a wait.</summary>
    Retry,

    /// <summary>It makes no sense to try again.</summary>
    Dead,

    /// <summary>The consumer needs longer.</summary>
    Extend,
}

/// <param name="After">Of a retry the wait, of an extension the time from now; null for what the queue says.</param>
/// <param name="Why">Of a retry or a dead letter, for people; at most 500 characters are kept.</param>
public readonly record struct Settlement(string Receipt, SettleAs As, TimeSpan? After = null, string? Why = null);

/// <param name="Gone">Receipts whose delivery was over already.</param>
public sealed record SettleAnswer(QueueStatus Status, string? Why = null, int Settled = 0, IReadOnlyList<string>? Gone = null);

public sealed record PeekAnswer(QueueStatus Status, string? Why = null, IReadOnlyList<StoredMessage>? Messages = null);

public sealed record CountAnswer(QueueStatus Status, string? Why = null, int Count = 0);

/// <summary>How a queue stands, and what it has seen since the engine was opened.</summary>
public sealed record QueueFigures
{
    public required string Name { get; init; }

    /// <summary>Where its messages are.</summary>
    public QueueEngineKind Engine { get; init; }

    /// <summary>Can be taken now.</summary>
    public int Ready { get; init; }

    /// <summary>Held back until their time, or behind others of their key.</summary>
    public int Waiting { get; init; }

    public int InFlight { get; init; }

    public int Dead { get; init; }

    public long Bytes { get; init; }

    /// <summary>Since the oldest message was published that is neither settled nor dead; 0 where there is none.</summary>
    public TimeSpan Oldest { get; init; }

    public long Published { get; init; }

    public long Duplicates { get; init; }

    /// <summary>Messages that producers were refused, because the queue was full.</summary>
    public long Refused { get; init; }

    public long Delivered { get; init; }

    public long Acked { get; init; }

    /// <summary>Deliveries in vain.</summary>
    public long Retried { get; init; }

    public long DeadLettered { get; init; }

    /// <summary>Dropped for their age, undelivered.</summary>
    public long Expired { get; init; }
}
