using System.Text;
using Mainstay.State.Decide;

namespace Mainstay.State.Queues.Rabbit;

/// <content>The way to the broker, and what it hands over.</content>
public sealed partial class RabbitQueues
{
    /// <summary>Ids of messages begin with the time since then, so that one is never given twice even where nothing is left that remembers it.</summary>
    static readonly long EpochMs = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Envelopes that may be under way; each is there for a moment.</summary>
    const long MostEnvelopes = 100_000;

    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, (RabbitShelf Shelf, bool IsDead)> open = new(StringComparer.Ordinal);
    bool isRestoring;
    int envelopes;

    async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            RabbitLink? at = null;
            try
            {
                long number;
                lock (gate)
                    number = ++connection;
                at = await RabbitLink.OpenAsync(options, number, Arrive, stop);
                lock (gate)
                    (link, isRestoring) = (at, true);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, at.Lost);
                await RestoreAsync(at, either.Token);
                await ServeAsync(at, either.Token);
            }
            catch (Exception failed) when (RabbitLink.IsLoss(failed))
            {
                if (!stop.IsCancellationRequested)
                    Say(failed);
            }

            Lose();
            if (at is not null)
                await at.DisposeAsync();
            await Task.Delay(RetryAfter, TimeProvider.System, stop).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    void Say(Exception failed)
    {
        if (RabbitLink.IsLocked(failed))
            trouble = $"another Mainstay has the queues of RabbitMQ at {options.Address}: end it, or give this one a virtual host of its own";
        else if (failed is not OperationCanceledException)
            trouble = $"RabbitMQ at {options.Address}: {(failed.InnerException ?? failed).Message}";
        options.OnTrouble?.Invoke(trouble);
    }

    /// <summary>Opens what is declared, now and later, until the connection is lost.</summary>
    async Task ServeAsync(RabbitLink at, CancellationToken stop)
    {
        while (true)
        {
            Task woken;
            lock (gate)
            {
                if (shelves.Values.All(s => s.OpenOn == at.Number))
                    ready.TrySetResult();
                woken = wake.Task;
            }

            await woken.WaitAsync(stop);
            lock (gate)
                wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await OpenShelvesAsync(at, stop);
        }
    }

    // From now on nobody knows what of it is there.
    void Lose()
    {
        lock (gate)
        {
            link = null;
            if (ready.Task.IsCompleted)
                ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (var sending in sendings)
                sending.IsDoubtful = true;
        }
    }

    /// <summary>Reads what is at the broker: everything where this engine is new to it, else what was in doubt.</summary>
    async Task RestoreAsync(RabbitLink at, CancellationToken stop)
    {
        await at.DeclareAsync(Notes, stop);
        await at.DeclareAsync(Intake, stop);
        var notes = (await at.ReadAsync(Notes, body => RabbitNote.Decode(body) is not { IsOpening: true } opening || opening.Owner == stamp, stop)).Select(n => RabbitNote.Decode(n)).OfType<RabbitNote>().ToList();
        if (notes.LastOrDefault(n => n.IsOpening)?.Owner != stamp)
        {
            lock (gate)
                Reset(notes);
            await at.InTimeAsync(at.PublishAsync(Notes, new() { DeliveryMode = RabbitMQ.Client.DeliveryModes.Persistent }, new RabbitNote(stamp, true, lastId, [], []).Encode()));
        }

        var count = await at.AloneAsync(Intake, stop);
        lock (gate)
            envelopes = 0;
        await at.TakeAsync(Intake, Math.Max(count, MostEnvelopes), stop);
        await at.DrainedAsync(Intake, count, () => Volatile.Read(ref envelopes), stop);
        await OpenShelvesAsync(at, stop);
        Sending[] waiting;
        lock (gate)
            waiting = Resolve(at);
        foreach (var sending in waiting)
            await SpreadAsync(sending, at);
        lock (gate)
            isRestoring = false;
        // Told when it comes to that.
        trouble = $"the connection to RabbitMQ at {options.Address} was lost";
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Another engine may have had the queues meanwhile, or this one is new: what is in memory counts for nothing.</summary>
    void Reset(List<RabbitNote> notes)
    {
        foreach (var sending in sendings.ToArray())
            Abandon(sending);
        foreach (var parcel in parcels.Values)
            parcel.Fetching?.TrySetResult();
        parcels.Clear();
        seen.Clear();
        seenByAge.Clear();
        contentBytes = 0;
        foreach (var shelf in shelves.Values)
        {
            var old = shelf.Shelf;
            (shelf.Shelf, shelf.IsLoaded) = (new(old.Name, old.Book.Terms, old.Declared), false);
            foreach (var waiter in old.Waiters)
                shelf.Shelf.Waiters.AddLast(waiter);
        }

        settled.Set([.. notes.SelectMany(n => n.Ended)]);
        foreach (var one in notes.SelectMany(n => n.Seen).OrderBy(s => s.AtMs))
            Remember(one.Hash, one.Id, one.AtMs);
        lastId = notes.Select(n => n.LastId).Append(lastId).Append(Math.Max(0, NowMs - EpochMs) << 12).Max();
    }

    async Task OpenShelvesAsync(RabbitLink at, CancellationToken stop)
    {
        (RabbitShelf Shelf, bool IsOpen)[] all;
        lock (gate)
            all = [.. shelves.Values.Select(s => (s, s.OpenOn == at.Number))];
        foreach (var (shelf, _) in all.Where(s => !s.IsOpen))
        {
            await at.DeclareAsync(MainOf(shelf), stop);
            await at.DeclareAsync(DeadOf(shelf), stop);
        }

        await at.SettledAsync(stop);
        var counts = new Dictionary<RabbitShelf, long>();
        foreach (var (shelf, isOpen) in all)
        {
            var (main, dead) = (MainOf(shelf), DeadOf(shelf));
            var (count, countDead) = (0L, 0L);
            if (!isOpen)
            {
                (count, countDead) = (await at.AloneAsync(main, stop), await at.AloneAsync(dead, stop));
                counts[shelf] = count + countDead;
                lock (gate)
                    (open[main], open[dead], shelf.Arrived) = ((shelf, false), (shelf, true), 0);
            }

            // What is written anew is there twice for a moment.
            await at.TakeAsync(main, Math.Max(shelf.Book.Terms.MaxMessages, count) + options.MaxWaiting, stop);
            await at.TakeAsync(dead, Math.Max(shelf.Book.Terms.MaxMessages, countDead) + options.MaxWaiting, stop);
        }

        foreach (var (shelf, count) in counts)
        {
            await at.DrainedAsync(MainOf(shelf), count, () => shelf.Arrived, stop);
            lock (gate)
            {
                Load(shelf);
                shelf.OpenOn = at.Number;
            }
        }
    }

    /// <summary>What was read of a queue enters its book, in the order of ids.</summary>
    void Load(RabbitShelf shelf)
    {
        if (shelf.IsLoaded)
            return;
        Parcel[] read = [.. parcels.Values.Where(p => p.Shelf == shelf && p is { IsBooked: false, Sending: null }).OrderBy(p => p.Message.Id)];
        // Killed while a dead letter was replayed: the new message is there, so the letter is done with.
        foreach (var letter in read.Where(p => p.ReplayOf != 0).Select(p => parcels.GetValueOrDefault(p.ReplayOf)).OfType<Parcel>().Where(p => p is { IsBooked: false, Sending: null }).ToArray())
            Forget(letter);
        foreach (var parcel in read.Where(p => parcels.ContainsKey(p.Message.Id)))
            Enter(parcel);
        shelf.IsLoaded = true;
        Changed(shelf);
    }

    void Enter(Parcel parcel)
    {
        var (state, attempts, dueMs, why) = parcel.Read;
        parcel.IsBooked = true;
        parcel.Shelf.Book.Restore(parcel.Message, state, attempts, dueMs, why, NowMs);
        if (parcel.Dedupe is { } dedupe)
            Remember(HashOf(parcel.Shelf, dedupe), parcel.Message.Id, parcel.Message.AtMs);
        lastId = Math.Max(lastId, parcel.Message.Id);
    }

    /// <summary>What was under way when the connection was lost: stored where it has come, else as if it had never been. Gives the envelopes that have come.</summary>
    Sending[] Resolve(RabbitLink at)
    {
        var waiting = new List<Sending>();
        foreach (var sending in sendings.Where(s => s.IsDoubtful).ToArray())
        {
            if (sending.Id != 0)
            {
                if (sending.Held.Connection == at.Number)
                    waiting.Add(sending);
                else
                    Abandon(sending);
                continue;
            }

            // Of dead letters that are replayed, some may have come; each of these has ended its letter.
            var missing = sending.Parcels.Where(p => p.Parcel.HeldOn(at.Number) < 0).ToList();
            sending.Parcels.RemoveAll(missing.Contains);
            if (missing.Count > 0)
            {
                var none = new Sending(0);
                none.Parcels.AddRange(missing);
                sendings.Add(none);
                Abandon(none);
            }

            foreach (var letter in sending.Parcels.Select(p => parcels.GetValueOrDefault(p.Parcel.ReplayOf)).OfType<Parcel>().ToArray())
                End(letter);
            if (sending.Parcels.Count > 0)
            {
                Store(sending);
                continue;
            }

            sendings.Remove(sending);
            sending.Stored.TrySetResult(false);
        }

        return [.. waiting];
    }

    void Arrive(Handed handed)
    {
        lock (gate)
        {
            if (handed.Connection != connection || link is not { } at)
                return;
            if (handed.Queue == Intake)
            {
                ArriveEnvelope(handed, at);
                return;
            }

            if (!open.TryGetValue(handed.Queue, out var of))
                return;
            of.Shelf.Arrived++;
            if (RabbitLink.IsNothing(handed.Properties))
                at.Drop((handed.Connection, handed.Tag));
            else if (WireMessage.Read(handed.Properties) is { } wire)
                Arrive(handed, of.Shelf, wire, of.IsDead, at);
            else if (!of.IsDead)
                _ = AdoptAsync(of.Shelf, handed, at);
        }
    }

    void Arrive(in Handed handed, RabbitShelf shelf, WireMessage wire, bool isDead, RabbitLink at)
    {
        var parcel = parcels.GetValueOrDefault(wire.Id);
        switch (ArrivalDecide.Of(parcel is not null, parcel?.HeldOn(at.Number) ?? -1, wire.Revision, settled.Contains(wire.Id), !shelf.IsLoaded, wire.By == stamp))
        {
            case Arrival.Drop:
                at.Drop((handed.Connection, handed.Tag));
                break;
            case Arrival.Enter:
                parcel = new(shelf, new() { Id = wire.Id, Key = wire.Key, Priority = wire.Priority, AtMs = wire.AtMs, Bytes = wire.Head.Length + handed.Body.Length }) { By = wire.By, Dedupe = wire.Dedupe, ReplayOf = wire.ReplayOf };
                parcels.Add(wire.Id, parcel);
                Hold(parcel, handed, wire, isDead, at);
                if (shelf.IsLoaded)
                {
                    Enter(parcel);
                    Changed(shelf);
                }

                break;
            default:
                Hold(parcel!, handed, wire, isDead, at);
                break;
        }
    }

    void Hold(Parcel parcel, in Handed handed, WireMessage wire, bool isDead, RabbitLink at)
    {
        at.Drop(parcel.Held);
        (parcel.Held, parcel.HeldRevision, parcel.HeldAtMs) = ((handed.Connection, handed.Tag), wire.Revision, NowMs);
        if (wire.Revision >= parcel.Revision)
            (parcel.Revision, parcel.Read) = (wire.Revision, (isDead ? MessageState.Dead : MessageState.Ready, wire.Attempts, wire.DueMs, wire.Why));
        if (parcel.Content is null && (parcel.Fetching is not null || contentBytes + parcel.Message.Bytes <= options.ContentBytes))
            SetContent(parcel, (wire.Head, handed.Body));
        parcel.Fetching?.TrySetResult();
        parcel.Fetching = null;
    }

    void ArriveEnvelope(in Handed handed, RabbitLink at)
    {
        envelopes++;
        var held = (handed.Connection, handed.Tag);
        if (Envelope.Decode(handed.Body) is not { } envelope || settled.Contains(envelope.Id))
        {
            at.Drop(held);
            return;
        }

        var sending = sendings.FirstOrDefault(s => s.Id == envelope.Id);
        // Spread already, or known not to be there when it was asked for.
        if (sending is null && envelope.By == stamp)
        {
            at.Drop(held);
            return;
        }

        sending ??= Unpack(envelope, at);
        sending.Held = held;
        if (!isRestoring)
            _ = SpreadAsync(sending, at);
    }

    /// <summary>What an engine before this one had accepted, and may have written into some of the queues.</summary>
    Sending Unpack(Envelope envelope, RabbitLink at)
    {
        var sending = new Sending(envelope.Id) { By = at, IsDoubtful = true };
        foreach (var member in envelope.Members)
        {
            var content = envelope.Contents[member.Content];
            if (!shelves.TryGetValue(member.Queue, out var shelf))
                shelves[member.Queue] = shelf = new(new(member.Queue, new(), declared: false));
            var parcel = new Parcel(shelf, new() { Id = member.Id, Key = content.Key, Priority = content.Priority, AtMs = member.AtMs, Bytes = content.Head.Length + content.Body.Length }) { By = envelope.By, Dedupe = content.Dedupe };
            SetContent(parcel, (content.Head, content.Body));
            if (content.Dedupe is { } dedupe)
                Remember(HashOf(shelf, dedupe), member.Id, member.AtMs);
            lastId = Math.Max(lastId, member.Id);
            sending.Parcels.Add((parcel, member.DueMs));
        }

        Expect(sending);
        return sending;
    }

    /// <summary>What others have put into the queue at the broker is a message like any other, once it is written as such.</summary>
    async Task AdoptAsync(RabbitShelf shelf, Handed handed, RabbitLink at)
    {
        while (await NotReadyAsync(CancellationToken.None) is not null)
        {
            if (at.Lost.IsCancellationRequested || ending.IsCancellationRequested)
                return;
        }

        var message = Foreign(handed);
        List<Task<bool>> others = [];
        Sending? sending;
        lock (gate)
        {
            if (Stage(new(shelf.Name), [message], others, out sending, isForced: true).Status != QueueStatus.Done)
                return;
            if (sending is not null)
                others.Add(sending.Stored.Task);
        }

        if (sending is not null)
            await SendAsync(sending);
        if (await AreStoredAsync(others))
            at.Drop((handed.Connection, handed.Tag));
    }

    // CloudEvents AMQP binding 3.1: attributes are headers with a prefix; brokers and libraries write it in two ways.
    static NewMessage Foreign(in Handed handed)
    {
        var attributes = (handed.Properties.Headers ?? new Dictionary<string, object?>()).Where(h => h.Key.StartsWith("cloudEvents", StringComparison.Ordinal) && h.Key.Length > 12 && h.Value is byte[])
            .Select(h => KeyValuePair.Create(h.Key[12..], Uri.EscapeDataString(Encoding.UTF8.GetString((byte[])h.Value!))));
        var message = CloudEvents.Read(attributes, handed.Properties.ContentType, handed.Body.ToArray(), out _) ?? new() { Head = "{}"u8.ToArray(), Body = handed.Body };
        return message.DedupeId is null && handed.Properties.MessageId is { Length: > 0 and <= 200 } id ? message with { DedupeId = id } : message;
    }
}
