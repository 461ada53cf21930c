namespace Mainstay.Observe.Store.Blocks;

/// <summary>What is known of a page without reading it.</summary>
/// <param name="Items">Spans or log records.</param>
/// <param name="First">The earliest, in nanoseconds since 1970.</param>
/// <param name="Last">The latest.</param>
/// <param name="Figure">The longest duration in nanoseconds, or the greatest severity.</param>
/// <param name="Flags">Bit 0: something failed.</param>
public readonly record struct PageFacts(int Items, long First, long Last, long Figure, int Flags);

/// <summary>
/// Makes a block: pages, then their filters, then an index, each with its checksum in the footer at the end, and last the footer's length and checksum. A block is read from its
/// end: opening one reads its footer alone. A search reads all filters of a block at once.
/// </summary>
sealed class BlockWriter(byte kind)
{
    /// <summary>"MBK1".</summary>
    public const uint Magic = 0x314b424d;

    /// <summary>Length and checksum of the footer, and the magic.</summary>
    public const int TailBytes = 12;

    readonly List<(PageFacts Facts, byte[] Body, byte[] Filter)> pages = [];

    public void Add(byte[] page, byte[] filter, in PageFacts facts) => pages.Add((facts, page, filter));

    /// <summary>The whole block.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Finish(byte[] index)
    {
        var footer = new ByteWriter();
        footer.Byte(kind);
        footer.Varint(pages.Count);
        var (bodyAt, filterAt) = (0L, pages.Sum(p => (long)p.Body.Length));
        foreach (var (facts, body, filter) in pages)
        {
            footer.Varint(facts.Items);
            footer.UInt64((ulong)facts.First);
            footer.UInt64((ulong)facts.Last);
            footer.Zigzag(facts.Figure);
            footer.Byte((byte)facts.Flags);
            Part(footer, body, ref bodyAt);
            Part(footer, filter, ref filterAt);
        }

        footer.Varint((ulong)filterAt);
        footer.Varint(index.Length);
        var length = footer.Length;
        var sum = Checksum.Of(footer.Written);
        footer.UInt32((uint)length);
        footer.UInt32(sum);
        footer.UInt32(Magic);
        return [.. pages.Select(p => (ReadOnlyMemory<byte>)p.Body), .. pages.Select(p => (ReadOnlyMemory<byte>)p.Filter), index, footer.ToArray()];
    }

    static void Part(ByteWriter into, byte[] bytes, ref long at)
    {
        into.Varint((ulong)at);
        into.Varint(bytes.Length);
        into.UInt32(Checksum.Of(bytes));
        at += bytes.Length;
    }
}
