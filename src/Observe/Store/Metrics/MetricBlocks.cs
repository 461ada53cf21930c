using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Metrics;

/// <summary>Samples in sealed blocks: pages of packed chunks, and an index of series. Reading is safe for any number of callers; <see cref="Seal"/> is one caller's.</summary>
sealed class MetricBlocks(IStoreFiles files)
{
    const byte Kind = 3;
    const int PageBytes = 128 << 10;
    const int ChunkSamples = 720;
    const int MostIndexes = 512;
    const int MostKnown = 200_000;

    static readonly byte[] NoFilter = [];

    readonly Lock gate = new();
    readonly Dictionary<string, MetricIndex?> indexes = new(StringComparer.Ordinal);
    readonly Dictionary<MetricSeries, MetricSeries> known = [];

    public BlockShelf Shelf { get; } = new(files, "metrics-", Kind);

    /// <summary>The last time of which a block has a sample, in milliseconds; the least there is where there is no block.</summary>
    public long LastMs
    {
        get
        {
            var last = long.MinValue;
            foreach (var block in Shelf.Blocks)
            {
                last = Math.Max(last, block.Last / 1_000_000);
            }

            return last;
        }
    }

    /// <summary>Adds the samples of matching series of a span of time.</summary>
    public void Read(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs, Dictionary<MetricSeries, List<MetricPoint>> into)
    {
        var takes = new Dictionary<MetricSeries, bool>();
        foreach (var block in Shelf.Blocks)
        {
            var (page, body) = (-1, (byte[]?)null);
            foreach (var entry in Entries(block, name, fromMs, toMs))
            {
                if (!takes.TryGetValue(entry.Series, out var isTaken))
                {
                    takes[entry.Series] = isTaken = matches(entry.Series);
                }

                if (!isTaken)
                {
                    continue;
                }

                if (page != entry.Page)
                {
                    (page, body) = (entry.Page, entry.Page < block.Pages ? block.ReadPage(entry.Page) : null);
                }

                if (body is null || entry.At > body.Length - entry.Length)
                {
                    Shelf.Bad(block, page);
                    continue;
                }

                if (!into.TryGetValue(entry.Series, out var points))
                {
                    into[entry.Series] = points = [];
                }

                SampleChunk.Of(entry.Count, entry.FirstMs, entry.LastMs, body.AsSpan(entry.At, entry.Length)).Read(fromMs, toMs, points);
            }
        }
    }

    /// <summary>Adds the series that have samples in a span of time.</summary>
    public void Series(string? name, Func<MetricSeries, bool> matches, long fromMs, long toMs, HashSet<MetricSeries> into)
    {
        var seen = new HashSet<MetricSeries>();
        foreach (var block in Shelf.Blocks)
        {
            foreach (var entry in Entries(block, name, fromMs, toMs))
            {
                if (seen.Add(entry.Series) && !into.Contains(entry.Series) && matches(entry.Series))
                {
                    into.Add(entry.Series);
                }
            }
        }
    }

    /// <summary>Writes a block; false where it could not be.</summary>
    public bool Seal(IEnumerable<SeriesSamples> all)
    {
        var writer = new BlockWriter(Kind);
        var entries = new List<MetricIndex.Entry>();
        var page = new ByteWriter(PageBytes + (16 << 10));
        var (pages, rows, first, last) = (0, 0, long.MaxValue, long.MinValue);
        void End()
        {
            writer.Add(page.ToArray(), NoFilter, new(rows, first * 1_000_000, last * 1_000_000, 0, 0));
            page.Clear();
            (pages, rows, first, last) = (pages + 1, 0, long.MaxValue, long.MinValue);
        }

        foreach (var (series, points) in all)
        {
            for (var at = 0; at < points.Count; at += ChunkSamples)
            {
                var chunk = new SampleChunk();
                for (var i = at; i < Math.Min(points.Count, at + ChunkSamples); i++)
                {
                    chunk.Add(points[i].AtMs, points[i].Value);
                }

                entries.Add(new(series, pages, page.Length, chunk.Packed.Length, chunk.Count, chunk.FirstMs, chunk.LastMs));
                page.Bytes(chunk.Packed);
                (rows, first, last) = (rows + 1, Math.Min(first, chunk.FirstMs), Math.Max(last, chunk.LastMs));
                if (page.Length >= PageBytes || rows >= PagePacker.MostRows)
                {
                    End();
                }
            }
        }

        if (rows > 0)
        {
            End();
        }

        return entries.Count == 0 || Shelf.Add(writer.Finish(MetricIndex.Write(entries)));
    }

    IEnumerable<MetricIndex.Entry> Entries(BlockFile block, string? name, long fromMs, long toMs) =>
        block.First / 1_000_000 > toMs || block.Last / 1_000_000 < fromMs ? [] : IndexOf(block)?.Of(name).Where(e => e.FirstMs <= toMs && e.LastMs >= fromMs) ?? [];

    // The pages know whether they are whole; an index that is not makes its block one that is passed over.
    MetricIndex? IndexOf(BlockFile block)
    {
        lock (gate)
        {
            if (indexes.TryGetValue(block.Name, out var index))
            {
                return index;
            }

            index = block.ReadIndex(0, block.IndexBytes) is { } bytes ? MetricIndex.Read(bytes, One) : null;
            if (index is null)
            {
                Shelf.Bad(block, -1);
            }

            if (indexes.Count >= MostIndexes)
            {
                indexes.Clear();
            }

            return indexes[block.Name] = index;
        }
    }

    MetricSeries One(MetricSeries series)
    {
        if (known.TryGetValue(series, out var one))
        {
            return one;
        }

        if (known.Count >= MostKnown)
        {
            known.Clear();
        }

        return known[series] = series;
    }
}
