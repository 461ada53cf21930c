using System.Globalization;
using System.Security.Cryptography;
using Mainstay.Core.Kinds.State;
using Mainstay.State.Decide;

namespace Mainstay.State.Queues.Rabbit;

/// <summary>
/// Queues in quorum queues of a RabbitMQ. The messages lie there, and their order is in the memory of this engine, which alone takes them: the same book as the
/// embedded engine's decides who is next, so that keys, priorities, delays and retries are the same on both.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>Everything of a queue is handed over to this engine, and let go at the broker when it is done with. Whatever ends, the broker hands it over again.</item>
/// <item>An acknowledgement is written into a queue of notes before it is answered, because the protocol confirms none.</item>
/// <item>What changes about a message is written as a newer copy of it (<see cref="ArrivalDecide"/>); a dead letter's copy is in a queue of its own.</item>
/// <item>What is to be stored all or none is one <see cref="Envelope"/> first.</item>
/// <item>A delivery survives the loss of the broker; the end of the engine gives all that was in flight back at once, and ends its receipts.</item>
/// </list>
/// </remarks>
public sealed partial class RabbitQueues : IQueueEngine
{
    /// <summary>Ids of producers that are remembered, of all queues together; each takes about 80 bytes.</summary>
    const int MostSeen = 1_000_000;

    /// <summary>Bytes of one delivery; a larger message goes alone.</summary>
    const long MostBytes = 4 << 20;

    readonly Lock gate = new();
    readonly RabbitQueuesOptions options;
    readonly TimeProvider time;
    readonly long originMs;
    readonly long originTicks;
    readonly uint stamp = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
    readonly string lease;
    readonly Dictionary<string, RabbitShelf> shelves = new(StringComparer.Ordinal);
    readonly Dictionary<long, Parcel> parcels = [];
    readonly HashSet<Sending> sendings = [];
    readonly Dictionary<UInt128, (long Id, long AtMs)> seen = [];
    readonly Queue<(UInt128 Hash, long AtMs)> seenByAge = new();
    readonly IdRanges settled = new();
    readonly CancellationTokenSource ending = new();
    readonly ITimer timer;
    readonly Task running;
    TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    string trouble = "RabbitMQ is being connected to";
    RabbitLink? link;
    long connection;
    long lastId;
    long contentBytes;
    long stagedBytes;
    int stagedCount;
    long armedMs = long.MaxValue;

