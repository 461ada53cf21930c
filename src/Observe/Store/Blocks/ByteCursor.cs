using System.Buffers.Binary;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>Reads what <see cref="ByteWriter"/> wrote and does not trust it: beyond the end everything is zero or empty, and <see cref="Failed"/> says so.</summary>
ref struct ByteCursor(ReadOnlySpan<byte> from)
{
    readonly ReadOnlySpan<byte> from = from;
    int at;

    /// <summary>Something was asked for that is not there.</summary>
    public bool Failed { get; private set; }

    public readonly int Left => from.Length - at;

    public byte Byte() => Has(1) ? from[at++] : (byte)0;

    public ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var one = Byte();
            value |= (ulong)(one & 0x7f) << shift;
            if (one < 0x80)
            {
                return value;
            }
        }

        Failed = true;
        return 0;
    }

    /// <summary>A number that may not be greater than <paramref name="most"/>.</summary>
    public int Count(int most)
    {
        var value = Varint();
        if (value <= (ulong)most)
        {
            return (int)value;
        }

        Failed = true;
        return 0;
    }

    /// <summary>How many things follow, each of which takes a byte or more.</summary>
    public int Items() => Count(Left);

    public long Zigzag()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public uint UInt32() => Has(4) ? BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)) : 0;

    public ulong UInt64() => Has(8) ? BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8)) : 0;

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (!Has(count))
        {
            return default;
        }

        at += count;
        return from.Slice(at - count, count);
    }

    public void Fail() => Failed = true;

    bool Has(int count)
    {
        Failed |= count < 0 || count > from.Length - at;
        return !Failed;
    }
}
