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

    /// <summary>False where it is damaged.</summary>
    public static bool TryUnpack(ReadOnlySpan<byte> page, out int rows, out byte[] plain, out byte[] unpacked)
    {
        var cursor = new ByteCursor(page);
        rows = cursor.Count(MostRows);
        var (plainLength, length, packed) = (cursor.Count(page.Length), cursor.Count(MostUnpacked), cursor.Count(page.Length));
        plain = cursor.Bytes(plainLength).ToArray();
        var from = cursor.Bytes(packed);
        unpacked = [];

        // Brotli packs at most about a million to one: a length beyond that is not true, and is not believed with memory.
        if (cursor.Failed || length > (long)packed * 100_000)
        {
            return false;
        }

        unpacked = new byte[length];
        return BrotliDecoder.TryDecompress(from, unpacked, out var written) && written == length;
    }
}
