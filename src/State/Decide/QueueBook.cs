using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide;

/// <summary>
/// The order of one queue: who is next, who waits, who is with a consumer. It decides and remembers, and touches nothing: time is handed in, and
/// what has to be written down is told.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Of a key, only the message with the smallest id can be taken; the next one follows when that is acknowledged, dead or dropped.</item>
/// <item>Among those that can be taken, the highest priority comes first, and of one priority the smallest id.</item>
/// <item>A message in flight whose time is over has been delivered in vain, as if the consumer had given it back.</item>
/// </list>
/// </remarks>
public sealed class QueueBook(MessageQueueSpec terms)
{
    const int Slack = 1024;

    readonly Dictionary<long, QueuedMessage> all = [];
    readonly Dictionary<string, KeyLine> keys = new(StringComparer.Ordinal);
    readonly SortedDictionary<long, QueuedMessage> dead = [];
    readonly PriorityQueue<QueuedMessage, (int, long)> ready = new();
    readonly PriorityQueue<QueuedMessage, (long Due, long Id)> later = new();
    readonly PriorityQueue<QueuedMessage, (long Until, long Id)> flying = new();
    readonly Queue<QueuedMessage> byAge = new();

    /// <summary>What holds from now on.</summary>
    public MessageQueueSpec Terms { get; set; } = terms;

    /// <summary>All messages, dead ones included.</summary>
    public int Count => all.Count;

    /// <summary>Of all messages.</summary>
    public long Bytes { get; private set; }

    public int Ready { get; private set; }

    /// <summary>Held back until their time, or behind others of their key.</summary>
    public int Waiting { get; private set; }

    public int InFlight { get; private set; }

    public int Dead => dead.Count;

    /// <summary>When the oldest message was published that is neither settled nor dead, nor still in flight after its retention; null where there is none.</summary>
    public long? OldestMs => Oldest()?.AtMs;

    /// <summary>When <see cref="Due"/> may have something to do; <see cref="long.MaxValue"/> where nothing is waited for.</summary>
    public long NextMs
    {
        get
        {
            var next = long.MaxValue;
            if (later.TryPeek(out _, out var delayed))
                next = delayed.Due;
            if (flying.TryPeek(out _, out var held))
                next = Math.Min(next, held.Until);
            return Oldest() is { } oldest ? Math.Min(next, oldest.AtMs + (long)Terms.Retention.TotalMilliseconds) : next;
        }
    }

    /// <summary>The message with this id; null where it is not here.</summary>
    public QueuedMessage? Find(long id) => all.GetValueOrDefault(id);

    /// <summary>The message that is in flight by this delivery; null where the delivery is over.</summary>
    public QueuedMessage? Held(long id, int attempt) => Find(id) is { State: MessageState.InFlight } m && m.Attempts == attempt ? m : null;

    /// <summary>Messages that are not dead, oldest first.</summary>
    public IEnumerable<QueuedMessage> Living => byAge.Where(m => m.State is not (MessageState.Gone or MessageState.Dead));

    /// <summary>Dead letters, oldest first.</summary>
    public IEnumerable<QueuedMessage> Letters => dead.Values;

    /// <summary>Takes in a new message, to be held back until <paramref name="dueMs"/>; ids have to grow.</summary>
    public void Add(QueuedMessage message, long dueMs, long nowMs)
    {
        Enter(message);
        message.DueMs = dueMs;
        if (Comes(message))
            Place(message, nowMs);
    }

    /// <summary>Takes in a message as it was written down; in the order of ids, for a book that is made anew.</summary>
    public void Restore(QueuedMessage message, MessageState state, int attempts, long dueMs, string? why, long nowMs)
    {
        (message.Attempts, message.DueMs, message.Why) = (attempts, dueMs, why);
        if (state == MessageState.Dead)
        {
            all.Add(message.Id, message);
            Bytes += message.Bytes;
            Bury(message);
            return;
        }

        Enter(message);
        if (!Comes(message))
            return;
        if (state == MessageState.InFlight)
            Fly(message);
        else
            Place(message, nowMs);
    }

