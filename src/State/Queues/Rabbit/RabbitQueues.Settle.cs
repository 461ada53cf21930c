using Mainstay.State.Decide;

namespace Mainstay.State.Queues.Rabbit;

/// <content>How messages go out: settled, replayed, purged, too old.</content>
public sealed partial class RabbitQueues
{
    const int MostWhy = 500;

    static readonly TimeSpan TickEvery = TimeSpan.FromMinutes(1);

    /// <summary>A copy that is held for longer is given back and taken again: brokers close channels that hold one for half an hour.</summary>
    static readonly TimeSpan LongestHeld = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public async Task<SettleAnswer> SettleAsync(string queue, IReadOnlyList<Settlement> settlements, CancellationToken stop)
    {
        if (await NotReadyAsync(stop) is { } why)
            return new(QueueStatus.Unavailable, why);
        List<(Parcel Parcel, Settlement Settlement)> held = [];
        List<string> gone = [];
        RabbitShelf? shelf;
        RabbitLink? at;
        lock (gate)
        {
            (shelf, at) = (Find(queue), link);
            if (shelf is null)
                return new(QueueStatus.Unknown);
            if (at is null)
                return new(QueueStatus.Unavailable, trouble);
            foreach (var settlement in settlements)
            {
                if (!TryReadReceipt(settlement.Receipt, out var id, out var attempt) || shelf.Book.Held(id, attempt) is not { Settling: false } message)
                {
                    gone.Add(settlement.Receipt);
                    continue;
                }

                message.Settling = true;
                held.Add((parcels[id], settlement));
            }
        }

        if (!await WriteAsync(at, [.. held.Where(h => h.Settlement.As == SettleAs.Ack).Select(h => h.Parcel)], [.. held.Where(h => h.Settlement.As is SettleAs.Retry or SettleAs.Dead).Select(h => Standing(h.Parcel, h.Settlement))]))
        {
            lock (gate)
                Release(held.Select(h => h.Parcel));
            return new(QueueStatus.Unavailable, trouble);
        }

        lock (gate)
        {
            foreach (var (parcel, settlement) in held)
                Settle(parcel, settlement);
            Changed(shelf);
        }

        return new(QueueStatus.Done, Settled: held.Count, Gone: gone);
    }

    /// <inheritdoc/>
    public async Task<CountAnswer> ReplayAsync(string queue, IReadOnlyList<long>? ids, CancellationToken stop)
    {
        IEnumerable<QueuedMessage> Wanted(QueueBook book) => ids is null ? book.Letters : ids.Distinct().Select(book.Find).OfType<QueuedMessage>().Where(m => m.State == MessageState.Dead);
        var (claim, refused) = await ClaimAsync(queue, Wanted, stop);
        if (claim is not var (shelf, at, letters))
            return refused!;

        // In slices, so that their contents need not be in memory all at once.
        var count = 0;
        foreach (var slice in letters.Chunk(500))
        {
            if (!await ReplayAsync(shelf, at, slice))
            {
                lock (gate)
                    Release(letters.Skip(count));
                return new(QueueStatus.Unavailable, $"{trouble}; {count} are replayed");
            }

            count += slice.Length;
        }

        return new(QueueStatus.Done, Count: count);
    }

    /// <inheritdoc/>
    public async Task<CountAnswer> PurgeAsync(string queue, bool dead, CancellationToken stop)
    {
        var (claim, refused) = await ClaimAsync(queue, book => dead ? book.Letters : book.Living, stop);
        if (claim is not var (shelf, at, purged))
            return refused!;
        if (!await WriteAsync(at, purged, []))
        {
            lock (gate)
                Release(purged);
            return new(QueueStatus.Unavailable, trouble);
        }

        lock (gate)
        {
            // From behind, so that no message of a key becomes the next one only to be purged too.
            foreach (var parcel in Enumerable.Reverse(purged))
                End(parcel);
            Changed(shelf);
        }

        return new(QueueStatus.Done, Count: purged.Count);
    }

    /// <summary>Takes some of a queue's messages for itself, those that nobody else settles, as long as the broker is there; else says why not.</summary>
    async Task<((RabbitShelf Shelf, RabbitLink At, List<Parcel> Parcels)? Claim, CountAnswer? Refused)> ClaimAsync(string queue, Func<QueueBook, IEnumerable<QueuedMessage>> which, CancellationToken stop)
    {
        if (await NotReadyAsync(stop) is { } why)
            return (null, new(QueueStatus.Unavailable, why));
        lock (gate)
        {
            if (Find(queue) is not { } shelf)
                return (null, new(QueueStatus.Unknown));
            if (link is not { } at)
                return (null, new(QueueStatus.Unavailable, trouble));
            List<Parcel> claimed = [.. which(shelf.Book).Where(m => !m.Settling).Select(m => parcels[m.Id])];
            foreach (var parcel in claimed)
                parcel.Message.Settling = true;
            return ((shelf, at, claimed), null);
        }
    }

