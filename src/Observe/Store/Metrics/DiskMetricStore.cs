using System.Runtime.InteropServices;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>How samples are kept on disk.</summary>
public sealed record MetricDiskOptions
{
    /// <summary>Of sealed blocks. Default 14 days, at most 2 GiB.</summary>
    public Retention Keep { get; init; } = new(TimeSpan.FromDays(14), 2L << 30);

    /// <summary>How much time a block holds; blocks end at whole multiples of it. Default 30 min.</summary>
    public TimeSpan Block { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long after its end a block is sealed; what comes later for its time is refused. Default 2 min.</summary>
    public TimeSpan Lag { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>
/// Samples in memory and on disk, asked as one.
/// <list type="number">
/// <item>Every sample is in the hot window in memory at once, and within a tick in the log on disk.</item>
/// <item>Every half hour what is older goes into a block, and the log files that it came from go.</item>
/// <item>Opening reads the footers of blocks and the log: what the end of the process cut short is in neither or in both, and shown once.</item>
/// <item>What cannot be written is counted and stays in memory as long as there is room; sealing is tried again.</item>
/// </list>
/// <see cref="Tick"/> does all work with files, one caller at a time.
/// </summary>
public sealed class DiskMetricStore : IMetricStore
{
    const int MostPending = 1_000_000;
    const long RetryMs = 30_000;
    const long DropEveryMs = 60_000;

    // The log is kept so much longer than its block needs: clocks of senders may be ahead.
    const long AheadMs = 300_000;

    readonly TimeProvider time;
    readonly MetricDiskOptions options;
    readonly MetricStore memory;
    readonly MetricBlocks blocks;
    readonly MetricLog log;
    readonly Lock gate = new();
    readonly long openedMs;
    List<MetricSample> pending = [];
    List<MetricSample> spare = [];
    long floorMs;
    long sealAgainAt;
    long dropAt;
    long unwritten;

    /// <summary>How long blocks are kept.</summary>
    public RetentionRule KeepRule { get; }

    /// <summary>Opens what is there.</summary>
    public DiskMetricStore(IStoreFiles files, TimeProvider time, MetricStoreLimits? limits = null, MetricDiskOptions? options = null)
    {
        (this.time, this.options) = (time, options ?? new());
        KeepRule = new(this.options.Keep);
        (memory, blocks, log) = (new(time, limits ?? new()), new(files), new(files));
        blocks.Shelf.Open();
        floorMs = blocks.LastMs == long.MinValue ? 0 : blocks.LastMs + 1;
        memory.FloorMs = floorMs;
        openedMs = floorMs;
        log.Replay(samples => memory.Add(CollectionsMarshal.AsSpan(samples)), Now);
    }

    /// <summary>What lies on disk; its items are runs of samples of one series.</summary>
    public DiskFigures Disk => blocks.Shelf.Figures(Volatile.Read(ref unwritten));

    /// <summary>Of the log, in bytes.</summary>
    public long LogBytes => Volatile.Read(ref logBytes);

    long logBytes;

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public MetricStoreFigures Figures() => memory.Figures();

    public void Add(ReadOnlySpan<MetricSample> samples)
    {
        memory.Add(samples);
        lock (gate)
        {
            var room = Math.Clamp(MostPending - pending.Count, 0, samples.Length);
            pending.AddRange(samples[..room]);
            unwritten += samples.Length - room;
        }
    }

    public IReadOnlyList<SeriesSamples> Read(MetricSelector selector, long fromMs, long toMs) => Read(selector.Name, selector.Matches, fromMs, toMs);

    public IReadOnlyList<SeriesSamples> Read(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs)
    {
        var floor = Volatile.Read(ref floorMs);
        if (fromMs >= CompleteFrom() || fromMs >= floor)
        {
            return memory.Read(name, matches, fromMs, toMs);
        }

        // What is before the floor comes from blocks, what is after it from memory, so that nothing comes twice.
        var (found, takes) = (new Dictionary<MetricSeries, List<MetricPoint>>(), new Dictionary<MetricSeries, bool>());
        bool Takes(MetricSeries series)
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(takes, series, out var exists);
            known = exists ? known : matches(series);
            return known;
        }

        blocks.Read(name, Takes, fromMs, Math.Min(toMs, floor - 1), found);
        if (toMs >= floor)
        {
            foreach (var (series, points) in memory.Read(name, Takes, floor, toMs))
            {
                if (!found.TryGetValue(series, out var before))
                {
                    found[series] = before = [];
                }

                before.AddRange(points);
            }
        }

        return [.. found.Where(f => f.Value.Count > 0).Select(f => new SeriesSamples(f.Key, f.Value))];
    }

    public IReadOnlyList<MetricSeries> Series(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs)
    {
        var found = new HashSet<MetricSeries>(memory.Series(name, matches, fromMs, toMs));
        if (fromMs < CompleteFrom())
        {
            blocks.Series(name, matches, fromMs, toMs, found);
        }

        return [.. found];
    }

    /// <summary>Writes what came, seals what is due, drops what is too old. Called several times a second, and once at the end.</summary>
    public void Tick()
    {
        var now = Now;
        lock (gate)
        {
            (pending, spare) = (spare, pending);
        }

        if (spare.Count > 0)
        {
            Interlocked.Add(ref unwritten, log.Append(CollectionsMarshal.AsSpan(spare), now));
            spare.Clear();
        }

        var (block, until) = ((long)options.Block.TotalMilliseconds, now - (long)options.Lag.TotalMilliseconds);
        until -= until % block;
        if (until > floorMs && now >= sealAgainAt)
        {
            Seal(until, now);
        }

        if (now >= dropAt)
        {
            blocks.Shelf.Drop(KeepRule.Now, now * 1_000_000);
            dropAt = now + DropEveryMs;
        }

        Volatile.Write(ref logBytes, log.Bytes);
    }

    // From here on memory has all there is: since the last block of the last run, as far back as its window, and nothing that had to go early.
    long CompleteFrom() => Math.Max(openedMs, memory.CompleteFromMs);

    void Seal(long until, long now)
    {
        var series = memory.Series(null, _ => true, floorMs, until - 1).OrderBy(s => s.Name, StringComparer.Ordinal).ThenBy(s => s.Key, StringComparer.Ordinal);
        if (!blocks.Seal(series.Select(s => new SeriesSamples(s, memory.Points(s, floorMs, until - 1))).Where(s => s.Points.Count > 0)))
        {
            sealAgainAt = now + RetryMs;
            return;
        }

        // The floor first: from now on nothing that belongs into the block is taken in.
        memory.FloorMs = until;
        Volatile.Write(ref floorMs, until);
        log.DropBefore(until - AheadMs);
    }
}