    /// <summary>Hands out the next messages, at most so many; each is in flight until <paramref name="untilMs"/>.</summary>
    public void Take(int most, long untilMs, List<QueuedMessage> taken)
    {
        while (most > 0 && ready.TryDequeue(out var message, out _))
        {
            if (message.State != MessageState.Ready)
                continue;
            Ready--;
            message.Attempts++;
            message.DueMs = untilMs;
            Fly(message);
            taken.Add(message);
            most--;
        }
    }

    /// <summary>Takes a delivery back that never left.</summary>
    public void PutBack(QueuedMessage message)
    {
        InFlight--;
        message.Attempts--;
        Offer(message);
    }

    /// <summary>A message is done with: acknowledged or purged.</summary>
    public void Remove(QueuedMessage message, long nowMs)
    {
        var wasDead = message.State == MessageState.Dead;
        Leave(message);
        message.State = MessageState.Gone;
        all.Remove(message.Id);
        Bytes -= message.Bytes;
        if (!wasDead)
            Advance(message, nowMs);
    }

    /// <summary>A delivery was in vain: again after a wait, or dead. <paramref name="afterMs"/> is the wait that was asked for; null for the usual one.</summary>
    public void Fail(QueuedMessage message, long nowMs, long? afterMs, string why)
    {
        Leave(message);
        message.Why = why;
        if (QueueDecide.IsDead(Terms, message.Attempts, nowMs - message.AtMs))
        {
            Bury(message);
            Advance(message, nowMs);
            return;
        }

        message.DueMs = nowMs + (afterMs ?? QueueDecide.BackoffMs(Terms, message.Attempts));
        Place(message, nowMs);
    }

    /// <summary>Gives up on a message at once.</summary>
    public void Kill(QueuedMessage message, long nowMs, string why)
    {
        Leave(message);
        message.Why = why;
        Bury(message);
        Advance(message, nowMs);
    }

    /// <summary>The consumer needs longer.</summary>
    public void Extend(QueuedMessage message, long untilMs)
    {
        message.DueMs = untilMs;
        flying.Enqueue(message, (untilMs, message.Id));
        if (flying.Count > (2 * InFlight) + Slack)
            Rebuild(flying, m => m.State == MessageState.InFlight, m => (m.DueMs, m.Id));
    }

    /// <summary>
    /// Brings the book to <paramref name="nowMs"/>. <paramref name="changed"/> gets what was in vain, because its consumer was silent or its time is
    /// over after a delivery; <paramref name="dropped"/> gets what nobody took in its time.
    /// </summary>
    public void Due(long nowMs, List<QueuedMessage> changed, List<QueuedMessage> dropped)
    {
        while (later.TryPeek(out var delayed, out var at) && at.Due <= nowMs)
        {
            later.Dequeue();
            if (delayed.State == MessageState.Later && delayed.DueMs == at.Due)
            {
                Waiting--;
                Offer(delayed);
            }
        }

        while (flying.TryPeek(out var held, out var until) && until.Until <= nowMs)
        {
            flying.Dequeue();
            // An extension leaves its old time behind; what is being settled is not silent.
            if (held.State != MessageState.InFlight || held.DueMs != until.Until || held.Settling)
                continue;
            Fail(held, nowMs, null, "its consumer did not answer in time");
            changed.Add(held);
        }

        while (Oldest() is { } oldest && QueueDecide.IsOver(Terms, nowMs - oldest.AtMs))
        {
            byAge.Dequeue();
            // What is in flight is judged when it comes back.
            if (oldest.State == MessageState.InFlight)
                continue;
            if (oldest.Attempts > 0)
            {
                Kill(oldest, nowMs, "it was delivered in vain until its retention was over");
                changed.Add(oldest);
            }
            else
            {
                Remove(oldest, nowMs);
                dropped.Add(oldest);
            }
        }
    }

