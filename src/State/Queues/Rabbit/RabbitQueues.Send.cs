using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;
using RabbitMQ.Client;

namespace Mainstay.State.Queues.Rabbit;

/// <content>How messages come in.</content>
public sealed partial class RabbitQueues
{
    /// <summary>How long what was done is remembered at least; a broker and a server that are both away for longer may bring back what was acknowledged in their last moments.</summary>
    static readonly TimeSpan LeastNote = TimeSpan.FromMinutes(15);

    string Intake => options.Prefix + "intake";

    string Notes => options.Prefix + "notes";

    string MainOf(RabbitShelf shelf) => options.Prefix + "queue." + shelf.Name;

    string DeadOf(RabbitShelf shelf) => options.Prefix + "dead." + shelf.Name;

    /// <summary>Accepts messages: gives them ids, and room. What comes of it is told where nothing is to be sent.</summary>
    PublishAnswer Stage(PublishTo target, IReadOnlyList<NewMessage> messages, List<Task<bool>> others, out Sending? sending, bool isForced = false)
    {
        sending = null;
        RabbitShelf[] to = target.IsTopic
            ? [.. shelves.Values.Where(s => s.Shelf.Declared && s.Book.Terms.Topics?.Contains(target.Name) == true).OrderBy(s => s.Name, StringComparer.Ordinal)]
            : Find(target.Name) is { } one ? [one] : [];
        if (to.Length == 0)
            return new(QueueStatus.Unknown);
        if (link is not { } at)
            return new(QueueStatus.Unavailable, trouble);
        if (!isForced && (Refuse(target, to, messages) ?? Busy(at, messages.Count)) is { } refused)
            return refused;
        var (ids, duplicates, nowMs) = (new long[messages.Count], new bool[messages.Count], NowMs);
        var staged = new List<(Parcel Parcel, long DueMs)>();
        foreach (var shelf in to)
        {
            for (var i = 0; i < messages.Count; i++)
            {
                if (target.IsTopic && !shelf.Book.Terms.Wants(messages[i].Type))
                    continue;
                if (First(shelf, messages[i], nowMs) is { } first)
                {
                    shelf.Shelf.Duplicates++;
                    (ids[i], duplicates[i]) = (ids[i] == 0 ? first : ids[i], true);
                    if (parcels.GetValueOrDefault(first)?.Sending is { } under)
                        others.Add(under.Stored.Task);
                    continue;
                }

                var parcel = Make(shelf, messages[i], nowMs);
                staged.Add((parcel, messages[i].Delay > TimeSpan.Zero ? nowMs + (long)messages[i].Delay.TotalMilliseconds : 0));
                if (ids[i] == 0)
                    ids[i] = parcel.Message.Id;
            }
        }

        if (staged.Count > 0)
        {
            sending = new(staged.Count == 1 ? 0 : -staged[0].Parcel.Message.Id) { By = at };
            sending.Parcels.AddRange(staged);
            Expect(sending);
        }

        return new(QueueStatus.Done, Ids: ids, Duplicates: duplicates);
    }

    Parcel Make(RabbitShelf shelf, NewMessage message, long nowMs)
    {
        var parcel = new Parcel(shelf, new() { Id = ++lastId, Key = message.Key, Priority = message.Priority, AtMs = nowMs, Bytes = message.Head.Length + message.Body.Length })
        {
            By = stamp, Dedupe = shelf.Book.Terms.Dedupe > TimeSpan.Zero ? message.DedupeId : null,
        };
        SetContent(parcel, (message.Head, message.Body));
        if (parcel.Dedupe is { } dedupe)
            Remember(HashOf(shelf, dedupe), lastId, nowMs);
        return parcel;
    }

    // They count for what is full, and are in no book yet.
    void Expect(Sending sending)
    {
        sendings.Add(sending);
        foreach (var (parcel, _) in sending.Parcels)
        {
            parcel.Sending = sending;
            parcels[parcel.Message.Id] = parcel;
            parcel.Shelf.Shelf.Staged = (parcel.Shelf.Shelf.Staged.Count + 1, parcel.Shelf.Shelf.Staged.Bytes + parcel.Message.Bytes);
            (stagedCount, stagedBytes) = (stagedCount + 1, stagedBytes + parcel.Message.Bytes);
        }
    }

