namespace Mainstay.Traffic.Path.Http2;

/// <summary>Takes fields in the order in which a header block has them.</summary>
internal interface IFields
{
    /// <summary>One field; the texts are valid during the call.</summary>
    void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>RFC 7541 §6, one connection's direction. A block is decoded as a whole; the caller bounds its length.</summary>
/// <remarks>
/// What a block unfolds to is bounded by whoever takes the fields: a reference to an entry costs no copy here, so a block of nothing but references is as cheap as it is long.
/// </remarks>
internal sealed class HpackDecoder(int tableSize)
{
    private readonly HpackTable table = new(tableSize);

    /// <summary>False where the block is malformed: the connection is then over (COMPRESSION_ERROR, §4.3 of RFC 9113).</summary>
    public bool Decode(ReadOnlySpan<byte> block, IFields into)
    {
        // A code has at least five bits, so what a string unfolds to has room here, and a name beside its value too.
        var scratch = Buffers.Rent(Math.Max(block.Length * 8 / 5 + tableSize + 16, Buffers.Usual));
        try
        {
            var mayResize = true;
            while (!block.IsEmpty)
            {
                var first = block[0];
                if ((first & 0xE0) == 0x20)
                {
                    // §4.2: only at a block's beginning, and never beyond what we said.
                    if (!mayResize || !TryReadNumber(ref block, 5, out var size) || size > tableSize) return false;
                    table.Resize(size);
                    continue;
                }
                mayResize = false;
                if (!TakeField(ref block, first, scratch, into)) return false;
            }
            return true;
        }
        finally
        {
            Buffers.Return(scratch);
        }
    }

    private bool TakeField(ref ReadOnlySpan<byte> block, byte first, Span<byte> scratch, IFields into)
    {
        if (first >= 0x80)
        {
            if (!TryReadNumber(ref block, 7, out var index) || !TryFind(index, out var known, out var text)) return false;
            into.Take(known, text);
            return true;
        }
        // §6.2: with indexing 01, without 0000, never 0001.
        var isIndexed = (first & 0x40) != 0;
        if (!TryReadNumber(ref block, isIndexed ? 6 : 4, out var nameIndex)) return false;
        ReadOnlySpan<byte> name;
        if (nameIndex == 0)
        {
            if (!TryReadString(ref block, ref scratch, out name)) return false;
        }
        else
        {
            if (!TryFind(nameIndex, out name, out _)) return false;
            if (isIndexed && nameIndex > HpackStatic.Count)
            {
                // Adding the new entry may evict the one that lends its name.
                name.CopyTo(scratch);
                name = scratch[..name.Length];
                scratch = scratch[name.Length..];
            }
        }
        if (!TryReadString(ref block, ref scratch, out var value)) return false;
        into.Take(name, value);
        if (isIndexed) table.Add(name, value);
        return true;
    }

    private bool TryFind(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        if (index == 0 || index > HpackStatic.Count + table.Count) return false;
        if (index <= HpackStatic.Count)
        {
            name = HpackStatic.NameOf(index);
            value = HpackStatic.ValueOf(index);
        }
        else
        {
            name = table.NameOf(index - HpackStatic.Count - 1);
            value = table.ValueOf(index - HpackStatic.Count - 1);
        }
        return true;
    }

    /// <summary>§5.1; more than 28 bits are no number that could be meant.</summary>
    private static bool TryReadNumber(ref ReadOnlySpan<byte> block, int prefix, out int number)
    {
        var most = (1 << prefix) - 1;
        number = block[0] & most;
        block = block[1..];
        if (number < most) return true;
        for (var shift = 0; shift <= 21; shift += 7)
        {
            if (block.IsEmpty) return false;
            var next = block[0];
            block = block[1..];
            number += (next & 0x7F) << shift;
            if (next < 0x80) return true;
        }
        return false;
    }

    /// <summary>§5.2. What is decoded is put into the scratch, which then begins behind it.</summary>
    private static bool TryReadString(scoped ref ReadOnlySpan<byte> block, scoped ref Span<byte> scratch, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (block.IsEmpty) return false;
        var isHuffman = block[0] >= 0x80;
        if (!TryReadNumber(ref block, 7, out var length) || length > block.Length) return false;
        text = block[..length];
        block = block[length..];
        if (!isHuffman) return true;
        length = Huffman.Decode(text, scratch);
        if (length < 0) return false;
        text = scratch[..length];
        scratch = scratch[length..];
        return true;
    }
}
