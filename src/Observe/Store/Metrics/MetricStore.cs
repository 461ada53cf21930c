namespace Mainstay.Observe.Store.Metrics;

/// <summary>How much a <see cref="MetricStore"/> keeps.</summary>
public sealed record MetricStoreLimits
{
    /// <summary>How long samples are kept. Default 1h.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The most series at a time; samples of further ones are refused. Default 100,000.</summary>
    public int Series { get; init; } = 100_000;

    /// <summary>The most memory for samples and names, in bytes; beyond it the oldest samples go before their time. Default 128 MiB.</summary>
    public long Bytes { get; init; } = 128L << 20;
}

/// <summary>The hot window: samples of the last hour, packed in memory. Nothing of it survives the process by itself; see <see cref="DiskMetricStore"/>.</summary>
public sealed class MetricStore(TimeProvider time, MetricStoreLimits limits) : IMetricStore
{
    // Between two looks for what is too old.
    static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    // What a sweep for want of memory leaves, so that the next is not due at once.
    const double Relief = 0.95;

    readonly Lock gate = new();
    readonly Dictionary<MetricSeries, Track> tracks = [];
    readonly Dictionary<string, List<Track>> byName = new(StringComparer.Ordinal);
    long bytes;
    long held;
    long taken;
    long refused;
    long evicted;
    long evictedUntil = long.MinValue;
    long swept = time.GetTimestamp();

    public MetricStore(TimeProvider time)
        : this(time, new())
    {
    }

    /// <summary>Samples before it are refused: they would belong where nothing is added any more.</summary>
    internal long FloorMs { get; set; } = long.MinValue;

    /// <summary>From here on it has everything that was added.</summary>
    internal long CompleteFromMs
    {
        get
        {
            lock (gate)
            {
                return Math.Max(evictedUntil, time.GetUtcNow().ToUnixTimeMilliseconds() - (long)limits.Window.TotalMilliseconds);
            }
        }
    }

    /// <summary>The samples of one series within a span of time.</summary>
    internal IReadOnlyList<MetricPoint> Points(MetricSeries series, long fromMs, long toMs)
    {
        List<SampleChunk> chunks;
        lock (gate)
        {
            chunks = tracks.TryGetValue(series, out var track) ? track.Within(fromMs, toMs) : [];
        }

        var points = new List<MetricPoint>();
        foreach (var chunk in chunks)
        {
            chunk.Read(fromMs, toMs, points);
        }

        return points;
    }

    public void Add(ReadOnlySpan<MetricSample> samples)
    {
        lock (gate)
        {
            foreach (var sample in samples)
            {
                Take(sample);
            }

            if (bytes > limits.Bytes || time.GetElapsedTime(swept) >= SweepEvery)
            {
                Sweep();
            }
        }
    }

    public IReadOnlyList<SeriesSamples> Read(MetricSelector selector, long fromMs, long toMs) => Read(selector.Name, selector.Matches, fromMs, toMs);

    public IReadOnlyList<SeriesSamples> Read(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs)
    {
        // What is still written to is copied; the rest never changes, and unpacking waits for nobody.
        var found = new List<(MetricSeries Series, List<SampleChunk> Chunks)>();
        lock (gate)
        {
            foreach (var track in Named(name))
            {
                if (matches(track.Series) && track.Within(fromMs, toMs) is { Count: > 0 } chunks)
                {
                    found.Add((track.Series, chunks));
                }
            }
        }

        var result = new List<SeriesSamples>(found.Count);
        foreach (var (series, chunks) in found)
        {
            var points = new List<MetricPoint>();
            foreach (var chunk in chunks)
            {
                chunk.Read(fromMs, toMs, points);
            }

            if (points.Count > 0)
            {
                result.Add(new(series, points));
            }
        }

        return result;
    }

    public IReadOnlyList<MetricSeries> Series(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs)
    {
        lock (gate)
        {
            return [.. Named(name).Where(t => t.Overlaps(fromMs, toMs) && matches(t.Series)).Select(t => t.Series)];
        }
    }

    public MetricStoreFigures Figures()
    {
        lock (gate)
        {
            return new(tracks.Count, held, bytes, taken, refused, evicted);
        }
    }

