using System.Buffers;
using System.IO.Compression;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>
/// A page: a part that is kept as it is, since it is random (ids), and a part that is compressed (Brotli). Number of rows, length of the first part, length of
/// the second, unpacked and packed, then both.
/// </summary>
static class PagePacker
{
    /// <summary>The most rows of a page.</summary>
    public const int MostRows = 1 << 14;

    const int MostUnpacked = 96 << 20;
    const int Quality = 6;
    const int Window = 22;

    public static byte[] Pack(int rows, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> packable)
    {
        var room = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(packable.Length));
        BrotliEncoder.TryCompress(packable, room, out var packed, Quality, Window);
        var page = new ByteWriter(packed + plain.Length + 40);
        page.Varint(rows);
        page.Varint(plain.Length);
        page.Varint(packable.Length);
        page.Varint(packed);
        page.Bytes(plain);
        page.Bytes(room.AsSpan(0, packed));
        ArrayPool<byte>.Shared.Return(room);
        return page.ToArray();
    }

    /// <summary>Unpacks a page into memory that is lent: it goes back when what is returned is disposed of.</summary>
    public static UnpackedPage Unpack(ReadOnlySpan<byte> page)
    {
        var cursor = new ByteCursor(page);
        var rows = cursor.Count(MostRows);
        var (plainLength, length, packed) = (cursor.Count(page.Length), cursor.Count(MostUnpacked), cursor.Count(page.Length));
        var plain = cursor.Bytes(plainLength);
        var from = cursor.Bytes(packed);

        // Brotli packs at most about a million to one: a length beyond that is not true, and is not believed with memory.
        if (cursor.Failed || length > (long)packed * 100_000)
        {
            return default;
        }

        var lent = ArrayPool<byte>.Shared.Rent(length);
        var isWhole = BrotliDecoder.TryDecompress(from, lent.AsSpan(0, length), out var written) && written == length;
        return new(isWhole, rows, plain, lent, length);
    }
}

/// <summary>A page as it was before it was packed.</summary>
/// <param name="isWhole">False where it is damaged: then nothing of it is to be read.</param>
/// <param name="rows">How many rows it says to have.</param>
/// <param name="plain">The part that was not compressed.</param>
/// <param name="lent">Holds the other part; goes back to the pool.</param>
/// <param name="length">Of the other part.</param>
readonly ref struct UnpackedPage(bool isWhole, int rows, ReadOnlySpan<byte> plain, byte[] lent, int length)
{
    readonly byte[]? lent = lent;

    public bool IsWhole { get; } = isWhole;

    public int Rows { get; } = rows;

    public ReadOnlySpan<byte> Plain { get; } = plain;

    /// <summary>The part that was compressed.</summary>
    public ReadOnlySpan<byte> Bytes => lent.AsSpan(0, length);

    public void Dispose()
    {
        if (lent is not null)
        {
            ArrayPool<byte>.Shared.Return(lent);
        }
    }
}
