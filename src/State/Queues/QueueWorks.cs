using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Queues;

sealed class DeclareWork(EmbeddedQueues engine, IReadOnlyDictionary<string, MessageQueueSpec> queues) : JournalWork<bool>
{
    public override JournalNeed Need => JournalNeed.Read;

    // Nothing of it is written, and what comes after it in the same group is to see it.
    public override void Write(JournalFile file) => engine.Set(queues);

    protected override bool Finish()
    {
        foreach (var shelf in engine.Shelves)
            engine.Changed(shelf);
        return true;
    }
}

/// <summary>Stores messages in one queue, or in those of a topic: in all of them or in none.</summary>
sealed class PublishWork(EmbeddedQueues engine, PublishTo target, IReadOnlyList<NewMessage> messages) : JournalWork<PublishAnswer>
{
    readonly List<(QueueShelf Shelf, QueuedMessage Message, long DueMs)> staged = [];
    readonly long[] ids = new long[messages.Count];
    readonly bool[] duplicates = new bool[messages.Count];
    PublishAnswer? refused;
    long nowMs;

    public override void Write(JournalFile file)
    {
        refused = null;
        nowMs = engine.NowMs;
        QueueShelf[] shelves = target.IsTopic
            ? [.. engine.Shelves.Where(s => s.Declared && s.Book.Terms.Topics?.Contains(target.Name) == true).OrderBy(s => s.Name, StringComparer.Ordinal)]
            : engine.Find(target.Name) is { } one ? [one] : [];
        refused = shelves.Length == 0 ? new(QueueStatus.Unknown) : Refuse(shelves);
        if (refused is not null)
            return;
        Array.Clear(ids);
        Array.Clear(duplicates);
        foreach (var shelf in shelves)
        {
            for (var i = 0; i < messages.Count; i++)
            {
                if (!target.IsTopic || shelf.Book.Terms.Wants(messages[i].Type))
                    Store(file, shelf, i);
            }
        }

        if (staged.Count > 0)
            QueueTables.KeepLastId(file, engine.LastId);
    }

    public override void Undo()
    {
        foreach (var (shelf, message, _) in staged)
            Unstage(shelf, message);
        staged.Clear();
    }

    protected override PublishAnswer Finish()
    {
        if (refused is not null)
            return refused;
        foreach (var (shelf, message, dueMs) in staged)
        {
            Unstage(shelf, message);
            shelf.Book.Add(message, dueMs, nowMs);
            shelf.Published++;
        }

        foreach (var shelf in staged.Select(s => s.Shelf).Distinct())
            engine.Changed(shelf);
        return new(QueueStatus.Done, Ids: ids, Duplicates: duplicates);
    }

    PublishAnswer? Refuse(QueueShelf[] shelves)
    {
        foreach (var shelf in shelves)
        {
            var wanted = target.IsTopic ? [.. messages.Where(m => shelf.Book.Terms.Wants(m.Type))] : messages;
            var bytes = 0L;
            foreach (var message in wanted)
            {
                var size = message.Head.Length + message.Body.Length;
                if (size > shelf.Book.Terms.MaxMessage.Bytes)
                    return new(QueueStatus.TooLarge, $"a message of {size} bytes, with its attributes, is larger than the {shelf.Book.Terms.MaxMessage} that the queue '{shelf.Name}' takes; send a reference to the content, or raise 'maxMessage'");
                bytes += size;
            }

            if (wanted.Count > 0 && shelf.Full(wanted.Count, bytes) is { } full)
            {
                shelf.Refused += wanted.Count;
                return new(QueueStatus.Full, full);
            }
        }

        return null;
    }

