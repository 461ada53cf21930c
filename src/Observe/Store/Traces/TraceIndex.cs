using System.Buffers.Binary;
using Mainstay.Observe.Store.Blocks;

namespace Mainstay.Observe.Store.Traces;

/// <summary>
/// The index of a block: the sorted hashes of its traces (40 bits) with their pages (16 bits), in pieces of 512 with a checksum each. Since hashes are spread
/// evenly, a lookup reads the two or three pieces where a hash must be.
/// </summary>
static class TraceIndex
{
    const int EntryBytes = 7;
    const int PieceEntries = 512;
    const int PieceBytes = (PieceEntries * EntryBytes) + 4;

    // A hash is found where its share of the whole says, give or take; beyond it the whole index is read.
    const int Around = 384;

    public static byte[] Make(List<(ulong Hash, int Page)> entries)
    {
        entries.Sort();
        var index = new ByteWriter();
        for (var at = 0; at < entries.Count; at += PieceEntries)
        {
            var count = Math.Min(PieceEntries, entries.Count - at);
            var piece = index.Take(count * EntryBytes);
            for (var i = 0; i < count; i++)
            {
                var entry = piece[(i * EntryBytes)..];
                BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)(entries[at + i].Hash >> 8));
                entry[4] = (byte)entries[at + i].Hash;
                BinaryPrimitives.WriteUInt16BigEndian(entry[5..], (ushort)entries[at + i].Page);
            }

            index.UInt32(Checksum.Of(index.Written[^(count * EntryBytes)..]));
        }

        return index.ToArray();
    }

    /// <summary>The pages in which a hash is; null where the index is damaged.</summary>
    public static List<int>? Find(BlockFile block, ulong hash)
    {
        var (full, rest) = (block.IndexBytes / PieceBytes, block.IndexBytes % PieceBytes);
        var count = (full * PieceEntries) + (Math.Max(0, rest - 4) / EntryBytes);
        var all = full + (rest > 0 ? 1 : 0);
        var guess = (int)(((double)hash / (1UL << 40)) * count);
        var (from, to) = (Math.Max(0, guess - Around) / PieceEntries, Math.Min(all, ((guess + Around) / PieceEntries) + 1));
        var entries = Read(block, from, to);

        // Where what was read does not reach beyond the hash on both sides, it may be outside.
        if (entries is not null && ((from > 0 && HashAt(entries, 0) >= hash) || (to < all && HashAt(entries, (entries.Length / EntryBytes) - 1) <= hash)))
        {
            entries = Read(block, 0, all);
        }

        return entries is null ? null : Pages(entries, hash, block.Pages);
    }

    static List<int> Pages(byte[] entries, ulong hash, int most)
    {
        var pages = new List<int>();
        var (count, low, high) = (entries.Length / EntryBytes, 0, entries.Length / EntryBytes);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = HashAt(entries, middle) < hash ? (middle + 1, high) : (low, middle);
        }

        for (; low < count && HashAt(entries, low) == hash; low++)
        {
            var page = BinaryPrimitives.ReadUInt16BigEndian(entries.AsSpan((low * EntryBytes) + 5));
            if (page < most && (pages.Count == 0 || pages[^1] != page))
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    // Pieces without their checksums, one behind the other.
    static byte[]? Read(BlockFile block, int from, int to)
    {
        var start = from * PieceBytes;
        if (block.ReadIndex(start, Math.Min(block.IndexBytes, to * PieceBytes) - start) is not { } bytes)
        {
            return null;
        }

        var entries = new byte[bytes.Length - ((to - from) * 4)];
        var at = 0;
        for (ReadOnlySpan<byte> rest = bytes; rest.Length > 0;)
        {
            var piece = rest[..Math.Min(PieceBytes, rest.Length)];
            if (piece.Length < 4 + EntryBytes || Checksum.Of(piece[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(piece[^4..]))
            {
                return null;
            }

            piece[..^4].CopyTo(entries.AsSpan(at));
            at += piece.Length - 4;
            rest = rest[piece.Length..];
        }

        return entries;
    }

    static ulong HashAt(byte[] entries, int at) => ((ulong)BinaryPrimitives.ReadUInt32BigEndian(entries.AsSpan(at * EntryBytes)) << 8) | entries[(at * EntryBytes) + 4];
}
