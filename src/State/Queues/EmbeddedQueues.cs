using System.Collections.Concurrent;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Queues;

/// <summary>How the embedded engine keeps its file.</summary>
public sealed record EmbeddedQueuesOptions
{
    /// <summary>The database; beside it lie files of the same name with <c>-wal</c>, <c>.lock</c> and <c>.pid</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Largest file, in bytes (default 64 GiB). Beyond it producers are refused.</summary>
    public long MaxFileBytes { get; init; } = 64L << 30;

    /// <summary>Works that may wait for the disk (default 16,384); beyond it they are refused.</summary>
    public int MaxWaiting { get; init; } = 16_384;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Queues in one SQLite file: contents lie on the disk, the order in memory; one thread decides and writes, and all that waits becomes durable together.
/// </summary>
/// <remarks>
/// Publishing and settling are on the disk before they are answered. A delivery is written without waiting for the disk: it survives the end of the process, and
/// after a loss of power a message may be delivered again before its visibility is over.
/// </remarks>
public sealed class EmbeddedQueues : IQueueEngine
{
    readonly TimeProvider time;
    readonly long originMs;
    readonly long originTicks;
    readonly ConcurrentDictionary<string, QueueShelf> shelves = new(StringComparer.Ordinal);
    readonly SqliteJournal journal;
    readonly ITimer timer;
    long armedMs = long.MaxValue;

