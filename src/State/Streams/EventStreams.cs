using Mainstay.Core.Store;
using Mainstay.State.Decide;
using Mainstay.State.Sqlite;

namespace Mainstay.State.Streams;

/// <summary>How streams keep their file.</summary>
public sealed record EventStreamsOptions
{
    /// <summary>The database; beside it lie files of the same name with <c>-wal</c>, <c>.lock</c> and <c>.pid</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Largest file, in bytes (default 64 GiB). Beyond it nothing is appended.</summary>
    public long MaxFileBytes { get; init; } = 64L << 30;

    /// <summary>Works that may wait for the disk (default 16,384); beyond it they are refused.</summary>
    public int MaxWaiting { get; init; } = 16_384;

    /// <summary>Largest event with its attributes, in bytes (default 255 KiB: what a queue takes by default, with room for what is told of its place in the stream).</summary>
    public int MaxEvent { get; init; } = 255 << 10;

    /// <summary>Events after which the indexes are written (default 4,096): so many share their pages, and are read again when the file is opened.</summary>
    internal int MostUnsettled { get; init; } = 4_096;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Streams of events in one SQLite file, written as queues are: one thread decides and writes, and all that waits becomes durable together. What is guaranteed:
/// <list type="number">
/// <item>Events that were appended are on the disk; those of one request all of them, or none.</item>
/// <item>Versions of a stream are 1, 2, 3 … without a gap, whatever fails; they stay where events are removed.</item>
/// <item>An expected version is compared and the events appended in one step: of two who expect the same, one succeeds.</item>
/// <item>An id comes once in a stream, as long as its event is kept: the same request sent again changes nothing, and gets the same answer.</item>
/// <item>Positions grow in the order in which events become visible: who has read up to one never misses a smaller one.</item>
/// <item>The outcome is a value. <see cref="StreamStatus.Unavailable"/> alone leaves open whether events were appended.</item>
/// </list>
/// </summary>
public sealed class EventStreams : IAsyncDisposable
{
    /// <summary>Most readers whose place is kept.</summary>
    public const int MostReaders = 1_000;

    static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    readonly EventStreamsOptions options;
    readonly TimeProvider time;
    readonly StreamBell bell = new();
    readonly SqliteJournal journal;
    readonly ITimer timer;
    long appended, conflicts;
    bool sweepsSoon;

