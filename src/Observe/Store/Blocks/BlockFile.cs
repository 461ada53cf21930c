using System.Buffers.Binary;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>A block on disk: its footer in memory, its pages read when they are asked for.</summary>
sealed class BlockFile
{
    const int MostFooter = 16 << 20;
    const int MostFilters = 16 << 20;

    readonly IStoreFiles files;
    readonly Page[] pages;
    readonly long indexAt;

    BlockFile(IStoreFiles files, StoreFile file, byte kind, Page[] pages, long indexAt, int indexBytes)
    {
        (this.files, Name, Bytes, Kind, this.pages, this.indexAt, IndexBytes) = (files, file.Name, file.Bytes, kind, pages, indexAt, indexBytes);
        foreach (var page in pages)
        {
            Items += page.Facts.Items;
            First = Math.Min(First, page.Facts.First);
            Last = Math.Max(Last, page.Facts.Last);
        }

        FilterBytes = Filters();
    }

    public string Name { get; }

    public long Bytes { get; }

    public byte Kind { get; }

    public long Items { get; }

    /// <summary>The earliest item, in nanoseconds since 1970.</summary>
    public long First { get; } = long.MaxValue;

    /// <summary>The latest item.</summary>
    public long Last { get; } = long.MinValue;

    public int Pages => pages.Length;

    public int IndexBytes { get; }

    /// <summary>Opens a block by its footer; null where that is damaged.</summary>
    public static BlockFile? Open(IStoreFiles files, StoreFile file)
    {
        const int first = 4096;
        var end = new byte[(int)Math.Min(first, file.Bytes)];
        if (end.Length < BlockWriter.TailBytes || files.Read(file.Name, file.Bytes - end.Length, end) != end.Length)
        {
            return null;
        }

        var tail = end.AsSpan(end.Length - BlockWriter.TailBytes);
        var (length, sum) = (BinaryPrimitives.ReadUInt32LittleEndian(tail), BinaryPrimitives.ReadUInt32LittleEndian(tail[4..]));
        if (BinaryPrimitives.ReadUInt32LittleEndian(tail[8..]) != BlockWriter.Magic || length > MostFooter || length > file.Bytes - BlockWriter.TailBytes)
        {
            return null;
        }

        var footer = new byte[(int)length];
        if (length <= end.Length - BlockWriter.TailBytes)
        {
            end.AsSpan(end.Length - BlockWriter.TailBytes - (int)length, (int)length).CopyTo(footer);
        }
        else if (files.Read(file.Name, file.Bytes - BlockWriter.TailBytes - length, footer) != footer.Length)
        {
            return null;
        }

        return Checksum.Of(footer) == sum ? Read(files, file, footer) : null;
    }

    public ref readonly PageFacts Facts(int page) => ref pages[page].Facts;

    /// <summary>A page; null where it is damaged.</summary>
    public byte[]? ReadPage(int page) => Read(pages[page].Body);

    /// <summary>A page's filter; null where it is damaged.</summary>
    public byte[]? ReadFilter(int page) => Read(pages[page].Filter);

    /// <summary>The bytes of all filters, where they lie behind one another; 0 where they do not.</summary>
    public int FilterBytes { get; }

    /// <summary>Reads all filters into memory of <see cref="FilterBytes"/>; false where they cannot be read.</summary>
    public bool ReadFilters(Span<byte> into) => into.Length > 0 && files.Read(Name, pages[0].Filter.At, into) == into.Length;

    /// <summary>A page's filter out of all of them; empty where it is damaged.</summary>
    public ReadOnlySpan<byte> FilterIn(ReadOnlySpan<byte> all, int page)
    {
        var part = pages[page].Filter;
        var filter = all.Slice((int)(part.At - pages[0].Filter.At), part.Length);
        return Checksum.Of(filter) == part.Sum ? filter : default;
    }

    /// <summary>A piece of the index; null where it cannot be read.</summary>
    public byte[]? ReadIndex(int at, int length)
    {
        var bytes = new byte[length];
        return at >= 0 && length <= IndexBytes - at && files.Read(Name, indexAt + at, bytes) == length ? bytes : null;
    }

    static BlockFile? Read(IStoreFiles files, StoreFile file, byte[] footer)
    {
        var cursor = new ByteCursor(footer);
        var kind = cursor.Byte();
        var pages = new Page[cursor.Items()];
        for (var i = 0; i < pages.Length && !cursor.Failed; i++)
        {
            var facts = new PageFacts(cursor.Count(PagePacker.MostRows), (long)cursor.UInt64(), (long)cursor.UInt64(), cursor.Zigzag(), cursor.Byte());
            pages[i] = new(facts, Part.Read(ref cursor, file.Bytes), Part.Read(ref cursor, file.Bytes));
        }

        var (indexAt, indexBytes) = ((long)cursor.Varint(), cursor.Count(int.MaxValue));
        return cursor.Failed || indexAt < 0 || indexAt > file.Bytes - indexBytes ? null : new(files, file, kind, pages, indexAt, indexBytes);
    }

    int Filters()
    {
        var at = pages.Length == 0 ? 0 : pages[0].Filter.At;
        foreach (var page in pages)
        {
            if (page.Filter.At != at)
            {
                return 0;
            }

            at += page.Filter.Length;
        }

        return pages.Length > 0 && at - pages[0].Filter.At <= MostFilters ? (int)(at - pages[0].Filter.At) : 0;
    }

    byte[]? Read(Part part)
    {
        var bytes = new byte[part.Length];
        return files.Read(Name, part.At, bytes) == bytes.Length && Checksum.Of(bytes) == part.Sum ? bytes : null;
    }

    readonly record struct Part(long At, int Length, uint Sum)
    {
        public static Part Read(ref ByteCursor from, long most)
        {
            var part = new Part((long)from.Varint(), from.Count(int.MaxValue), from.UInt32());
            if (part.At < 0 || part.At > most || part.Length > most - part.At)
            {
                from.Fail();
            }

            return part;
        }
    }

    sealed class Page(PageFacts facts, Part body, Part filter)
    {
        public readonly PageFacts Facts = facts;

        public Part Body => body;

        public Part Filter => filter;
    }
}