    void Store(JournalFile file, QueueShelf shelf, int index)
    {
        var (content, terms) = (messages[index], shelf.Book.Terms);
        if (content.DedupeId is { } dedupe && terms.Dedupe > TimeSpan.Zero)
        {
            if (QueueTables.Seen(file, shelf.Name, dedupe, nowMs - (long)terms.Dedupe.TotalMilliseconds) is > 0 and var first)
            {
                shelf.Duplicates++;
                (ids[index], duplicates[index]) = (ids[index] == 0 ? first : ids[index], true);
                return;
            }

            QueueTables.Remember(file, shelf.Name, dedupe, nowMs, engine.LastId + 1);
        }

        var message = new QueuedMessage
        {
            Id = ++engine.LastId, Key = content.Key, Priority = content.Priority, AtMs = nowMs, Bytes = content.Head.Length + content.Body.Length,
        };
        var dueMs = content.Delay > TimeSpan.Zero ? nowMs + (long)content.Delay.TotalMilliseconds : 0;
        QueueTables.Insert(file, shelf.Name, message, dueMs, content);
        staged.Add((shelf, message, dueMs));
        shelf.Staged = (shelf.Staged.Count + 1, shelf.Staged.Bytes + message.Bytes);
        if (ids[index] == 0)
            ids[index] = message.Id;
    }

    static void Unstage(QueueShelf shelf, QueuedMessage message) => shelf.Staged = (shelf.Staged.Count - 1, shelf.Staged.Bytes - message.Bytes);
}

/// <summary>A consumer begins to wait; it is served by the same work as all others, in turn. Gives null, or why it cannot.</summary>
sealed class JoinWork(EmbeddedQueues engine, string queue, QueueWaiter waiter) : JournalWork<PullAnswer?>
{
    public override JournalNeed Need => JournalNeed.Read;

    public override void Write(JournalFile file)
    {
    }

    protected override PullAnswer? Finish()
    {
        if (engine.Find(queue) is not { } shelf)
            return new(QueueStatus.Unknown);
        if (waiter.Terms.Wait == TimeSpan.Zero && shelf.Book.Ready == 0)
            return new(QueueStatus.Done, Messages: []);
        shelf.Waiters.AddLast(waiter);
        engine.Changed(shelf);
        return null;
    }
}

/// <summary>A consumer waits no longer.</summary>
sealed class LeaveWork(EmbeddedQueues engine, string queue, QueueWaiter waiter) : JournalWork<bool>
{
    public override JournalNeed Need => JournalNeed.Read;

    public override void Write(JournalFile file)
    {
    }

    protected override bool Finish() => engine.Find(queue)?.Waiters.Remove(waiter) ?? false;
}

/// <summary>Hands messages to those who wait.</summary>
sealed class ServeWork(EmbeddedQueues engine, string queue) : JournalWork<bool>
{
    /// <summary>Bytes of one delivery; a larger message goes alone.</summary>
    const int MostBytes = 4 << 20;

    readonly List<(QueueWaiter Waiter, List<StoredMessage> Messages)> served = [];
    readonly List<QueuedMessage> taken = [];
    QueueShelf? shelf;

    public override JournalNeed Need => JournalNeed.Write;

    public override void Write(JournalFile file)
    {
        shelf = engine.Find(queue);
        if (shelf is null)
            return;
        shelf.Serving = false;
        while (shelf.Book.Ready > 0 && shelf.Waiters.First is { } first)
        {
            shelf.Waiters.RemoveFirst();
            if (first.Value.TryClaim())
                served.Add((first.Value, Serve(file, shelf, first.Value.Terms)));
        }
    }

    public override void Undo()
    {
        for (var i = taken.Count - 1; i >= 0; i--)
            shelf!.Book.PutBack(taken[i]);
        for (var i = served.Count - 1; i >= 0; i--)
        {
            served[i].Waiter.Unclaim();
            shelf!.Waiters.AddFirst(served[i].Waiter);
        }

        served.Clear();
        taken.Clear();
    }

    protected override bool Finish()
    {
        if (shelf is null)
            return false;
        shelf.Delivered += taken.Count;
        foreach (var (waiter, messages) in served)
            waiter.Served.TrySetResult(new(QueueStatus.Done, Messages: messages));
        Dismiss(w => w.Terms.Wait == TimeSpan.Zero, new(QueueStatus.Done, Messages: []));
        engine.Changed(shelf);
        return true;
    }