    EventStreams(EventStreamsOptions options)
    {
        this.options = options;
        time = options.Time;
        timer = time.CreateTimer(_ => journal!.Post(new SweepWork(this)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        journal = SqliteJournal.Open(new()
        {
            Path = options.Path, Application = StreamTables.Application, Version = StreamTables.Version, Tables = StreamTables.Make, Upgrades = StreamTables.Upgrades,
            MaxFileBytes = options.MaxFileBytes, MaxWaiting = options.MaxWaiting,
            Opened = file => (Sums, Tail) = StreamTables.Load(file),
        });
        SweepSoon();
    }

    /// <summary>Opens or makes the file, on the calling thread.</summary>
    /// <exception cref="StoreUnavailableException">The file is in use, read-only, damaged, of another program or of a newer version.</exception>
    public static EventStreams Open(EventStreamsOptions options) => new(options);

    /// <summary>Touched by the journal's thread alone.</summary>
    internal StreamSums Sums { get; set; }

    /// <summary>Touched by the journal's thread alone.</summary>
    internal StreamTail Tail { get; set; } = new(0);

    /// <summary>Up to which stream ages were looked at.</summary>
    internal long AgedTo { get; set; }

    internal int MostUnsettled => options.MostUnsettled;

    internal long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How many wait for events.</summary>
    public int Waiting => bell.Waiting;

    /// <summary>Appends events, at least one, if the stream has the expected version; durable when it answers.</summary>
    public async Task<AppendAnswer> AppendAsync(string stream, ExpectedVersion expected, IReadOnlyList<NewEvent> events, CancellationToken stop)
    {
        if (events.FirstOrDefault(e => e.Head.Length + e.Body.Length > options.MaxEvent) is { } large)
            return new(StreamStatus.TooLarge, $"an event of {large.Head.Length + large.Body.Length} bytes, with its attributes, is larger than {options.MaxEvent}; keep the content elsewhere and a reference to it here");
        var ids = events.Count > 1 ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (var i = 0; ids is not null && i < events.Count; i++)
        {
            if (!ids.Add(events[i].Id))
                return new(StreamStatus.Refused, $"event {i} has the source and id of one before it in the same request");
        }

        var answer = await journal.DoAsync(new AppendWork(this, stream, expected, events) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <summary>Reads a page; waits for the first event as long as told.</summary>
    public async Task<ReadAnswer> ReadAsync(StreamRead ask, TimeSpan wait, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            using var place = wait > TimeSpan.Zero && ask.Before is null ? bell.Take(ask.Stream) : null;
            var answer = await journal.ReadAsync(file => StreamPages.Read(file, ask, Sums, Tail), stop);
            if (!answer.IsDone)
                return new(StatusOf(answer.Status), answer.Why);
            var page = answer.Value!;
            var left = wait - time.GetElapsedTime(began);
            if (place is null || page.Status != StreamStatus.Done || page.Events!.Count > 0 || left <= TimeSpan.Zero)
                return page;
            // What was looked at and not wanted need not be looked at again.
            ask = ask with { After = page.Next };
            if (page.IsEnd && !await RungAsync(place, left, stop))
                return page;
        }
    }

    /// <summary>Streams by name, after one.</summary>
    public async Task<StreamsAnswer> ListAsync(string prefix, string after, int limit, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => (IReadOnlyList<StreamInfo>)[.. StreamTables.List(file, prefix, after, limit).Select(r => Show(file, Tail.Now(r)))], stop);
        return answer.IsDone ? new(StreamStatus.Done, Streams: answer.Value) : new(StatusOf(answer.Status), answer.Why);
    }

    /// <summary>How a stream stands.</summary>
    public async Task<StreamAnswer> FindAsync(string stream, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => Tail.Find(file, stream) is { } row ? Show(file, row) : null, stop);
        return !answer.IsDone ? new(StatusOf(answer.Status), answer.Why) : answer.Value is { } found ? new(StreamStatus.Done, Stream: found) : new(StreamStatus.Unknown, $"there is no stream '{stream}'");
    }

    /// <summary>Gives up all versions before one; the version of the stream stays.</summary>
    public Task<StreamAnswer> TruncateAsync(string stream, long before, CancellationToken stop) =>
        ChangeAsync(stream, (file, row) =>
        {
            var first = Math.Clamp(before, row.Standing.First, row.Standing.Version + 1);
            StreamTables.Stand(file, row.N, row.Standing with { First = first });
        }, make: false, stop);

    /// <summary>Deletes a stream for good: its events and snapshot go, and its name is not given again.</summary>
    public Task<StreamAnswer> DeleteAsync(string stream, CancellationToken stop) =>
        ChangeAsync(stream, (file, row) =>
        {
            StreamTables.Stand(file, row.N, new(row.Standing.Version, row.Standing.Version + 1, IsGone: true));
            StreamTables.DropSnapshot(file, row.N);
        }, make: false, stop);

    /// <summary>Says how much of a stream is kept from now on; makes one that is not there.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="events">At most so many; 0 for all.</param>
    /// <param name="age">So long; zero for ever.</param>
    /// <param name="stop">Gives up.</param>
    public Task<StreamAnswer> SetTermsAsync(string stream, long events, TimeSpan age, CancellationToken stop) =>
        ChangeAsync(stream, (file, row) =>
        {
            StreamTables.SetTerms(file, row.N, events, (long)age.TotalMilliseconds);
            StreamTables.Stand(file, row.N, row.Standing with { First = StreamDecide.FirstOf(row.Standing, events) });
        }, make: true, stop);

    /// <summary>The snapshot of a stream.</summary>
    public async Task<SnapshotAnswer> SnapshotAsync(string stream, CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => Tail.Find(file, stream) is { } row ? StreamTables.Snapshot(file, row.N) : null, stop);
        return !answer.IsDone ? new(StatusOf(answer.Status), answer.Why) : answer.Value is { } found ? new(StreamStatus.Done, Snapshot: found) : new(StreamStatus.Unknown, $"the stream '{stream}' has no snapshot");
    }

