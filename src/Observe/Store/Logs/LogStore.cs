using System.Text;
using System.Threading.Channels;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;
using Mainstay.Observe.Store.Traces;

namespace Mainstay.Observe.Store.Logs;

/// <summary>The bounds of the log store.</summary>
public sealed record LogStoreOptions
{
    /// <summary>How long records are kept on disk. Default seven days, at most 4 GiB.</summary>
    public Retention Keep { get; init; } = new(TimeSpan.FromDays(7), 4L << 30);

    /// <summary>So many records are sealed in one block. Default 32,768.</summary>
    public int SealLogs { get; init; } = 1 << 15;

    /// <summary>Records are sealed when they take so much memory. Default 32 MiB; twice as much is kept at most where they cannot be sealed.</summary>
    public long SealBytes { get; init; } = 32L << 20;

    /// <summary>Records are sealed at the latest so long after the first of them. Default ten minutes.</summary>
    public TimeSpan SealAfter { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>What is kept of log records.</summary>
/// <param name="Fresh">In memory, not yet sealed.</param>
/// <param name="Forgotten">Records that made room for newer ones before they could be sealed.</param>
public readonly record struct LogFigures(long Fresh, long FreshBytes, long Forgotten, DiskFigures Disk);

/// <summary>What was found.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Complete">False where older ones were not looked at, because that would have taken too long: ask again with an earlier end.</param>
public sealed record LogFound(IReadOnlyList<StoredLog> Items, bool Complete);

/// <summary>
/// Log records, whoever wrote them, in memory and on disk, searched as one and followed live.
/// <list type="number">
/// <item>A record is in memory at once, and within a tick in a log on disk, together with how far its source was read: a crash neither loses nor doubles what came before.</item>
/// <item>Records are sealed in compressed blocks with a filter of words; these go by age and size.</item>
/// <item>Every record is counted with its pattern (<see cref="Patterns"/>).</item>
/// </list>
/// Adding and asking are safe for any number of callers; <see cref="Tick"/> does all work with files, one caller at a time.
/// </summary>
public sealed class LogStore : ILogSink
{
    const long Retry = 30_000;
    const string PatternFile = "patterns";

    readonly Lock gate = new();
    readonly TimeProvider time;
    readonly LogStoreOptions options;
    readonly IStoreFiles? files;
    readonly SegmentLog? journal;
    readonly LogBlocks? blocks;
    readonly List<ChannelWriter<StoredLog>> followers = [];
    readonly Dictionary<string, SourceMark> marks = new(StringComparer.Ordinal);
    readonly HashSet<string> movedMarks = new(StringComparer.Ordinal);
    readonly PatternMiner patterns = new();
    List<StoredLog> fresh = [];
    int written;
    long freshBytes;
    long freshSince;
    long sealAgainAt;
    long forgotten;
    long unwritten;
    string service = "";
    string instance = "";

    /// <summary>How long records are kept.</summary>
    public RetentionRule KeepRule { get; }

    /// <summary>Opens what is there.</summary>
    /// <param name="time">Its clock.</param>
    /// <param name="files">Where it is kept; null for memory alone.</param>
    /// <param name="options">Null for the defaults.</param>
    public LogStore(TimeProvider time, IStoreFiles? files = null, LogStoreOptions? options = null)
    {
        (this.time, this.files, this.options) = (time, files, options ?? new());
        KeepRule = new(this.options.Keep);
        if (files is null)
        {
            return;
        }

        (journal, blocks) = (new(files, "fresh-"), new(files));
        blocks.Shelf.Open();
        LoadPatterns(files);
        Replay(journal);
    }

    public LogFigures Figures
    {
        get
        {
            lock (gate)
            {
                return new(fresh.Count, freshBytes, forgotten, blocks?.Shelf.Figures(unwritten) ?? default);
            }
        }
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        service = resource.Service.IsEmpty ? "unknown_service" : Encoding.UTF8.GetString(resource.Service);
        instance = Encoding.UTF8.GetString(resource.Instance);
    }

    public void Log(in LogView log)
    {
        var attributes = new StoredAttribute[Math.Min(log.Attributes.Count, 128)];
        for (var i = 0; i < attributes.Length; i++)
        {
            attributes[i] = new(Encoding.UTF8.GetString(log.Attributes[i].Key), log.Attributes[i].ToString());
        }

        var level = Encoding.UTF8.GetString(log.SeverityText);
        var at = log.Time == 0 ? time.GetUtcNow() : DateTimeOffset.UnixEpoch.AddTicks(log.Time / 100);
        Add(new(
            at, service, instance, log.Severity > 0 ? Math.Min(log.Severity, 24) : Severities.Of(level), level, log.Body.ToString(),
            log.Trace.IsZero ? null : log.Trace.ToString(), log.Span == 0 ? null : log.Span.ToString("x16"), attributes));
    }

    /// <summary>Keeps a record.</summary>
    public void Add(StoredLog one)
    {
        lock (gate)
        {
            Keep(one);
        }
    }

    /// <summary>Keeps records of a source that is read from a place, and how far it was read: both or neither survive a crash.</summary>
    public void Add(IReadOnlyList<StoredLog> all, string source, SourceMark mark)
    {
        lock (gate)
        {
            foreach (var one in all)
            {
                Keep(one);
            }

            marks[source] = mark;
            movedMarks.Add(source);
        }
    }

    /// <summary>How far a source was read; null where it never was.</summary>
    public SourceMark? MarkOf(string source)
    {
        lock (gate)
        {
            return marks.TryGetValue(source, out var mark) ? mark : null;
        }
    }

    /// <summary>A source is gone.</summary>
    public void Forget(IReadOnlySet<string> stillThere)
    {
        lock (gate)
        {
            foreach (var gone in marks.Keys.Where(m => !stillThere.Contains(m)).ToArray())
            {
                marks.Remove(gone);
            }
        }
    }

    /// <summary>The newest that match.</summary>
    public LogFound Find(LogSearch search)
    {
        StoredLog[] snapshot;
        lock (gate)
        {
            snapshot = [.. fresh];
        }

        var found = snapshot.Reverse().Where(search.Matches).OrderByDescending(l => l.At).Take(search.Limit).ToList();
        var isComplete = blocks?.Find(search, found) ?? true;
        return new(found, isComplete);
    }

    /// <summary>Similar lines together, the most frequent first.</summary>
    public IReadOnlyList<LogPattern> Patterns(string? of, int limit)
    {
        lock (gate)
        {
            return patterns.List(of, limit);
        }
    }

    /// <summary>The newest that match, oldest first, then what comes and matches, until stopped. A reader that is slower than the records misses the oldest.</summary>
    public async IAsyncEnumerable<StoredLog> FollowAsync(LogSearch search, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var channel = Channel.CreateBounded<StoredLog>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (gate)
        {
            followers.Add(channel.Writer);
        }

        try
        {
            // Following began before reading, so that nothing falls between; what both have is shown once.
            var shown = new HashSet<StoredLog>(ReferenceEqualityComparer.Instance);
            foreach (var one in Find(search).Items.Reverse())
            {
                shown.Add(one);
                yield return one;
            }

            await foreach (var one in channel.Reader.ReadAllAsync(stop))
            {
                if (search.Matches(one) && !shown.Remove(one))
                {
                    yield return one;
                }
            }
        }
        finally
        {
            lock (gate)
            {
                followers.Remove(channel.Writer);
            }
        }
    }

    /// <summary>Writes what came, seals what is enough, drops what is too old.</summary>
    public void Tick()
    {
        if (journal is null || blocks is null)
        {
            return;
        }

        var now = Now;
        Write(journal, now);
        bool isDue;
        lock (gate)
        {
            isDue = fresh.Count > 0 && now >= sealAgainAt
                && (fresh.Count >= options.SealLogs || freshBytes >= options.SealBytes || now - freshSince >= (long)options.SealAfter.TotalMilliseconds);
        }

        if (isDue)
        {
            Seal();
        }

        blocks.Shelf.Drop(KeepRule.Now, now * 1_000_000);
    }

    /// <summary>Seals what there is, whatever its age.</summary>
    public void Seal()
    {
        if (journal is null || blocks is null)
        {
            return;
        }

        Write(journal, Now);
        StoredLog[] taken;
        lock (gate)
        {
            taken = [.. fresh[..written]];
        }

        if (taken.Length == 0)
        {
            return;
        }

        if (!blocks.Shelf.Add(LogBlocks.Make(taken)))
        {
            sealAgainAt = Now + Retry;
            return;
        }

        lock (gate)
        {
            fresh.RemoveRange(0, taken.Length);
            written -= taken.Length;
            freshBytes = fresh.Sum(l => (long)l.Size);
            freshSince = Now;
            movedMarks.UnionWith(marks.Keys);
        }

        // The marks go into the new file before the old one goes.
        journal.Roll();
        Write(journal, Now);
        journal.DropClosed();
        SavePatterns();
    }

    void Keep(StoredLog one)
    {
        freshSince = fresh.Count == 0 ? Now : freshSince;
        fresh.Add(one);
        freshBytes += one.Size;
        patterns.Take(one);
        foreach (var follower in followers)
        {
            follower.TryWrite(one);
        }

        if (freshBytes > options.SealBytes * 2)
        {
            Shed();
        }
    }

    // A quarter at a time, so that making room is rare.
    void Shed()
    {
        var gone = Math.Max(1, fresh.Count / 4);
        forgotten += gone;
        unwritten += journal is null ? 0 : gone;
        fresh.RemoveRange(0, gone);
        written = Math.Max(0, written - gone);
        freshBytes = fresh.Sum(l => (long)l.Size);
    }

    void Write(SegmentLog into, long now)
    {
        while (true)
        {
            var bytes = new ByteWriter();
            lock (gate)
            {
                foreach (var source in movedMarks)
                {
                    if (marks.TryGetValue(source, out var mark))
                    {
                        LogRecord.Write(source, mark, bytes);
                    }
                }

                movedMarks.Clear();
                while (written < fresh.Count && bytes.Length < 1 << 20)
                {
                    LogRecord.Write(fresh[written++], bytes);
                }
            }

            if (bytes.Length == 0 || !into.Append(bytes.Written, now))
            {
                // What could not be appended is sealed from memory: only a crash would lose it.
                return;
            }
        }
    }

    void Replay(SegmentLog from)
    {
        from.Open(Now);
        foreach (var segment in from.Closed())
        {
            var at = 0L;
            while (from.Read(segment, ref at) is { } chunk)
            {
                LogRecord.Read(chunk, Keep, (source, mark) => marks[source] = mark);
            }
        }

        written = fresh.Count;
    }

    void SavePatterns()
    {
        var bytes = new ByteWriter();
        lock (gate)
        {
            patterns.Write(bytes);
        }

        bytes.UInt32(Checksum.Of(bytes.Written));
        files?.Write(PatternFile, [bytes.ToArray()]);
    }

    void LoadPatterns(IStoreFiles from)
    {
        if (from.List().FirstOrDefault(f => f.Name == PatternFile) is not { Bytes: > 4 and < 64 << 20 } file)
        {
            return;
        }

        var bytes = new byte[file.Bytes];
        if (from.Read(PatternFile, 0, bytes) == bytes.Length && Checksum.Of(bytes.AsSpan(0, bytes.Length - 4)) == BitConverter.ToUInt32(bytes, bytes.Length - 4))
        {
            patterns.Read(bytes.AsSpan(0, bytes.Length - 4));
        }
    }
}

/// <summary>How far a log of an instance was read.</summary>
/// <param name="File">The number of the file.</param>
/// <param name="Offset">Bytes of it.</param>
public readonly record struct SourceMark(int File, long Offset);