    static PublishAnswer? Refuse(PublishTo target, RabbitShelf[] to, IReadOnlyList<NewMessage> messages)
    {
        foreach (var shelf in to)
        {
            var (count, bytes) = (0, 0L);
            foreach (var message in messages.Where(m => !target.IsTopic || shelf.Book.Terms.Wants(m.Type)))
            {
                var size = message.Head.Length + message.Body.Length;
                if (size > shelf.Book.Terms.MaxMessage.Bytes)
                    return new(QueueStatus.TooLarge, $"a message of {size} bytes, with its attributes, is larger than the {shelf.Book.Terms.MaxMessage} that the queue '{shelf.Name}' takes; send a reference to the content, or raise 'maxMessage'");
                (count, bytes) = (count + 1, bytes + size);
            }

            if (count > 0 && shelf.Shelf.Full(count, bytes) is { } full)
            {
                shelf.Shelf.Refused += count;
                return new(QueueStatus.Full, full);
            }
        }

        return null;
    }

    PublishAnswer? Busy(RabbitLink at, int more) => at.Blocked is { } blocked
        ? new(QueueStatus.Full, $"RabbitMQ takes no messages at the moment ({blocked}): give it memory or disk")
        : stagedCount + more > options.MaxWaiting || stagedBytes > options.ContentBytes
            ? new(QueueStatus.Full, "too much is on its way to RabbitMQ")
            : seen.Count + more > MostSeen ? new(QueueStatus.Full, $"{MostSeen} ids of producers are remembered, which is the most: lower 'dedupe' of the queues, or send fewer messages") : null;

    /// <summary>Sends what was accepted, and waits until it is stored or cannot be.</summary>
    async Task SendAsync(Sending sending)
    {
        var at = sending.By!;
        try
        {
            // Once an envelope is there, its own arrival has it spread.
            var isAlone = sending.Id == 0;
            Task confirmed;
            lock (gate)
            {
                if (!sendings.Contains(sending))
                    return;
                confirmed = isAlone ? Write(sending.Parcels[0].Parcel, sending.Parcels[0].DueMs, at) : at.PublishAsync(Intake, new() { DeliveryMode = DeliveryModes.Persistent }, EnvelopeOf(sending).Encode());
            }

            await at.InTimeAsync(confirmed);
            if (!isAlone)
                return;
            lock (gate)
                Store(sending);
        }
        catch (Exception failed) when (RabbitLink.IsLoss(failed))
        {
            // Whether it is there shows when everything is read again.
            await GiveUpAsync(at, failed);
        }
    }

    // The first copy of a message.
    Task Write(Parcel parcel, long dueMs, RabbitLink at) => at.PublishAsync(MainOf(parcel.Shelf), WireOf(parcel, 0, 0, dueMs, null).Write(), parcel.Content!.Value.Body);

    async Task GiveUpAsync(RabbitLink at, Exception failed)
    {
        if (!at.Lost.IsCancellationRequested)
            trouble = $"RabbitMQ did not do what it was asked: {failed.Message}";
        await at.BreakAsync();
    }

