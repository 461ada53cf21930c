namespace Mainstay.Observe.Store.Blocks;

/// <summary>What is known of a page without reading it.</summary>
/// <param name="Items">Spans or log records.</param>
/// <param name="First">The earliest, in nanoseconds since 1970.</param>
/// <param name="Last">The latest.</param>
/// <param name="Figure">The longest duration in nanoseconds, or the greatest severity.</param>
/// <param name="Flags">Bit 0: something failed.</param>
public readonly record struct PageFacts(int Items, long First, long Last, long Figure, int Flags);

/// <summary>
/// Makes a block: pages, their filters and an index, each with its checksum in the footer at the end, and last the footer's length and checksum. A block is read from its
/// end: opening one reads its footer alone.
/// </summary>
sealed class BlockWriter(byte kind)
{
    /// <summary>"MBK1".</summary>
    public const uint Magic = 0x314b424d;

    /// <summary>Length and checksum of the footer, and the magic.</summary>
    public const int TailBytes = 12;

    readonly List<ReadOnlyMemory<byte>> parts = [];
    readonly ByteWriter pages = new();
    int count;
    long at;

    public void Add(byte[] page, byte[] filter, in PageFacts facts)
    {
        count++;
        pages.Varint(facts.Items);
        pages.UInt64((ulong)facts.First);
        pages.UInt64((ulong)facts.Last);
        pages.Zigzag(facts.Figure);
        pages.Byte((byte)facts.Flags);
        Part(page);
        Part(filter);
    }

    /// <summary>The whole block.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Finish(byte[] index)
    {
        var footer = new ByteWriter();
        footer.Byte(kind);
        footer.Varint(count);
        footer.Bytes(pages.Written);
        footer.Varint((ulong)at);
        footer.Varint(index.Length);
        parts.Add(index);
        var length = footer.Length;
        var sum = Checksum.Of(footer.Written);
        footer.UInt32((uint)length);
        footer.UInt32(sum);
        footer.UInt32(Magic);
        parts.Add(footer.ToArray());
        return parts;
    }

    void Part(byte[] bytes)
    {
        pages.Varint((ulong)at);
        pages.Varint(bytes.Length);
        pages.UInt32(Checksum.Of(bytes));
        parts.Add(bytes);
        at += bytes.Length;
    }
}
