using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// Sealed blocks of spans. The spans of a trace lie together, in one page where they fit, and traces in the order of their beginnings.
/// </summary>
sealed class TraceBlocks(IStoreFiles files)
{
    const byte Kind = 1;

    // A page is read as a whole for one trace of it: small ones make that quick, and cost some bytes more a span, since what repeats is known anew in each.
    const int PageSpans = 2048;
    const int PageBytes = 2 << 20;

    /// <summary>The most pages that one search unpacks; each takes about a millisecond.</summary>
    const int MostPages = 2400;

    // What a page is made in: a hundred pages a second would else leave their memory behind. One caller at a time.
    readonly TracePageWriter page = new();
    readonly ByteWriter packable = new(1 << 20);

    public BlockShelf Shelf { get; } = new(files, "spans-", Kind);

    /// <summary>Makes a block of records, in any order; double ones (the same span twice, after a crash) are left out. One caller at a time.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Make(IEnumerable<ReadOnlyMemory<byte>> records)
    {
        var traces = new Dictionary<TraceId, List<ReadOnlyMemory<byte>>>();
        foreach (var record in records)
        {
            ref var spans = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(traces, SpanRecord.TraceOf(record.Span), out _);
            (spans ??= []).Add(record);
        }

        var block = new BlockWriter(Kind);
        var index = new List<(ulong Hash, int Page)>();
        var (bytes, pages) = (0, 0);
        page.Clear();
        foreach (var (trace, all) in traces.Select(t => (t.Key, Sorted(t.Value))).OrderBy(t => Start(t.Item2[0])))
        {
            for (var at = 0; at < all.Count;)
            {
                var take = Math.Min(all.Count - at, PageSpans);
                var part = at == 0 && take == all.Count ? all : all.GetRange(at, take);
                var more = part.Sum(p => p.Length);
                if (page.Rows > 0 && (page.Rows + take > PageSpans || bytes + more > PageBytes))
                {
                    End();
                }

                page.Add(trace, part);
                index.Add((HashOf(trace), pages));
                bytes += more;
                at += take;
            }
        }

        if (page.Rows > 0)
        {
            End();
        }

        return block.Finish(TraceIndex.Make(index));

        void End()
        {
            var (body, filter, facts) = page.Finish(packable);
            block.Add(body, filter, facts);
            page.Clear();
            (bytes, pages) = (0, pages + 1);
        }
    }

    /// <summary>Adds the spans of a trace that are in blocks.</summary>
    public void Get(TraceId trace, List<StoredSpan> into)
    {
        var hash = HashOf(trace);
        foreach (var block in Shelf.Blocks)
        {
            if (TraceIndex.Find(block, hash) is not { } pages)
            {
                Shelf.Bad(block, -1);
                continue;
            }

            foreach (var number in pages)
            {
                Page(block, number)?.Get(trace, into);
            }
        }
    }

    /// <summary>Adds the newest traces that match and are not among <paramref name="seen"/>, until there are enough; false where older pages were not looked at, because that would have taken too long.</summary>
    public bool Find(TraceQuery query, HashSet<TraceId> seen, List<TraceId> into)
    {
        var terms = TracePage.TermsOf(query);
        var budget = MostPages;
        using var filters = new BlockFilters();
        var found = new List<TraceId>();
        var blocks = Shelf.Blocks;
        for (var at = blocks.Length - 1; at >= 0 && budget > 0 && into.Count < query.Limit; at--)
        {
            for (var number = blocks[at].Pages - 1; number >= 0 && budget > 0 && into.Count < query.Limit; number--)
            {
                if (!MayHave(blocks[at], number, query, terms, filters))
                {
                    continue;
                }

                budget--;
                found.Clear();
                Page(blocks[at], number)?.Find(query, found);
                for (var i = found.Count - 1; i >= 0 && into.Count < query.Limit; i--)
                {
                    if (seen.Add(found[i]))
                    {
                        into.Add(found[i]);
                    }
                }
            }
        }

        return budget > 0 || into.Count >= query.Limit;
    }

    static ulong HashOf(TraceId trace) => Checksum.Mix(trace.Low ^ Checksum.Mix(trace.High)) >> 24;

    static long Start(ReadOnlyMemory<byte> record) => new SpanParts(record.Span).Start;

    // The earliest first; the same span twice is left out.
    static List<ReadOnlyMemory<byte>> Sorted(List<ReadOnlyMemory<byte>> spans)
    {
        if (spans.Count == 1)
        {
            return spans;
        }

        var seen = new HashSet<(ulong, byte, long)>();
        return
        [
            .. spans.Select(s => (Record: s, Key: Key(s))).Where(s => seen.Add(s.Key)).OrderBy(s => s.Key.Item3).Select(s => s.Record),
        ];

        static (ulong, byte, long) Key(ReadOnlyMemory<byte> record)
        {
            var parts = new SpanParts(record.Span);
            return (parts.Span, parts.Kind, parts.Start);
        }
    }

    bool MayHave(BlockFile block, int number, TraceQuery query, ulong[] terms, BlockFilters filters)
    {
        ref readonly var facts = ref block.Facts(number);
        if (facts.Last < query.FromNanoseconds || facts.First > query.ToNanoseconds || facts.Figure < (long)query.MinDuration.TotalNanoseconds || (query.IsError == true && (facts.Flags & 1) == 0))
        {
            return false;
        }

        if (terms.Length == 0)
        {
            return true;
        }

        if (filters.MayHave(block, number, terms) is { } mayHave)
        {
            return mayHave;
        }

        Shelf.Bad(block, number);
        return true;
    }

    TracePage? Page(BlockFile block, int number)
    {
        var page = block.ReadPage(number) is { } bytes ? TracePage.Read(bytes) : null;
        if (page is null)
        {
            Shelf.Bad(block, number);
        }

        return page;
    }
}
