using System.Buffers;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>The filters of the block that one search looks at: read at once where they lie behind one another, else each when it is asked for. In memory that is lent, and goes back when this is disposed of.</summary>
sealed class BlockFilters : IDisposable
{
    byte[] buffer = [];
    BlockFile? of;
    int length;

    /// <summary>Whether a page may have all of these terms; null where its filter is damaged.</summary>
    public bool? MayHave(BlockFile block, int page, ulong[] terms)
    {
        if (of != block)
        {
            Read(block);
        }

        var filter = length > 0 ? block.FilterIn(buffer.AsSpan(0, length), page) : block.ReadFilter(page);
        if (filter.IsEmpty)
        {
            return null;
        }

        foreach (var term in terms)
        {
            if (!TermFilter.MayHave(filter, term))
            {
                return false;
            }
        }

        return true;
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        (buffer, of, length) = ([], null, 0);
    }

    void Read(BlockFile block)
    {
        if (buffer.Length < block.FilterBytes)
        {
            Dispose();
            buffer = ArrayPool<byte>.Shared.Rent(block.FilterBytes);
        }

        (of, length) = (block, block.ReadFilters(buffer.AsSpan(0, block.FilterBytes)) ? block.FilterBytes : 0);
    }
}
