namespace Mainstay.Observe.Store.Blocks;

/// <summary>How long something is kept on disk: what is beyond either limit goes, the oldest first.</summary>
/// <param name="Age">Of the newest item of a block.</param>
/// <param name="Bytes">Of all blocks together.</param>
public readonly record struct Retention(TimeSpan Age, long Bytes);

/// <summary>What lies on disk.</summary>
/// <param name="Items">Spans or log records in sealed blocks.</param>
/// <param name="Damaged">Blocks and pages that could not be read; the rest is served.</param>
/// <param name="Unwritten">Items that could not be written, for want of room or a disk; they are found while they are in memory.</param>
public readonly record struct DiskFigures(int Blocks, long Items, long Bytes, long Damaged, long Unwritten);

/// <summary>
/// The sealed blocks of a folder, newest last. Reading is safe for any number of callers; adding and dropping are one caller's.
/// </summary>
/// <param name="files">Where they are.</param>
/// <param name="prefix">What the names of their files begin with.</param>
/// <param name="kind">What the blocks hold.</param>
sealed class BlockShelf(IStoreFiles files, string prefix, byte kind)
{
    const string Suffix = ".block";

    readonly HashSet<(string, int)> badPages = [];
    readonly List<StoreFile> bad = [];
    BlockFile[] blocks = [];
    long number;
    long damaged;

    /// <summary>Oldest first.</summary>
    public ReadOnlySpan<BlockFile> Blocks => Volatile.Read(ref blocks);

    public long Damaged => Volatile.Read(ref damaged);

    /// <summary>Finds the blocks that are there. One that is damaged stays for whoever wants to look at it, until its room is needed.</summary>
    public void Open()
    {
        var found = new List<(long Number, BlockFile Block)>();
        foreach (var file in files.List())
        {
            if (!file.Name.StartsWith(prefix, StringComparison.Ordinal) || !file.Name.EndsWith(Suffix, StringComparison.Ordinal)
                || !long.TryParse(file.Name.AsSpan(prefix.Length, file.Name.Length - prefix.Length - Suffix.Length), System.Globalization.CultureInfo.InvariantCulture, out var its))
            {
                continue;
            }

            number = Math.Max(number, its);
            if (BlockFile.Open(files, file) is { } block && block.Kind == kind)
            {
                found.Add((its, block));
            }
            else
            {
                damaged++;
                bad.Add(file);
            }
        }

        blocks = [.. found.OrderBy(f => f.Number).Select(f => f.Block)];
    }

    /// <summary>Writes a block; false where it could not be.</summary>
    public bool Add(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        var file = new StoreFile($"{prefix}{number + 1:d12}{Suffix}", parts.Sum(p => (long)p.Length));
        if (!files.Write(file.Name, parts) || BlockFile.Open(files, file) is not { } block)
        {
            return false;
        }

        number++;
        Volatile.Write(ref blocks, [.. blocks, block]);
        return true;
    }

    /// <summary>Drops what is too old or too much.</summary>
    /// <param name="keep">The limits.</param>
    /// <param name="now">In nanoseconds since 1970.</param>
    public void Drop(Retention keep, long now)
    {
        var total = blocks.Sum(b => b.Bytes) + bad.Sum(b => b.Bytes);
        for (; total > keep.Bytes && bad.Count > 0; bad.RemoveAt(0))
        {
            total -= bad[0].Bytes;
            files.Delete(bad[0].Name);
        }

        var gone = 0;
        for (; gone < blocks.Length && (total > keep.Bytes || blocks[gone].Last < now - (long)Math.Min(keep.Age.TotalNanoseconds, long.MaxValue / 2)); gone++)
        {
            total -= blocks[gone].Bytes;
            files.Delete(blocks[gone].Name);
        }

        if (gone > 0)
        {
            Volatile.Write(ref blocks, blocks[gone..]);
        }
    }

    /// <summary>A page was found damaged; it is counted once.</summary>
    public void Bad(BlockFile block, int page)
    {
        lock (badPages)
        {
            damaged += badPages.Add((block.Name, page)) ? 1 : 0;
        }
    }

    public DiskFigures Figures(long unwritten)
    {
        var (count, items, bytes) = (0, 0L, 0L);
        foreach (var block in Blocks)
        {
            (count, items, bytes) = (count + 1, items + block.Items, bytes + block.Bytes);
        }

        return new(count, items, bytes, Damaged, unwritten);
    }
}
