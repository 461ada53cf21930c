using System.Buffers.Binary;
using System.Text;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>Writes messages of protobuf into one buffer that grows. Nested messages are written in place: their length is put before them when they are closed.</summary>
public sealed class ProtoWriter
{
    byte[] bytes = new byte[1024];

    /// <summary>In bytes.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until more is.</summary>
    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    /// <summary>A field of wire type 0.</summary>
    public void Number(int field, ulong value)
    {
        Tag(field, 0);
        Varint(value);
    }

    /// <summary>A field of wire type 1.</summary>
    public void Fixed(int field, ulong value)
    {
        Tag(field, 1);
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        Length += 8;
    }

    /// <summary>A field of wire type 5.</summary>
    public void Short(int field, uint value)
    {
        Tag(field, 5);
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        Length += 4;
    }

    /// <summary>A field of wire type 1.</summary>
    public void Double(int field, double value) => Fixed(field, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A field of wire type 2.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, 2);
        Varint((ulong)value.Length);
        value.CopyTo(Room(value.Length));
        Length += value.Length;
    }

    /// <summary>A field of wire type 2, in UTF-8.</summary>
    public void Text(int field, string value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        Tag(field, 2);
        Varint((ulong)size);
        Encoding.UTF8.GetBytes(value, Room(size));
        Length += size;
    }

    /// <summary>Begins a nested message; what is returned closes it.</summary>
    public int Open(int field)
    {
        Tag(field, 2);
        return Length;
    }

    /// <summary>Ends the nested message that was opened last.</summary>
    public void Close(int opened)
    {
        var size = Length - opened;
        var digits = 1;
        for (var rest = (uint)size; rest >= 0x80; rest >>= 7)
        {
            digits++;
        }

        Room(digits);
        bytes.AsSpan(opened, size).CopyTo(bytes.AsSpan(opened + digits));
        Length = opened;
        Varint((ulong)size);
        Length += size;
    }

    void Tag(int field, int type) => Varint((ulong)((field << 3) | type));

    void Varint(ulong value)
    {
        var room = Room(10);
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            room[at++] = (byte)(value | 0x80);
        }

        room[at++] = (byte)value;
        Length += at;
    }

    Span<byte> Room(int more)
    {
        if (Length + more > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + more));
        }

        return bytes.AsSpan(Length);
    }
}