    /// <summary>Dead letters become new messages: the new one names the old, so that killed between the two only one of them comes back.</summary>
    async Task<bool> ReplayAsync(RabbitShelf shelf, RabbitLink at, Parcel[] letters)
    {
        var contents = await Task.WhenAll(letters.Select(ContentAsync));
        if (contents.Contains(null))
            return false;
        Sending sending;
        lock (gate)
        {
            sending = new(0) { By = at };
            foreach (var (letter, content) in letters.Zip(contents))
            {
                var renewed = new Parcel(shelf, new() { Id = ++lastId, Key = letter.Message.Key, Priority = letter.Message.Priority, AtMs = NowMs, Bytes = letter.Message.Bytes }) { By = stamp, Dedupe = letter.Dedupe, ReplayOf = letter.Message.Id };
                SetContent(renewed, content);
                sending.Parcels.Add((renewed, 0));
            }

            Expect(sending);
        }

        try
        {
            Task[] confirmed;
            lock (gate)
            {
                if (!sendings.Contains(sending))
                    return false;
                confirmed = [.. sending.Parcels.Select(p => Write(p.Parcel, 0, at))];
            }

            await at.InTimeAsync(confirmed);
            await NoteAsync(at, [.. letters.Select(l => l.Message.Id)], []);
        }
        catch (Exception failed) when (RabbitLink.IsLoss(failed))
        {
            await GiveUpAsync(at, failed);
            return false;
        }

        lock (gate)
        {
            // Where the connection was lost meanwhile, what has become of them is decided already.
            if (!sendings.Contains(sending))
                return false;
            foreach (var letter in letters)
                End(letter);
            Store(sending);
            shelf.Shelf.Published -= letters.Length;
        }

        return true;
    }

    /// <summary>Writes that some messages are done with, and newer copies of others; false where that is not known to be done.</summary>
    async Task<bool> WriteAsync(RabbitLink at, IReadOnlyList<Parcel> ended, IReadOnlyList<(Parcel Parcel, MessageState State, int Attempts, long DueMs, string? Why)> changed)
    {
        var contents = await Task.WhenAll(changed.Select(c => ContentAsync(c.Parcel)));
        if (contents.Contains(null))
            return false;
        List<Task> writing = [];
        lock (gate)
        {
            foreach (var (parcel, state, attempts, dueMs, why) in changed)
            {
                parcel.Revision++;
                var wire = WireOf(parcel, parcel.Revision, attempts, dueMs, why);
                writing.Add(at.PublishAsync(state == MessageState.Dead ? DeadOf(parcel.Shelf) : MainOf(parcel.Shelf), wire.Write(), parcel.Content!.Value.Body));
            }
        }

        if (ended.Count > 0)
            writing.Add(NoteAsync(at, [.. ended.Select(p => p.Message.Id)], [.. ended.Where(p => p.Dedupe is not null).Select(p => new SeenId(HashOf(p.Shelf, p.Dedupe!), p.Message.Id, p.Message.AtMs))]));
        try
        {
            await at.InTimeAsync(writing);
            return true;
        }
        catch (Exception failed) when (RabbitLink.IsLoss(failed))
        {
            await GiveUpAsync(at, failed);
            return false;
        }
    }

    (Parcel Parcel, MessageState State, int Attempts, long DueMs, string? Why) Standing(Parcel parcel, in Settlement settlement)
    {
        var (terms, nowMs, message) = (parcel.Shelf.Book.Terms, NowMs, parcel.Message);
        var isDead = settlement.As == SettleAs.Dead || QueueDecide.IsDead(terms, message.Attempts, nowMs - message.AtMs);
        return (parcel, isDead ? MessageState.Dead : MessageState.Later, message.Attempts, nowMs + (settlement.After is { } after ? Ms(after) : QueueDecide.BackoffMs(terms, message.Attempts)), Short(settlement));
    }

    void Settle(Parcel parcel, in Settlement settlement)
    {
        var (message, book, shelf) = (parcel.Message, parcel.Shelf.Book, parcel.Shelf.Shelf);
        message.Settling = false;
        // Read anew meanwhile, or purged.
        if (!ReferenceEquals(parcels.GetValueOrDefault(message.Id), parcel) || message.State != MessageState.InFlight)
            return;
        switch (settlement.As)
        {
            case SettleAs.Ack:
                End(parcel);
                shelf.Acked++;
                return;
            case SettleAs.Extend:
                book.Extend(message, NowMs + Ms(settlement.After ?? book.Terms.Visibility));
                return;
            case SettleAs.Dead:
                book.Kill(message, NowMs, Short(settlement));
                break;
            default:
                book.Fail(message, NowMs, settlement.After is { } after ? Ms(after) : null, Short(settlement));
                break;
        }

        shelf.Retried++;
        shelf.DeadLettered += message.State == MessageState.Dead ? 1 : 0;
    }

