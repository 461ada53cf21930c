using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Sampling;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// Spans in memory and on disk, asked as one.
/// <list type="number">
/// <item>Every span is in the hot window in memory at once, and within a tick in the hot log on disk.</item>
/// <item>When a file of the hot log is older than the sampler's wait, the spans of chosen traces go to the kept window and the kept log; the file is deleted.</item>
/// <item>When the kept window is full or old enough it is sealed: a compressed block with an index; the kept log is deleted.</item>
/// <item>Blocks go by age and size. What a crash leaves half done is found twice and shown once.</item>
/// </list>
/// What cannot be written is counted and stays in memory as long as there is room. <see cref="Tick"/> does all work with files, one caller at a time; <see cref="Write"/> may be called beside it,
/// so that sealing, which takes a while, keeps nothing that comes from the disk.
/// </summary>
public sealed class TraceStore : ITraceStore
{
    // A file of the hot log is ended after this, in milliseconds or bytes: it is what is decided and deleted as one.
    const long HotFor = 2000;
    const long HotBytes = 8 << 20;
    const long Retry = 30_000;

    readonly TimeProvider time;
    readonly TraceStoreOptions options;
    readonly TraceWindow window;
    readonly Lock sampling = new();
    readonly Lock writing = new();
    readonly TailSampler sampler;
    readonly SegmentLog hot;
    readonly HotTraces hotTraces = new();
    readonly SegmentLog keptLog;
    readonly TraceBlocks blocks;
    readonly TraceWindow kept;
    byte[] copy = [];
    byte[] chunk = [];
    byte[] chosen = [];
    long position;
    long keptSince;
    long keptForgotten;
    long sealAgainAt;
    long unwritten;

    /// <summary>How long chosen traces are kept.</summary>
    public RetentionRule KeepRule { get; }

    /// <summary>Opens what is there: the footers of blocks, and the logs of what was not sealed.</summary>
    public TraceStore(IStoreFiles files, TimeProvider time, TraceStoreOptions? options = null)
    {
        (this.time, this.options) = (time, options ?? new());
        KeepRule = new(this.options.Keep);
        (window, kept, sampler) = (new(this.options.WindowBytes), new(this.options.SealBytes + (this.options.SealBytes / 2)), new(this.options.Sampling));
        (hot, keptLog, blocks) = (new(files, "hot-"), new(files, "kept-"), new(files));
        blocks.Shelf.Open();
        Replay();
    }

    public TraceStoreFigures Figures => window.Figures with { Disk = blocks.Shelf.Figures(Volatile.Read(ref unwritten)) };