    void Enter(QueuedMessage message)
    {
        all.Add(message.Id, message);
        Bytes += message.Bytes;
        byAge.Enqueue(message);
        if (byAge.Count <= (2 * (all.Count - dead.Count)) + Slack)
            return;
        List<QueuedMessage> kept = [.. Living];
        byAge.Clear();
        foreach (var one in kept)
            byAge.Enqueue(one);
    }

    // False where others of its key are before it.
    bool Comes(QueuedMessage message)
    {
        if (message.Key is not { } key)
            return true;
        if (!keys.TryGetValue(key, out var line))
        {
            keys[key] = new KeyLine(message);
            return true;
        }

        line.Behind.Enqueue(message);
        message.State = MessageState.Behind;
        Waiting++;
        return false;
    }

    void Place(QueuedMessage message, long nowMs)
    {
        if (message.DueMs <= nowMs)
        {
            Offer(message);
            return;
        }

        message.State = MessageState.Later;
        Waiting++;
        later.Enqueue(message, (message.DueMs, message.Id));
        if (later.Count > (2 * Waiting) + Slack)
            Rebuild(later, m => m.State == MessageState.Later, m => (m.DueMs, m.Id));
    }

    void Offer(QueuedMessage message)
    {
        message.State = MessageState.Ready;
        Ready++;
        ready.Enqueue(message, (-message.Priority, message.Id));
        if (ready.Count > (2 * Ready) + Slack)
            Rebuild(ready, m => m.State == MessageState.Ready, m => (-m.Priority, m.Id));
    }

    void Fly(QueuedMessage message)
    {
        message.State = MessageState.InFlight;
        InFlight++;
        flying.Enqueue(message, (message.DueMs, message.Id));
        if (flying.Count > (2 * InFlight) + Slack)
            Rebuild(flying, m => m.State == MessageState.InFlight, m => (m.DueMs, m.Id));
    }

    void Bury(QueuedMessage message)
    {
        message.State = MessageState.Dead;
        dead.Add(message.Id, message);
    }

    // Out of the counts of its state; the heaps drop it when they come upon it.
    void Leave(QueuedMessage message)
    {
        switch (message.State)
        {
            case MessageState.Ready:
                Ready--;
                break;
            case MessageState.InFlight:
                InFlight--;
                break;
            case MessageState.Behind or MessageState.Later:
                Waiting--;
                break;
            case MessageState.Dead:
                dead.Remove(message.Id);
                break;
        }
    }

    // The head of a key is gone: the next one comes. One that leaves from behind is skipped then.
    void Advance(QueuedMessage message, long nowMs)
    {
        if (message.Key is not { } key || !keys.TryGetValue(key, out var line) || line.Head != message)
            return;
        while (line.Behind.TryDequeue(out var next))
        {
            if (next.State != MessageState.Behind)
                continue;
            line.Head = next;
            Waiting--;
            Place(next, nowMs);
            return;
        }

        keys.Remove(key);
    }

    QueuedMessage? Oldest()
    {
        while (byAge.TryPeek(out var oldest))
        {
            if (oldest.State is not (MessageState.Gone or MessageState.Dead))
                return oldest;
            byAge.Dequeue();
        }

        return null;
    }

    static void Rebuild<T>(PriorityQueue<QueuedMessage, T> heap, Func<QueuedMessage, bool> holds, Func<QueuedMessage, T> order)
    {
        QueuedMessage[] kept = [.. heap.UnorderedItems.Select(i => i.Element).Where(holds).Distinct()];
        heap.Clear();
        foreach (var one in kept)
            heap.Enqueue(one, order(one));
    }

    sealed class KeyLine(QueuedMessage head)
    {
        public QueuedMessage Head { get; set; } = head;

        public Queue<QueuedMessage> Behind { get; } = new();
    }
}