    /// <summary>Keeps a snapshot in place of an older one.</summary>
    public async Task<SnapshotAnswer> SaveAsync(string stream, StreamSnapshot snapshot, CancellationToken stop)
    {
        var answer = await journal.WriteAsync(file => Save(file, stream, snapshot), stop);
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <summary>The readers whose place is kept.</summary>
    public async Task<ReadersAnswer> ReadersAsync(CancellationToken stop)
    {
        var answer = await journal.ReadAsync(file => new ReadersAnswer(StreamStatus.Done, Readers: StreamTables.Readers(file), Last: Sums.Position), stop);
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    /// <summary>Keeps the place of a reader, which only grows; makes one that is not there.</summary>
    /// <param name="name">The reader.</param>
    /// <param name="position">Everything up to it is done; null asks where it is, and begins a new one at <paramref name="fresh"/>.</param>
    /// <param name="rewinds">How often it takes itself to have been sent back; null for whatever it is. Refused where that has changed.</param>
    /// <param name="fresh">Where one begins that is not there; null for the end.</param>
    /// <param name="stop">Gives up.</param>
    public Task<ReadersAnswer> MoveAsync(string name, long? position, long? rewinds, long? fresh, CancellationToken stop) =>
        ReaderAsync(JournalNeed.Write, file =>
        {
            var seen = StreamTables.Reader(file, name);
            if (seen is null && StreamTables.Readers(file).Count >= MostReaders)
                return new(StreamStatus.Refused, $"there are {MostReaders} readers already; remove one that reads no more");
            var reader = seen ?? new(name, Math.Min(fresh ?? Sums.Position, Sums.Position), 0, default);
            if (rewinds is { } taken && taken != reader.Rewinds)
                return new(StreamStatus.WrongVersion, $"the reader '{name}' was sent to position {reader.Position} meanwhile", [reader], Sums.Position);
            if (position < reader.Position || position > Sums.Position)
                return new(StreamStatus.Refused, $"the reader '{name}' is at position {reader.Position}, and the last one is {Sums.Position}; going back is asked for as such", [reader], Sums.Position);
            if (seen is null || position > reader.Position)
                StreamTables.Put(file, reader = reader with { Position = position ?? reader.Position, At = DateTimeOffset.FromUnixTimeMilliseconds(NowMs) });
            return new(StreamStatus.Done, Readers: [reader], Last: Sums.Position);
        }, stop);

    /// <summary>Sends a reader back, or on.</summary>
    public Task<ReadersAnswer> RewindAsync(string name, long position, CancellationToken stop) =>
        ReaderAsync(JournalNeed.Durable, file =>
        {
            if (StreamTables.Reader(file, name) is not { } seen)
                return new(StreamStatus.Unknown, $"there is no reader '{name}'");
            var reader = seen with { Position = Math.Min(position, Sums.Position), Rewinds = seen.Rewinds + 1, At = DateTimeOffset.FromUnixTimeMilliseconds(NowMs) };
            StreamTables.Put(file, reader);
            return new(StreamStatus.Done, Readers: [reader], Last: Sums.Position);
        }, stop, wakes: true);

    /// <summary>Forgets a reader.</summary>
    public Task<ReadersAnswer> ForgetAsync(string name, CancellationToken stop) =>
        ReaderAsync(JournalNeed.Durable, file =>
        {
            if (StreamTables.Reader(file, name) is not { } seen)
                return new(StreamStatus.Unknown, $"there is no reader '{name}'");
            StreamTables.DropReader(file, name);
            return new(StreamStatus.Done, Readers: [seen], Last: Sums.Position);
        }, stop, wakes: true);

    /// <summary>How all streams stand.</summary>
    public async Task<StreamFigures?> FiguresAsync(CancellationToken stop) =>
        (await journal.ReadAsync(file => new StreamFigures(Sums.Streams, Sums.Events, Sums.Position, file.UsedBytes, Interlocked.Read(ref appended), Interlocked.Read(ref conflicts)), stop)).Value;

    /// <summary>Copies everything as of one moment to a file that is not there, while it goes on being used.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be copied.</exception>
    public Task CopyAsync(string path, CancellationToken stop) => journal.CopyAsync(path, stop);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();
        await journal.DisposeAsync();
        bell.RingAll();
    }

    internal void Appended(string stream, int count, bool isFull)
    {
        Interlocked.Add(ref appended, count);
        bell.Ring(stream);
        if (isFull)
            SweepSoon();
    }

    internal void Conflicted() => Interlocked.Increment(ref conflicts);

    // Once, so that who appends all the time does not put it off.
    internal void SweepSoon()
    {
        if (!Interlocked.Exchange(ref sweepsSoon, true))
            timer.Change(Soon, Timeout.InfiniteTimeSpan);
    }

    internal void Swept(bool hasMore)
    {
        Volatile.Write(ref sweepsSoon, hasMore);
        timer.Change(hasMore ? Soon : Idle, Timeout.InfiniteTimeSpan);
    }

    async Task<bool> RungAsync(StreamBell.Place place, TimeSpan left, CancellationToken stop)
    {
        try
        {
            await place.Rung.Task.WaitAsync(left, time, stop);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    async Task<StreamAnswer> ChangeAsync(string stream, Action<JournalFile, StreamTables.Row> change, bool make, CancellationToken stop)
    {
        var answer = await journal.DoAsync(new ChangeWork(this, stream, change, make) { Stop = stop });
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    async Task<ReadersAnswer> ReaderAsync(JournalNeed need, Func<JournalFile, ReadersAnswer> change, CancellationToken stop, bool wakes = false)
    {
        var answer = await journal.DoAsync(new FunctionWork<ReadersAnswer>(need, change) { Stop = stop });
        if (wakes)
            bell.RingAll();
        return answer.IsDone ? answer.Value! : new(StatusOf(answer.Status), answer.Why);
    }

    SnapshotAnswer Save(JournalFile file, string stream, StreamSnapshot snapshot)
    {
        if (Tail.Find(file, stream) is not { } row || row.Standing.Version < snapshot.Version)
            return new(StreamStatus.Refused, $"the stream '{stream}' has not come to version {snapshot.Version}");
        if (row.Standing.IsGone)
            return new(StreamStatus.Gone, $"the stream '{stream}' was deleted");
        if (StreamTables.SnapshotVersion(file, row.N) is var kept && kept > snapshot.Version)
            return new(StreamStatus.Refused, $"the snapshot of the stream '{stream}' is at version {kept} already");
        StreamTables.Put(file, row.N, snapshot);
        return new(StreamStatus.Done, Snapshot: snapshot);
    }

    internal StreamInfo Show(JournalFile file, StreamTables.Row row) => new(
        row.Name, row.Standing.Version, row.Standing.First, row.Standing.IsGone, row.Keep, TimeSpan.FromMilliseconds(row.KeepMs),
        row.Standing.First > row.Standing.Version ? null : StreamTables.AtOf(file, Tail.PositionOf(file, row.N, row.Standing.Version)), StreamTables.SnapshotVersion(file, row.N));

    static StreamStatus StatusOf(JournalStatus status) => status switch
    {
        JournalStatus.Busy => StreamStatus.Busy,
        JournalStatus.Full => StreamStatus.DiskFull,
        _ => StreamStatus.Unavailable,
    };
}
