using System.Buffers.Binary;

namespace Mainstay.Observe.Store.Blocks;

/// <summary>Bytes that grow, with numbers of variable length (LEB128).</summary>
sealed class ByteWriter(int room = 256)
{
    byte[] buffer = new byte[room];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => buffer.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value)
    {
        Grow(1);
        buffer[Length++] = value;
    }

    public void Varint(ulong value)
    {
        Grow(10);
        for (; value >= 0x80; value >>= 7)
        {
            buffer[Length++] = (byte)(value | 0x80);
        }

        buffer[Length++] = (byte)value;
    }

    public void Varint(int value) => Varint((ulong)value);

    /// <summary>Small for numbers near zero, of either sign.</summary>
    public void Zigzag(long value) => Varint((ulong)(value << 1) ^ (ulong)(value >> 63));

    public void UInt32(uint value)
    {
        Grow(4);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(Length), value);
        Length += 4;
    }

    public void UInt64(ulong value)
    {
        Grow(8);
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.AsSpan(Length), value);
        Length += 8;
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Grow(bytes.Length);
        bytes.CopyTo(buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>Room for so many bytes, all of them taken.</summary>
    public Span<byte> Take(int count)
    {
        Grow(count);
        Length += count;
        return buffer.AsSpan(Length - count, count);
    }

    public byte[] ToArray() => Written.ToArray();

    void Grow(int more)
    {
        if (more > buffer.Length - Length)
        {
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, Length + more));
        }
    }
}