    async Task<bool> AreStoredAsync(List<Task<bool>> all)
    {
        try
        {
            return (await Task.WhenAll(all).WaitAsync(options.Patience, TimeProvider.System)).All(stored => stored);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Writes the messages of an envelope into their queues, as far as they are not there, and then that it is done with.</summary>
    async Task SpreadAsync(Sending sending, RabbitLink at)
    {
        try
        {
            Task[] confirmed;
            lock (gate)
            {
                // Read anew by now, with what is in the envelope.
                if (!sendings.Contains(sending))
                    return;
                confirmed = [.. sending.Parcels.Where(p => p.Parcel.HeldOn(at.Number) < 0).Select(p => Write(p.Parcel, p.DueMs, at))];
            }

            await at.InTimeAsync(confirmed);
            await NoteAsync(at, [sending.Id], []);
            lock (gate)
            {
                Store(sending);
                at.Drop(sending.Held);
            }
        }
        catch (Exception failed) when (RabbitLink.IsLoss(failed))
        {
            await GiveUpAsync(at, failed);
        }
    }

    /// <summary>What was sent is at the broker: it enters the books.</summary>
    void Store(Sending sending)
    {
        if (!sendings.Remove(sending))
            return;
        var nowMs = NowMs;
        foreach (var (parcel, dueMs) in sending.Parcels)
        {
            Unstage(parcel);
            parcel.IsBooked = true;
            parcel.Shelf.Book.Add(parcel.Message, dueMs, nowMs);
            parcel.Shelf.Shelf.Published++;
            if (contentBytes > options.ContentBytes)
                SetContent(parcel, null);
        }

        foreach (var shelf in sending.Parcels.Select(p => p.Parcel.Shelf).Distinct().ToArray())
            Changed(shelf);
        sending.Stored.TrySetResult(true);
    }

    /// <summary>What was sent is not at the broker, and is as if it had never been.</summary>
    void Abandon(Sending sending)
    {
        if (!sendings.Remove(sending))
            return;
        foreach (var (parcel, _) in sending.Parcels)
        {
            Unstage(parcel);
            parcels.Remove(parcel.Message.Id);
            SetContent(parcel, null);
            if (parcel.Dedupe is { } dedupe && HashOf(parcel.Shelf, dedupe) is var hash && seen.GetValueOrDefault(hash).Id == parcel.Message.Id)
                seen.Remove(hash);
        }

        sending.Stored.TrySetResult(false);
    }

    void Unstage(Parcel parcel)
    {
        parcel.Sending = null;
        parcel.Shelf.Shelf.Staged = (parcel.Shelf.Shelf.Staged.Count - 1, parcel.Shelf.Shelf.Staged.Bytes - parcel.Message.Bytes);
        (stagedCount, stagedBytes) = (stagedCount - 1, stagedBytes - parcel.Message.Bytes);
    }

    void SetContent(Parcel parcel, (ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body)? content)
    {
        contentBytes += (content is null ? 0 : parcel.Message.Bytes) - (parcel.Content is null ? 0 : parcel.Message.Bytes);
        parcel.Content = content;
    }

    static WireMessage WireOf(Parcel parcel, int revision, int attempts, long dueMs, string? why) => new()
    {
        Id = parcel.Message.Id,
        By = parcel.By,
        Revision = revision,
        AtMs = parcel.Message.AtMs,
        DueMs = dueMs,
        Attempts = attempts,
        Key = parcel.Message.Key,
        Priority = parcel.Message.Priority,
        Why = why,
        Dedupe = parcel.Dedupe,
        ReplayOf = parcel.ReplayOf,
        Head = parcel.Content!.Value.Head,
    };

    Envelope EnvelopeOf(Sending sending)
    {
        var contents = sending.Parcels.Select(p => new EnvelopeContent(p.Parcel.Message.Key, p.Parcel.Dedupe, p.Parcel.Message.Priority, p.Parcel.Content!.Value.Head, p.Parcel.Content!.Value.Body)).Distinct().ToList();
        var index = contents.Select((c, i) => (c, i)).ToDictionary(c => c.c, c => c.i);
        return new(stamp, sending.Id, contents, [.. sending.Parcels.Select(p => new EnvelopeMember(p.Parcel.Shelf.Name, index[new(p.Parcel.Message.Key, p.Parcel.Dedupe, p.Parcel.Message.Priority, p.Parcel.Content!.Value.Head, p.Parcel.Content!.Value.Body)], p.Parcel.Message.Id, p.Parcel.Message.AtMs, p.DueMs))]);
    }

    /// <summary>Writes down that messages, or an envelope, are done with; durable when it ends.</summary>
    Task NoteAsync(RabbitLink at, IReadOnlyList<long> ended, IReadOnlyList<SeenId> remembered)
    {
        TimeSpan keep;
        RabbitNote note;
        lock (gate)
        {
            keep = shelves.Values.Where(s => s.Shelf.Declared).Select(s => s.Book.Terms.Dedupe).Append(LeastNote).Max();
            note = RabbitNote.Of(stamp, lastId, ended, remembered);
        }

        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent, Expiration = ((long)keep.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) };
        return at.InTimeAsync(at.PublishAsync(Notes, properties, note.Encode()));
    }

    /// <summary>The message that came with this producer's id within the queue's time; null where none did.</summary>
    long? First(RabbitShelf shelf, NewMessage message, long nowMs) =>
        message.DedupeId is { } dedupe && shelf.Book.Terms.Dedupe is { Ticks: > 0 } within && seen.TryGetValue(HashOf(shelf, dedupe), out var first) && nowMs - first.AtMs <= (long)within.TotalMilliseconds ? first.Id : null;

    void Remember(UInt128 hash, long id, long atMs)
    {
        seen[hash] = (id, atMs);
        seenByAge.Enqueue((hash, atMs));
    }

    static UInt128 HashOf(RabbitShelf shelf, string dedupe)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{shelf.Name}\n{dedupe}"), hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