    EmbeddedQueues(EmbeddedQueuesOptions options)
    {
        time = options.Time;
        (originMs, originTicks) = (time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
        timer = time.CreateTimer(_ => journal!.Post(new TickWork(this)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        journal = SqliteJournal.Open(new()
        {
            Path = options.Path, Application = QueueTables.Application, Tables = QueueTables.Make, MaxFileBytes = options.MaxFileBytes, MaxWaiting = options.MaxWaiting, Opened = Load,
        });
        journal.Post(new TickWork(this));
    }

    /// <summary>Opens or makes the file, on the calling thread; reading it takes about a second for a million messages.</summary>
    /// <exception cref="StoreUnavailableException">The file is in use, read-only, damaged, of another program or of a newer version.</exception>
    public static EmbeddedQueues Open(EmbeddedQueuesOptions options) => new(options);

    /// <summary>Milliseconds since 1970, by a clock that never steps back while the engine is open.</summary>
    internal long NowMs => originMs + (long)time.GetElapsedTime(originTicks).TotalMilliseconds;

    /// <summary>The largest id that was given.</summary>
    internal long LastId { get; set; }

    internal IEnumerable<QueueShelf> Shelves => shelves.Values;

    /// <summary>The longest time for which ids of duplicates are asked for, in milliseconds.</summary>
    internal long LongestDedupeMs => shelves.Values.Where(s => s.Declared).Select(s => (long)s.Book.Terms.Dedupe.TotalMilliseconds).DefaultIfEmpty(0).Max();

    /// <inheritdoc/>
    public void Declare(IReadOnlyDictionary<string, MessageQueueSpec> queues) => journal.Post(new DeclareWork(this, queues));

    /// <inheritdoc/>
    public async Task<PublishAnswer> PublishAsync(PublishTo target, IReadOnlyList<NewMessage> messages, CancellationToken stop)
    {
        var answer = await journal.DoAsync(new PublishWork(this, target, messages) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <inheritdoc/>
    public async Task<PullAnswer> PullAsync(string queue, PullTerms terms, CancellationToken stop)
    {
        var waiter = new QueueWaiter(terms);
        var answer = await journal.DoAsync(new JoinWork(this, queue, waiter) { Stop = stop });
        if (!answer.IsDone)
            return new(StatusOf(answer.Status), answer.Why);
        if (answer.Value is { } unknown)
            return unknown;
        try
        {
            // Who does not want to wait is served or sent away at once.
            return terms.Wait == TimeSpan.Zero ? await waiter.Served.Task.WaitAsync(stop) : await waiter.Served.Task.WaitAsync(terms.Wait, time, stop);
        }
        catch (TimeoutException)
        {
            if (!waiter.TryLeave())
                return await waiter.Served.Task;
            journal.Post(new LeaveWork(this, queue, waiter));
            return new(QueueStatus.Done, Messages: []);
        }
        catch (OperationCanceledException)
        {
            // What was served to nobody goes back to the others at once.
            journal.Post(waiter.TryLeave() ? new LeaveWork(this, queue, waiter) : new ReturnWork(this, queue, await waiter.Served.Task));
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<SettleAnswer> SettleAsync(string queue, IReadOnlyList<Settlement> settlements, CancellationToken stop)
    {
        var answer = await journal.DoAsync(new SettleWork(this, queue, settlements) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <inheritdoc/>
    public async Task<PeekAnswer> PeekAsync(string queue, MessageState? state, long after, int limit, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => Peek(file, queue, state, after, limit), stop);
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <inheritdoc/>
    public async Task<CountAnswer> ReplayAsync(string queue, IReadOnlyList<long>? ids, CancellationToken stop)
    {
        var answer = await journal.DoAsync(new ReplayWork(this, queue, ids) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <inheritdoc/>
    public async Task<CountAnswer> PurgeAsync(string queue, bool dead, CancellationToken stop)
    {
        var answer = await journal.DoAsync(new PurgeWork(this, queue, dead) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <inheritdoc/>
    public IReadOnlyList<QueueFigures> Figures() =>
        [.. shelves.Values.Where(s => s.Declared).Select(s => s.Figures(NowMs)).OrderBy(f => f.Name, StringComparer.Ordinal)];

    /// <summary>Copies everything as of one moment to a file that is not there, while it goes on being used.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be copied.</exception>
    public Task CopyAsync(string path, CancellationToken stop) => journal.CopyAsync(path, stop);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();
        await journal.DisposeAsync();
        foreach (var waiter in shelves.Values.SelectMany(s => s.Waiters).Where(w => w.TryLeave()))
            waiter.Served.TrySetResult(new(QueueStatus.Unavailable, "Mainstay is stopping"));
    }

    /// <summary>The queue of this name; null where none is declared.</summary>
    internal QueueShelf? Find(string name) => shelves.TryGetValue(name, out var shelf) && shelf.Declared ? shelf : null;

    internal void Set(IReadOnlyDictionary<string, MessageQueueSpec> queues)
    {
        foreach (var (name, spec) in queues)
        {
            var shelf = shelves.GetOrAdd(name, static (n, s) => new QueueShelf(n, s, declared: true), spec);
            (shelf.Declared, shelf.Book.Terms) = (true, spec);
        }

        foreach (var gone in shelves.Values.Where(s => !queues.ContainsKey(s.Name)))
            gone.Declared = false;
    }

    /// <summary>To be called by the journal's thread when a queue has changed: serves who waits, and wakes when something is due.</summary>
    internal void Changed(QueueShelf shelf)
    {
        shelf.Note();
        if (shelf is { Serving: false, Declared: true, Waiters.Count: > 0, Book.Ready: > 0 })
        {
            shelf.Serving = true;
            journal.Post(new ServeWork(this, shelf.Name));
        }

        Arm(shelf.Book.NextMs);
    }

    /// <summary>Ticks no later than then.</summary>
    internal void Arm(long atMs)
    {
        if (atMs >= armedMs)
            return;
        armedMs = atMs;
        // At most a day: the clock and the timer may disagree, and asking costs nothing.
        timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(atMs - NowMs, 1, 86_400_000)), Timeout.InfiniteTimeSpan);
    }

    internal void Disarm() => armedMs = long.MaxValue;

    internal StoredMessage Show(JournalFile file, QueuedMessage message)
    {
        var (head, body) = QueueTables.Content(file, message.Id);
        return StoredMessage.Of(message, head, body);
    }

    /// <summary>How many ids of duplicates are remembered.</summary>
    internal async Task<long> RememberedAsync() => (await journal.ReadAsync(QueueTables.Remembered)).Value;

    PeekAnswer Peek(JournalFile file, string queue, MessageState? state, long after, int limit)
    {
        if (Find(queue) is not { } shelf)
            return new(QueueStatus.Unknown);
        var shown = (state is null ? shelf.Book.Living.Concat(shelf.Book.Letters) : state == MessageState.Dead ? shelf.Book.Letters : shelf.Book.Living.Where(m => m.State == state))
            .Where(m => m.Id > after).OrderBy(m => m.Id).Take(limit);
        return new(QueueStatus.Done, Messages: [.. shown.Select(m => Show(file, m))]);
    }

    // Also after a failure of the disk: what is in memory then is not what was written.
    void Load(JournalFile file)
    {
        var waiting = shelves.Values.ToDictionary(s => s.Name, StringComparer.Ordinal);
        shelves.Clear();
        LastId = QueueTables.LastId(file);
        foreach (var old in waiting.Values)
            shelves[old.Name] = new QueueShelf(old.Name, old.Book.Terms, old.Declared);
        foreach (var row in QueueTables.All(file))
        {
            var shelf = shelves.GetOrAdd(row.Queue, static n => new QueueShelf(n, new MessageQueueSpec(), declared: false));
            shelf.Book.Restore(row.Message, row.State, row.Attempts, row.DueMs, row.Why, NowMs);
            LastId = Math.Max(LastId, row.Message.Id);
        }

        foreach (var (old, waiter) in waiting.Values.SelectMany(s => s.Waiters.Select(w => (s, w))))
            shelves[old.Name].Waiters.AddLast(waiter);
        Disarm();
        foreach (var shelf in shelves.Values)
            shelf.Note();
        // At the first opening the engine does this itself, once it has a journal.
        journal?.Post(new TickWork(this));
    }

    static QueueStatus StatusOf(JournalStatus status) => status switch
    {
        JournalStatus.Busy => QueueStatus.Full,
        JournalStatus.Full => QueueStatus.DiskFull,
        _ => QueueStatus.Unavailable,
    };
}
