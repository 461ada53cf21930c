using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Queues;

/// <summary>Ends deliveries, or prolongs them.</summary>
sealed class SettleWork(EmbeddedQueues engine, string queue, IReadOnlyList<Settlement> settlements) : JournalWork<SettleAnswer>
{
    const int MostWhy = 500;

    readonly List<(QueuedMessage Message, Settlement Settlement)> held = [];
    readonly List<string> gone = [];
    QueueShelf? shelf;
    long nowMs;

    public override void Write(JournalFile file)
    {
        gone.Clear();
        shelf = engine.Find(queue);
        if (shelf is null)
            return;
        nowMs = engine.NowMs;
        foreach (var settlement in settlements)
        {
            if (!QueueDecide.TryReadReceipt(settlement.Receipt, out var id, out var attempt) || shelf.Book.Held(id, attempt) is not { Settling: false } message)
            {
                gone.Add(settlement.Receipt);
                continue;
            }

            message.Settling = true;
            held.Add((message, settlement));
            if (settlement.As == SettleAs.Ack)
                QueueTables.Delete(file, id);
            else
                Note(file, message, settlement);
        }
    }

    // Written ahead of the book, which follows in Finish: a copy says how it is going to stand.
    void Note(JournalFile file, QueuedMessage message, in Settlement settlement)
    {
        var terms = shelf!.Book.Terms;
        var (state, dueMs) = settlement.As switch
        {
            SettleAs.Extend => (MessageState.InFlight, nowMs + Ms(settlement.After ?? terms.Visibility)),
            SettleAs.Dead => (MessageState.Dead, nowMs),
            _ when QueueDecide.IsDead(terms, message.Attempts, nowMs - message.AtMs) => (MessageState.Dead, nowMs),
            _ => (MessageState.Later, nowMs + (settlement.After is { } after ? Ms(after) : QueueDecide.BackoffMs(terms, message.Attempts))),
        };
        QueueTables.Mark(file, new QueuedMessage
        {
            Id = message.Id, AtMs = message.AtMs, Bytes = message.Bytes, State = state, Attempts = message.Attempts, DueMs = dueMs,
            Why = settlement.As == SettleAs.Extend ? message.Why : Short(settlement),
        });
    }

    public override void Undo()
    {
        foreach (var (message, _) in held)
        {
            message.Settling = false;
            // What came due meanwhile was passed over.
            shelf!.Book.Extend(message, message.DueMs);
        }

        held.Clear();
        if (shelf is not null)
            engine.Changed(shelf);
    }

    protected override SettleAnswer Finish()
    {
        if (shelf is null)
            return new(QueueStatus.Unknown);
        foreach (var (message, settlement) in held)
        {
            message.Settling = false;
            // Purged by the same group of works.
            if (message.State != MessageState.InFlight)
                continue;
            Settle(shelf, message, settlement);
        }

        engine.Changed(shelf);
        return new(QueueStatus.Done, Settled: held.Count, Gone: gone);
    }

    void Settle(QueueShelf at, QueuedMessage message, in Settlement settlement)
    {
        switch (settlement.As)
        {
            case SettleAs.Ack:
                at.Book.Remove(message, nowMs);
                at.Acked++;
                return;
            case SettleAs.Extend:
                at.Book.Extend(message, nowMs + Ms(settlement.After ?? at.Book.Terms.Visibility));
                return;
            case SettleAs.Dead:
                at.Book.Kill(message, nowMs, Short(settlement));
                break;
            default:
                at.Book.Fail(message, nowMs, settlement.After is { } after ? Ms(after) : null, Short(settlement));
                break;
        }

        at.Retried++;
        at.DeadLettered += message.State == MessageState.Dead ? 1 : 0;
    }

    static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    static string Short(in Settlement settlement) => settlement.Why switch
    {
        null or "" => "its consumer gave it back",
        { Length: > MostWhy } longer => longer[..MostWhy],
        var why => why,
    };
}

/// <summary>Puts dead letters back as new messages, which have all deliveries before them again.</summary>
sealed class ReplayWork(EmbeddedQueues engine, string queue, IReadOnlyList<long>? ids) : JournalWork<CountAnswer>
{
    readonly List<(QueuedMessage Old, QueuedMessage New)> replayed = [];
    QueueShelf? shelf;
    long nowMs;

    public override void Write(JournalFile file)
    {
        shelf = engine.Find(queue);
        nowMs = engine.NowMs;
        var letters = shelf is null ? [] : ids is null ? shelf.Book.Letters : ids.Distinct().Select(shelf.Book.Find).OfType<QueuedMessage>().Where(m => m.State == MessageState.Dead);
        foreach (var old in letters.Where(m => !m.Settling))
        {
            old.Settling = true;
            var renewed = new QueuedMessage { Id = ++engine.LastId, Key = old.Key, Priority = old.Priority, AtMs = nowMs, Bytes = old.Bytes };
            QueueTables.Renew(file, old.Id, renewed.Id, nowMs);
            replayed.Add((old, renewed));
        }

        if (replayed.Count > 0)
            QueueTables.KeepLastId(file, engine.LastId);
    }

    public override void Undo()
    {
        foreach (var (old, _) in replayed)
            old.Settling = false;
        replayed.Clear();
    }

    protected override CountAnswer Finish()
    {
        if (shelf is null)
            return new(QueueStatus.Unknown);
        foreach (var (old, renewed) in replayed)
        {
            shelf.Book.Remove(old, nowMs);
            shelf.Book.Add(renewed, 0, nowMs);
        }

        engine.Changed(shelf);
        return new(QueueStatus.Done, Count: replayed.Count);
    }
}

/// <summary>Deletes dead letters, or everything that is not dead.</summary>
sealed class PurgeWork(EmbeddedQueues engine, string queue, bool dead) : JournalWork<CountAnswer>
{
    readonly List<QueuedMessage> purged = [];
    QueueShelf? shelf;

    public override void Write(JournalFile file)
    {
        shelf = engine.Find(queue);
        if (shelf is null)
            return;
        foreach (var message in (dead ? shelf.Book.Letters : shelf.Book.Living).Where(m => !m.Settling))
        {
            message.Settling = true;
            QueueTables.Delete(file, message.Id);
            purged.Add(message);
        }
    }

    public override void Undo()
    {
        foreach (var message in purged)
        {
            message.Settling = false;
            if (message.State == MessageState.InFlight)
                shelf!.Book.Extend(message, message.DueMs);
        }

        purged.Clear();
    }

    protected override CountAnswer Finish()
    {
        if (shelf is null)
            return new(QueueStatus.Unknown);
        // From behind, so that no message of a key becomes the next one only to be purged too.
        foreach (var message in Enumerable.Reverse(purged))
            shelf.Book.Remove(message, engine.NowMs);
        engine.Changed(shelf);
        return new(QueueStatus.Done, Count: purged.Count);
    }
}