    // What came due meanwhile was passed over.
    void Release(IEnumerable<Parcel> parcelsOf)
    {
        foreach (var message in parcelsOf.Select(p => p.Message))
        {
            message.Settling = false;
            if (message.State == MessageState.InFlight && parcels.TryGetValue(message.Id, out var known))
                known.Shelf.Book.Extend(message, message.DueMs);
        }

        foreach (var shelf in shelves.Values)
            Changed(shelf);
    }

    /// <summary>A message is done with, and that is written.</summary>
    void End(Parcel parcel)
    {
        if (!ReferenceEquals(parcels.GetValueOrDefault(parcel.Message.Id), parcel))
            return;
        parcel.Shelf.Book.Remove(parcel.Message, NowMs);
        Forget(parcel);
    }

    void Forget(Parcel parcel)
    {
        parcels.Remove(parcel.Message.Id);
        SetContent(parcel, null);
        // What another engine accepted could be handed over once more, and is not to be taken for new.
        if (parcel.By != stamp)
            settled.Add(parcel.Message.Id);
        link?.Drop(parcel.Held);
        parcel.Fetching?.TrySetResult();
    }

    bool TryReadReceipt(string receipt, out long id, out int attempt)
    {
        (id, attempt) = (0, 0);
        return receipt is { Length: <= 64 } && receipt.EndsWith("-" + lease, StringComparison.Ordinal) && QueueDecide.TryReadReceipt(receipt[..^(lease.Length + 1)], out id, out attempt);
    }

    /// <summary>Ticks no later than then.</summary>
    void Arm(long atMs)
    {
        if (atMs >= armedMs)
            return;
        armedMs = atMs;
        timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(atMs - NowMs, 1, 86_400_000)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>What is due: delays that are over, consumers that were silent, messages that are too old, copies that are held for long.</summary>
    void Tick()
    {
        lock (gate)
        {
            if (ending.IsCancellationRequested)
                return;
            armedMs = long.MaxValue;
            var nowMs = NowMs;
            List<QueuedMessage> changed = [], dropped = [];
            foreach (var shelf in shelves.Values.Where(s => s.IsLoaded))
            {
                var (before, beforeDropped) = (changed.Count, dropped.Count);
                shelf.Book.Due(nowMs, changed, dropped);
                shelf.Shelf.DeadLettered += changed.Skip(before).Count(m => m.State == MessageState.Dead);
                shelf.Shelf.Retried += changed.Count - before;
                shelf.Shelf.Expired += dropped.Count - beforeDropped;
            }

            Write(changed, dropped);
            Age(nowMs);
            foreach (var shelf in shelves.Values)
                Changed(shelf);
            Arm(nowMs + (long)TickEvery.TotalMilliseconds);
        }
    }

    // Nobody waits for it; what is lost of it is decided again.
    void Write(List<QueuedMessage> changed, List<QueuedMessage> dropped)
    {
        Parcel[] over = [.. dropped.Select(m => parcels[m.Id])];
        var standing = changed.Select(m => (parcels[m.Id], m.State, m.Attempts, m.DueMs, m.Why)).ToArray();
        foreach (var parcel in over)
            Forget(parcel);
        if (link is { } at && over.Length + standing.Length > 0)
            _ = WriteAsync(at, over, standing);
    }

    void Age(long nowMs)
    {
        var longest = (long)shelves.Values.Select(s => s.Book.Terms.Dedupe).DefaultIfEmpty(TimeSpan.Zero).Max().TotalMilliseconds;
        while (seenByAge.TryPeek(out var oldest) && nowMs - oldest.AtMs > longest)
        {
            seenByAge.Dequeue();
            if (seen.TryGetValue(oldest.Hash, out var one) && one.AtMs == oldest.AtMs)
                seen.Remove(oldest.Hash);
        }

        foreach (var parcel in parcels.Values.Where(p => nowMs - p.HeldAtMs > (long)LongestHeld.TotalMilliseconds))
            GiveBack(parcel);
    }

    static long Ms(TimeSpan span) => (long)span.TotalMilliseconds;

    static string Short(in Settlement settlement) => settlement.Why switch
    {
        null or "" => "its consumer gave it back",
        { Length: > MostWhy } longer => longer[..MostWhy],
        var why => why,
    };
}