    public SamplingFigures Sampling
    {
        get
        {
            lock (sampling)
            {
                return sampler.Figures;
            }
        }
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Add(in ResourceView resource, in ScopeView scope, in SpanView span)
    {
        window.Add(resource, scope, span);
        var sampled = new SampledSpan(span.Trace, span.Kind, span.Duration, span.Status == SpanStatus.Error, span.Parent == 0);
        lock (sampling)
        {
            sampler.Seen(sampled, resource.Service, span.Name, Now);
        }
    }

    public IReadOnlyList<StoredSpan> Get(TraceId trace)
    {
        // In the order in which spans move on, so that none is missed that does so meanwhile.
        var found = new List<StoredSpan>(window.Get(trace));
        Undecided(trace, found);
        found.AddRange(kept.Get(trace));
        blocks.Get(trace, found);
        var seen = new HashSet<(ulong, SpanKind, long)>();
        found.RemoveAll(s => !seen.Add((s.Span, s.Kind, s.Start)));
        return found;
    }

    public IReadOnlyList<TraceId> Find(TraceQuery query) => Find(query, out _);

    public IReadOnlyList<TraceId> Find(TraceQuery query, out bool complete)
    {
        var found = new List<TraceId>();
        var seen = new HashSet<TraceId>();
        found.AddRange(window.Find(query).Concat(Undecided(query)).Concat(kept.Find(query)).Where(seen.Add).Take(query.Limit));

        complete = blocks.Find(query, seen, found);
        return found;
    }

    /// <summary>Writes what came, decides what is due, seals what is full, drops what is too old. Called several times a second, and once at the end.</summary>
    public void Tick()
    {
        Write();
        var now = Now;
        lock (sampling)
        {
            sampler.Advance(now);
        }

        Promote(now);
        if (kept.Figures is { Spans: > 0 } held && now >= sealAgainAt
            && (held.Spans >= options.SealSpans || held.Bytes >= options.SealBytes || now - keptSince >= (long)options.SealAfter.TotalMilliseconds))
        {
            Seal(now);
        }

        blocks.Shelf.Drop(KeepRule.Now, now * 1_000_000);
    }

    /// <summary>Writes what came, and nothing else; what is too much to be decided in time is counted and not written.</summary>
    public void Write()
    {
        lock (writing)
        {
            WriteHot(Now);
        }
    }

    /// <summary>Seals what is chosen, whatever its age.</summary>
    public void Seal()
    {
        if (kept.Figures.Spans > 0)
        {
            Seal(Now);
        }
    }

    void WriteHot(long now)
    {
        copy = copy.Length == 0 && window.Figures.Spans > 0 ? new byte[1 << 20] : copy;
        while (copy.Length > 0)
        {
            var length = window.Copy(ref position, copy, out var lost);
            Interlocked.Add(ref unwritten, lost);
            hotTraces.Skip(lost);
            if (length == 0)
            {
                break;
            }

            var records = Records(copy.AsMemory(0, length));
            if (hot.Bytes < 2 * options.MostUndecidedBytes && hot.Append(copy.AsSpan(0, length), now))
            {
                hotTraces.Note(hot.Current!, records);
            }
            else
            {
                var missing = records.Count();
                Interlocked.Add(ref unwritten, missing);
                hotTraces.Skip(missing);
            }

            if (hot.Current?.Bytes >= HotBytes)
            {
                hot.Roll();
            }
        }

        if (hot.Current is { } open && now - open.Since >= HotFor)
        {
            hot.Roll();
        }
    }

    // What is neither in memory any more nor decided yet. A file that is deleted meanwhile was decided.
    void Undecided(TraceId trace, List<StoredSpan> into)
    {
        IReadOnlyList<SegmentLog.Segment> files;
        lock (writing)
        {
            files = hotTraces.With(trace, window.Figures.Forgotten);
        }

        byte[] read = [];
        foreach (var file in files)
        {
            var at = 0L;
            while (hot.Read(file, ref at, ref read) is >= 0 and var length)
            {
                into.AddRange(Records(read.AsMemory(0, length)).Where(r => SpanRecord.TraceOf(r.Span) == trace).Select(r => SpanRecord.Read(r.Span)));
            }
        }
    }

    // The same, the newest first; read as long as more is asked for.
    IEnumerable<TraceId> Undecided(TraceQuery query)
    {
        IReadOnlyList<SegmentLog.Segment> files;
        lock (writing)
        {
            files = hotTraces.Before(window.Figures.Forgotten);
        }

        var match = new SpanMatch(query);
        byte[] read = [];
        foreach (var file in files.Reverse())
        {
            var (at, found) = (0L, new List<TraceId>());
            while (hot.Read(file, ref at, ref read) is >= 0 and var length)
            {
                found.AddRange(Records(read.AsMemory(0, length)).Where(r => SpanRecord.Matches(r.Span, match)).Select(r => SpanRecord.TraceOf(r.Span)));
            }

            foreach (var trace in Enumerable.Reverse(found))
            {
                yield return trace;
            }
        }
    }

    void Promote(long now)
    {
        while (Due(now) is { } oldest)
        {
            var at = 0L;
            while (hot.Read(oldest, ref at, ref chunk) is >= 0 and var length)
            {
                Keep(chunk.AsMemory(0, length), now);
            }

            lock (writing)
            {
                hotTraces.Drop(oldest);
                hot.DropOldest();
            }
        }
    }

    SegmentLog.Segment? Due(long now)
    {
        lock (writing)
        {
            return hot.Oldest is { } oldest && (oldest.Until + (long)options.Sampling.Wait.TotalMilliseconds <= now || hot.Bytes > options.MostUndecidedBytes) ? oldest : null;
        }
    }

    void Keep(ReadOnlyMemory<byte> records, long now)
    {
        chosen = chosen.Length < records.Length ? new byte[records.Length] : chosen;
        var length = 0;
        lock (sampling)
        {
            foreach (var record in Records(records))
            {
                if (sampler.Decide(SpanRecord.TraceOf(record.Span)))
                {
                    record.Span.CopyTo(chosen.AsSpan(length));
                    length += record.Length;
                }
            }
        }

        if (length == 0)
        {
            return;
        }

        if (kept.Figures.Bytes >= options.SealBytes && now >= sealAgainAt)
        {
            Seal(now);
        }

        keptSince = kept.Figures.Spans == 0 ? now : keptSince;
        foreach (var record in Records(chosen.AsMemory(0, length)))
        {
            kept.Add(record.Span);
        }

        // What made room in the kept window could not be sealed.
        var forgotten = kept.Figures.Forgotten;
        Interlocked.Add(ref unwritten, forgotten - keptForgotten);
        keptForgotten = forgotten;
        // Where that fails it is found in memory, and sealed from there: only a crash would lose it.
        keptLog.Append(chosen.AsSpan(0, length), now);
    }

    void Seal(long now)
    {
        if (!blocks.Shelf.Add(blocks.Make(kept.Segments().SelectMany(Records))))
        {
            sealAgainAt = now + Retry;
            return;
        }

        kept.Clear();
        keptForgotten = 0;
        keptLog.Roll();
        keptLog.DropClosed();
    }

    void Replay()
    {
        var now = Now;
        keptLog.Open(now);
        hot.Open(now);
        keptSince = now;
        foreach (var (_, records) in Read(keptLog))
        {
            foreach (var record in Records(records))
            {
                kept.Add(record.Span);
            }
        }

        foreach (var (file, records) in Read(hot))
        {
            hotTraces.Note(file, Records(records));
            foreach (var record in Records(records))
            {
                window.Add(record.Span);
                var parts = new SpanParts(record.Span);
                sampler.Seen(new(parts.Trace, (SpanKind)parts.Kind, parts.End - parts.Start, parts.Status == (byte)SpanStatus.Error, parts.Parent == 0), parts.Service, parts.Name, now);
            }
        }

        // What is in the log already is not written again.
        copy = new byte[1 << 20];
        while (window.Copy(ref position, copy, out _) > 0)
        {
        }
    }

    // Each piece counts until the next is asked for.
    static IEnumerable<(SegmentLog.Segment File, ReadOnlyMemory<byte> Records)> Read(SegmentLog log)
    {
        byte[] chunk = [];
        foreach (var segment in log.Closed())
        {
            var at = 0L;
            while (log.Read(segment, ref at, ref chunk) is >= 0 and var length)
            {
                yield return (segment, chunk.AsMemory(0, length));
            }
        }
    }

    static IEnumerable<ReadOnlyMemory<byte>> Records(ReadOnlyMemory<byte> chunk)
    {
        while (chunk.Length > 0)
        {
            var length = SpanRecord.LengthOf(chunk.Span);
            yield return chunk[..length];
            chunk = chunk[length..];
        }
    }
}