    RabbitQueues(RabbitQueuesOptions options)
    {
        (this.options, time) = (options, options.Time);
        lease = stamp.ToString("x8", CultureInfo.InvariantCulture);
        (originMs, originTicks) = (time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
        timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        running = Task.Run(() => RunAsync(ending.Token));
    }

    /// <summary>Begins to connect; until that has succeeded, everything asked waits for a while and is then told why not.</summary>
    public static RabbitQueues Open(RabbitQueuesOptions options) => new(options);

    long NowMs => originMs + (long)time.GetElapsedTime(originTicks).TotalMilliseconds;

    /// <inheritdoc/>
    public void Declare(IReadOnlyDictionary<string, MessageQueueSpec> queues)
    {
        lock (gate)
        {
            foreach (var (name, spec) in queues)
            {
                if (!shelves.TryGetValue(name, out var shelf))
                    shelves[name] = shelf = new(new(name, spec, declared: true));
                (shelf.Shelf.Declared, shelf.Book.Terms) = (true, spec);
            }

            foreach (var gone in shelves.Values.Where(s => !queues.ContainsKey(s.Name)))
                gone.Shelf.Declared = false;
            if (ready.Task.IsCompleted && shelves.Values.Any(s => s.OpenOn != connection))
                ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            wake.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public async Task<PublishAnswer> PublishAsync(PublishTo target, IReadOnlyList<NewMessage> messages, CancellationToken stop)
    {
        if (await NotReadyAsync(stop) is { } why)
            return new(QueueStatus.Unavailable, why);
        PublishAnswer answer;
        Sending? sending;
        List<Task<bool>> others = [];
        lock (gate)
        {
            answer = Stage(target, messages, others, out sending);
            if (sending is not null)
                others.Add(sending.Stored.Task);
        }

        if (sending is not null)
            await SendAsync(sending);
        // Of a duplicate, the first one has to be stored too.
        return await AreStoredAsync(others) ? answer : new(QueueStatus.Unavailable, trouble);
    }

    /// <inheritdoc/>
    public async Task<PullAnswer> PullAsync(string queue, PullTerms terms, CancellationToken stop)
    {
        if (await NotReadyAsync(stop) is { } why)
            return new(QueueStatus.Unavailable, why);
        var waiter = new QueueWaiter(terms);
        RabbitShelf? shelf;
        lock (gate)
        {
            shelf = Find(queue);
            if (shelf is null)
                return new(QueueStatus.Unknown);
            shelf.Shelf.Waiters.AddLast(waiter);
            Changed(shelf);
            if (terms.Wait == TimeSpan.Zero && waiter.TryLeave())
            {
                shelf.Shelf.Waiters.Remove(waiter);
                return new(QueueStatus.Done, Messages: []);
            }
        }

        try
        {
            return terms.Wait == TimeSpan.Zero ? await waiter.Served.Task.WaitAsync(stop) : await waiter.Served.Task.WaitAsync(terms.Wait, time, stop);
        }
        catch (TimeoutException)
        {
            if (!Leave(shelf, waiter))
                return await waiter.Served.Task;
            return new(QueueStatus.Done, Messages: []);
        }
        catch (OperationCanceledException)
        {
            // What was served to nobody goes back to the others at once.
            if (!Leave(shelf, waiter))
                PutBack(shelf, (await waiter.Served.Task).Messages ?? []);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<PeekAnswer> PeekAsync(string queue, MessageState? state, long after, int limit, CancellationToken stop)
    {
        if (await NotReadyAsync(stop) is { } why)
            return new(QueueStatus.Unavailable, why);
        List<(Parcel Parcel, StoredMessage Message)> shown;
        lock (gate)
        {
            if (Find(queue)?.Book is not { } book)
                return new(QueueStatus.Unknown);
            var wanted = state is null ? book.Living.Concat(book.Letters) : state == MessageState.Dead ? book.Letters : book.Living.Where(m => m.State == state);
            shown = [.. wanted.Where(m => m.Id > after).OrderBy(m => m.Id).Take(limit).Select(m => (parcels[m.Id], Show(m)))];
        }

        var messages = new List<StoredMessage>(shown.Count);
        foreach (var (parcel, message) in shown)
        {
            if (await ContentAsync(parcel) is not { } content)
                return new(QueueStatus.Unavailable, trouble);
            messages.Add(message with { Head = content.Head, Body = content.Body });
        }

        return new(QueueStatus.Done, Messages: messages);
    }

    /// <inheritdoc/>
    public IReadOnlyList<QueueFigures> Figures()
    {
        lock (gate)
            return [.. shelves.Values.Where(s => s.Shelf.Declared).Select(s => s.Shelf.Figures(NowMs) with { Engine = QueueEngineKind.Rabbitmq }).OrderBy(f => f.Name, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (ending.IsCancellationRequested)
            return;
        await ending.CancelAsync();
        await timer.DisposeAsync();
        await running;
        lock (gate)
        {
            foreach (var waiter in shelves.Values.SelectMany(s => s.Shelf.Waiters).Where(w => w.TryLeave()))
                waiter.Served.TrySetResult(new(QueueStatus.Unavailable, "Mainstay is stopping"));
        }

        ending.Dispose();
    }

    RabbitShelf? Find(string name) => shelves.TryGetValue(name, out var shelf) && shelf.Shelf.Declared ? shelf : null;

    /// <summary>Waits until the broker is there and what lies there is read; null, or why it is not.</summary>
    async Task<string?> NotReadyAsync(CancellationToken stop)
    {
        Task until;
        lock (gate)
            until = ready.Task;
        if (until.IsCompleted)
            return null;
        try
        {
            await until.WaitAsync(options.Patience, TimeProvider.System, stop);
            return null;
        }
        catch (TimeoutException)
        {
            return trouble;
        }
    }

    /// <summary>To be called when a queue has changed: serves who waits, and wakes when something is due.</summary>
    void Changed(RabbitShelf shelf)
    {
        var at = shelf.Shelf;
        while (at is { Declared: true, Waiters.First: { } first } && at.Book.Ready > 0)
        {
            at.Waiters.RemoveFirst();
            if (first.Value.TryClaim())
                Serve(shelf, first.Value);
        }

        at.Note();
        Arm(at.Book.NextMs);
    }

    void Serve(RabbitShelf shelf, QueueWaiter waiter)
    {
        var untilMs = NowMs + (long)(waiter.Terms.Visibility ?? shelf.Book.Terms.Visibility).TotalMilliseconds;
        var (taken, bytes, complete) = (new List<QueuedMessage>(), 0L, true);
        while (taken.Count < waiter.Terms.Most && bytes < MostBytes)
        {
            var before = taken.Count;
            shelf.Book.Take(1, untilMs, taken);
            if (taken.Count == before)
                break;
            bytes += taken[before].Bytes;
            complete &= parcels[taken[before].Id].Content is not null;
        }

        shelf.Shelf.Delivered += taken.Count;
        List<StoredMessage> messages = [.. taken.Select(Show)];
        if (complete)
            waiter.Served.TrySetResult(new(QueueStatus.Done, Messages: messages));
        else
            _ = ServeLaterAsync(shelf, waiter, [.. taken.Select(m => parcels[m.Id])], messages);
    }

    async Task ServeLaterAsync(RabbitShelf shelf, QueueWaiter waiter, List<Parcel> of, List<StoredMessage> messages)
    {
        // Asked for all at once, awaited one after another.
        var contents = await Task.WhenAll(of.Select(ContentAsync));
        if (contents.Contains(null))
        {
            PutBack(shelf, messages);
            waiter.Served.TrySetResult(new(QueueStatus.Unavailable, trouble));
            return;
        }

        waiter.Served.TrySetResult(new(QueueStatus.Done, Messages: [.. messages.Select((m, i) => m with { Head = contents[i]!.Value.Head, Body = contents[i]!.Value.Body })]));
    }

    /// <summary>What a message says: from memory, or by having the broker hand it over again. Null where that fails.</summary>
    async Task<(ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body)?> ContentAsync(Parcel parcel)
    {
        Task fetched;
        lock (gate)
        {
            if (parcel.Content is { } content)
                return content;
            parcel.Fetching ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            fetched = parcel.Fetching.Task;
            GiveBack(parcel);
        }

        try
        {
            await fetched.WaitAsync(options.Patience, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            return null;
        }

        lock (gate)
            return parcel.Content;
    }

    // The broker hands it over again at once.
    void GiveBack(Parcel parcel)
    {
        if (parcel.HeldOn(connection) < 0)
            return;
        link?.Return(parcel.Held);
        parcel.Held = default;
    }

    bool Leave(RabbitShelf shelf, QueueWaiter waiter)
    {
        lock (gate)
        {
            shelf.Shelf.Waiters.Remove(waiter);
            return waiter.TryLeave();
        }
    }

    void PutBack(RabbitShelf shelf, IReadOnlyList<StoredMessage> messages)
    {
        lock (gate)
        {
            foreach (var message in messages)
            {
                if (shelf.Book.Held(message.Id, message.Attempts) is { Settling: false } held)
                    shelf.Book.PutBack(held);
            }

            Changed(shelf);
        }
    }

    StoredMessage Show(QueuedMessage message)
    {
        var content = parcels[message.Id].Content ?? default;
        return StoredMessage.Of(message, content.Head, content.Body) with { Lease = lease };
    }
}
