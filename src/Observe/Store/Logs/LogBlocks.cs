using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Logs;

/// <summary>Sealed blocks of log records, in the order of their times.</summary>
sealed class LogBlocks(IStoreFiles files)
{
    const byte Kind = 2;
    const int PageLogs = 4096;
    const long PageBytes = 4 << 20;

    /// <summary>The most pages that one search unpacks; each takes some milliseconds.</summary>
    const int MostPages = 400;

    public BlockShelf Shelf { get; } = new(files, "lines-", Kind);

    public static IReadOnlyList<ReadOnlyMemory<byte>> Make(IEnumerable<StoredLog> logs)
    {
        var sorted = logs.OrderBy(l => l.At).ToArray();
        var block = new BlockWriter(Kind);
        for (var at = 0; at < sorted.Length;)
        {
            var (start, bytes) = (at, 0L);
            do
            {
                bytes += sorted[at++].Size;
            }
            while (at < sorted.Length && at - start < PageLogs && bytes < PageBytes);
            var (page, filter, facts) = LogPage.Make(sorted.AsSpan(start, at - start));
            block.Add(page, filter, facts);
        }

        return block.Finish([]);
    }

    /// <summary>Adds the newest that match, newest first, until there are enough; false where it stopped before the end because that would take too long.</summary>
    public bool Find(LogSearch search, List<StoredLog> into)
    {
        var budget = MostPages;
        using var filters = new BlockFilters();
        var blocks = Shelf.Blocks;
        for (var at = blocks.Length - 1; at >= 0 && into.Count < search.Limit; at--)
        {
            for (var number = blocks[at].Pages - 1; number >= 0 && into.Count < search.Limit; number--)
            {
                if (!MayHave(blocks[at], number, search, filters))
                {
                    continue;
                }

                if (budget-- == 0)
                {
                    return false;
                }

                var page = blocks[at].ReadPage(number) is { } bytes ? LogPage.Read(bytes) : null;
                if (page is null)
                {
                    Shelf.Bad(blocks[at], number);
                    continue;
                }

                for (var i = page.Length - 1; i >= 0 && into.Count < search.Limit; i--)
                {
                    if (search.Matches(page[i]))
                    {
                        into.Add(page[i]);
                    }
                }
            }
        }

        return true;
    }

    bool MayHave(BlockFile block, int number, LogSearch search, BlockFilters filters)
    {
        ref readonly var facts = ref block.Facts(number);
        if (facts.Last < search.FromNanoseconds || facts.First > search.ToNanoseconds || facts.Figure < search.Severity)
        {
            return false;
        }

        if (search.Terms.Length == 0)
        {
            return true;
        }

        if (filters.MayHave(block, number, search.Terms) is { } mayHave)
        {
            return mayHave;
        }

        Shelf.Bad(block, number);
        return true;
    }
}
