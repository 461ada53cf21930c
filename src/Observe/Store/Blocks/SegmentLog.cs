using System.Buffers.Binary;
using System.Globalization;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>
/// Files to which records are appended before they are sealed in blocks, in chunks with a checksum each: after a crash everything up to the first
/// chunk that is not whole is read back. One caller at a time.
/// </summary>
/// <param name="files">Where they are.</param>
/// <param name="prefix">What the names of the files begin with.</param>
sealed class SegmentLog(IStoreFiles files, string prefix)
{
    // "MSG1", length, checksum.
    const uint Magic = 0x3147534d;
    const int HeaderBytes = 12;
    const int MostChunk = 4 << 20;
    const string Suffix = ".log";

    readonly Queue<Segment> closed = new();
    byte[] chunk = [];
    Segment? open;
    long number;

    /// <summary>Of all files, in bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>The file that is appended to; null where there is none.</summary>
    public Segment? Current => open;

    /// <summary>The oldest file that nothing is appended to any more; null where there is none.</summary>
    public Segment? Oldest => closed.TryPeek(out var oldest) ? oldest : null;

    /// <summary>Finds what the last run left; each file counts as ended <paramref name="now"/>.</summary>
    public void Open(long now)
    {
        var found = new List<(long Number, StoreFile File)>();
        foreach (var file in files.List())
        {
            if (file.Name.StartsWith(prefix, StringComparison.Ordinal) && file.Name.EndsWith(Suffix, StringComparison.Ordinal)
                && long.TryParse(file.Name.AsSpan(prefix.Length, file.Name.Length - prefix.Length - Suffix.Length), CultureInfo.InvariantCulture, out var its))
            {
                found.Add((its, file));
            }
        }

        foreach (var (its, file) in found.OrderBy(f => f.Number))
        {
            number = its;
            Bytes += file.Bytes;
            closed.Enqueue(new(file.Name, now) { Bytes = file.Bytes, Until = now });
        }
    }

    /// <summary>Appends whole records; false where they could not be written as a whole.</summary>
    public bool Append(ReadOnlySpan<byte> records, long now)
    {
        if (chunk.Length < records.Length + HeaderBytes)
        {
            chunk = new byte[records.Length + HeaderBytes];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(chunk, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(chunk.AsSpan(4), records.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(8), Checksum.Of(records));
        records.CopyTo(chunk.AsSpan(HeaderBytes));
        open ??= new($"{prefix}{++number:d12}{Suffix}", now);
        open.Until = now;
        var length = records.Length + HeaderBytes;
        var isWhole = files.Append(open.Name, chunk.AsSpan(0, length));
        open.Bytes += length;
        Bytes += length;
        if (!isWhole)
        {
            // Half a chunk may lie there, behind which nothing is read: what follows begins another file.
            Roll();
        }

        return isWhole;
    }

    /// <summary>Ends the file that is appended to.</summary>
    public void Roll()
    {
        if (open is not null)
        {
            closed.Enqueue(open);
            open = null;
        }
    }

    /// <summary>Deletes the oldest file that is ended.</summary>
    public void DropOldest()
    {
        if (closed.TryDequeue(out var oldest))
        {
            Bytes -= oldest.Bytes;
            files.Delete(oldest.Name);
        }
    }

    /// <summary>Deletes all files that are ended.</summary>
    public void DropClosed()
    {
        while (closed.Count > 0)
        {
            DropOldest();
        }
    }

    /// <summary>All ended files, oldest first.</summary>
    public IReadOnlyList<Segment> Closed() => [.. closed];

    /// <summary>Reads the next chunk of a file; null at its end, or where it is not whole.</summary>
    public byte[]? Read(Segment segment, ref long at)
    {
        byte[] bytes = [];
        return Read(segment, ref at, ref bytes) < 0 ? null : bytes;
    }

    /// <summary>Reads the next chunk of a file into memory that is made anew where it is too small; its length, or -1 at the file's end, or where the chunk is not whole.</summary>
    public int Read(Segment segment, ref long at, ref byte[] into)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (files.Read(segment.Name, at, header) != HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(header[4..]) is not (>= 0 and <= MostChunk and var length))
        {
            return -1;
        }

        into = into.Length < length ? new byte[length] : into;
        var bytes = into.AsSpan(0, length);
        if (files.Read(segment.Name, at + HeaderBytes, bytes) != length || Checksum.Of(bytes) != BinaryPrimitives.ReadUInt32LittleEndian(header[8..]))
        {
            return -1;
        }

        at += HeaderBytes + length;
        return length;
    }

    /// <summary>One file.</summary>
    public sealed class Segment(string name, long since)
    {
        public string Name => name;

        /// <summary>When it was begun, in milliseconds of the owner's clock.</summary>
        public long Since => since;

        /// <summary>When it was appended to last.</summary>
        public long Until { get; set; }

        public long Bytes { get; set; }
    }
}