    void Take(in MetricSample sample)
    {
        if (sample.AtMs < FloorMs || (!tracks.TryGetValue(sample.Series, out var track) && (track = Begin(sample.Series)) is null) || sample.AtMs <= track.LastMs)
        {
            refused++;
            return;
        }

        bytes += track.Add(sample.AtMs, sample.Value);
        held++;
        taken++;
    }

    IEnumerable<Track> Named(string? name) => name is null ? tracks.Values : byName.GetValueOrDefault(name) ?? [];

    Track? Begin(MetricSeries series)
    {
        if (tracks.Count >= limits.Series || series.Refusal() is not null)
        {
            return null;
        }

        var track = new Track(series);
        tracks[series] = track;
        foreach (var name in series.Names)
        {
            if (!byName.TryGetValue(name, out var same))
            {
                byName[name] = same = [];
            }

            same.Add(track);
        }

        bytes += series.Bytes;
        return track;
    }

    // 1. What is older than the window, 2. the oldest sealed chunks until there is room, 3. series of which nothing is left.
    void Sweep()
    {
        swept = time.GetTimestamp();
        var cutoff = time.GetUtcNow().ToUnixTimeMilliseconds() - (long)limits.Window.TotalMilliseconds;
        foreach (var track in tracks.Values)
        {
            Drop(track, cutoff, false);
        }

        if (bytes > limits.Bytes)
        {
            var target = (long)(limits.Bytes * Relief);
            var over = bytes - target;
            foreach (var (lastMs, size) in tracks.Values.SelectMany(t => t.Ends()).OrderBy(e => e.LastMs).ToArray())
            {
                (cutoff, over) = (lastMs + 1, over - size);
                if (over <= 0)
                {
                    break;
                }
            }

            evictedUntil = Math.Max(evictedUntil, cutoff);
            foreach (var track in tracks.Values)
            {
                Drop(track, cutoff, true);
            }
        }

        foreach (var track in tracks.Values.Where(t => t.IsEmpty).ToArray())
        {
            tracks.Remove(track.Series);
            foreach (var name in track.Series.Names)
            {
                byName[name].Remove(track);
                if (byName[name].Count == 0)
                {
                    byName.Remove(name);
                }
            }

            bytes -= track.Series.Bytes;
        }
    }

    void Drop(Track track, long cutoff, bool early)
    {
        var (freed, gone) = track.DropBefore(cutoff);
        bytes -= freed;
        held -= gone;
        evicted += early ? gone : 0;
    }

    /// <summary>A series' chunks, the last of which is written to.</summary>
    sealed class Track(MetricSeries series)
    {
        readonly List<SampleChunk> chunks = [];

        public MetricSeries Series => series;

        public long LastMs => chunks.Count == 0 ? long.MinValue : chunks[^1].LastMs;

        public bool IsEmpty => chunks.Count == 0;

        /// <summary>Gives by how much the memory grew.</summary>
        public int Add(long atMs, double value)
        {
            var grown = 0;
            if (chunks.Count == 0 || chunks[^1].Count >= SampleChunk.Most)
            {
                if (chunks.Count > 0)
                {
                    grown -= chunks[^1].Bytes;
                    chunks[^1].Seal();
                    grown += chunks[^1].Bytes;
                }

                chunks.Add(new());
                grown += chunks[^1].Bytes;
            }

            var before = chunks[^1].Bytes;
            chunks[^1].Add(atMs, value);
            return grown + chunks[^1].Bytes - before;
        }

        public List<SampleChunk> Within(long fromMs, long toMs) =>
            [.. chunks.Where(c => c.LastMs >= fromMs && c.FirstMs <= toMs).Select(c => ReferenceEquals(c, chunks[^1]) ? c.Copy() : c)];

        public bool Overlaps(long fromMs, long toMs) => chunks.Count > 0 && chunks[^1].LastMs >= fromMs && chunks[0].FirstMs <= toMs;

        public IEnumerable<(long LastMs, int Bytes)> Ends() => chunks.Select(c => (c.LastMs, c.Bytes));

        public (long Freed, int Samples) DropBefore(long cutoff)
        {
            var (freed, gone, count) = (0L, 0, 0);
            while (count < chunks.Count && chunks[count].LastMs < cutoff)
            {
                (freed, gone, count) = (freed + chunks[count].Bytes, gone + chunks[count].Count, count + 1);
            }

            chunks.RemoveRange(0, count);
            return (freed, gone);
        }
    }
}