    // Nobody waits for a disk.
    public override void Fail(JournalStatus status, string why)
    {
        Dismiss(_ => true, new(QueueStatus.Unavailable, why));
        base.Fail(status, why);
    }

    void Dismiss(Func<QueueWaiter, bool> whom, PullAnswer answer)
    {
        foreach (var waiter in shelf?.Waiters.Where(whom).ToArray() ?? [])
        {
            shelf!.Waiters.Remove(waiter);
            if (waiter.TryLeave())
                waiter.Served.TrySetResult(answer);
        }
    }

    List<StoredMessage> Serve(JournalFile file, QueueShelf at, PullTerms terms)
    {
        var untilMs = engine.NowMs + (long)(terms.Visibility ?? at.Book.Terms.Visibility).TotalMilliseconds;
        var (messages, bytes) = (new List<StoredMessage>(), 0L);
        while (messages.Count < terms.Most && bytes < MostBytes)
        {
            var before = taken.Count;
            at.Book.Take(1, untilMs, taken);
            if (taken.Count == before)
                break;
            QueueTables.Mark(file, taken[before]);
            messages.Add(engine.Show(file, taken[before]));
            bytes += taken[before].Bytes;
        }

        return messages;
    }
}

/// <summary>What was served to a consumer who had left goes back, as if it had not been delivered.</summary>
sealed class ReturnWork(EmbeddedQueues engine, string queue, PullAnswer served) : JournalWork<bool>
{
    readonly List<QueuedMessage> returned = [];
    QueueShelf? shelf;

    public override JournalNeed Need => JournalNeed.Write;

    public override void Write(JournalFile file)
    {
        shelf = engine.Find(queue);
        foreach (var message in served.Messages ?? [])
        {
            if (shelf?.Book.Held(message.Id, message.Attempts) is { Settling: false } held)
            {
                held.Settling = true;
                returned.Add(held);
            }
        }
    }

    public override void Undo() => Release(putBack: false);

    protected override bool Finish()
    {
        Release(putBack: true);
        return true;
    }

    void Release(bool putBack)
    {
        foreach (var message in returned)
        {
            message.Settling = false;
            if (putBack)
                shelf!.Book.PutBack(message);
        }

        returned.Clear();
        if (shelf is not null)
            engine.Changed(shelf);
    }
}

/// <summary>What is due: delays that are over, consumers that were silent, messages that are too old.</summary>
sealed class TickWork(EmbeddedQueues engine) : JournalWork<bool>
{
    readonly List<QueuedMessage> changed = [], dropped = [];
    bool hasMore;

    // A loss of power brings back what is decided here, and it is decided again.
    public override JournalNeed Need => JournalNeed.Write;

    public override void Write(JournalFile file)
    {
        engine.Disarm();
        var nowMs = engine.NowMs;
        foreach (var shelf in engine.Shelves)
        {
            var (before, beforeDropped) = (changed.Count, dropped.Count);
            shelf.Book.Due(nowMs, changed, dropped);
            shelf.DeadLettered += changed.Skip(before).Count(m => m.State == MessageState.Dead);
            shelf.Retried += changed.Count - before;
            shelf.Expired += dropped.Count - beforeDropped;
        }

        foreach (var message in changed)
            QueueTables.Mark(file, message);
        foreach (var message in dropped)
            QueueTables.Delete(file, message.Id);
        hasMore = QueueTables.Forget(file, nowMs - engine.LongestDedupeMs);
        file.Shrink();
    }

    protected override bool Finish()
    {
        foreach (var shelf in engine.Shelves)
            engine.Changed(shelf);
        // Ids of duplicates and free pages want to be looked after also where nothing is due; slice by slice, so that others come in between.
        engine.Arm(engine.NowMs + (hasMore ? 20 : 60_000));
        return true;
    }
}
