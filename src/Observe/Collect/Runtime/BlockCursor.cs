using System.Runtime.InteropServices;

namespace Mainstay.Observe.Collect.Runtime;

/// <summary>Takes values off the front of bytes; false where they are cut off or none.</summary>
ref struct BlockCursor(ReadOnlySpan<byte> bytes)
{
    ReadOnlySpan<byte> rest = bytes;

    public readonly int Left => rest.Length;

    public bool Byte(out byte value)
    {
        value = rest.IsEmpty ? (byte)0 : rest[0];
        return Bytes(1, out _);
    }

    public bool Bytes(int count, out ReadOnlySpan<byte> taken)
    {
        if (count < 0 || count > rest.Length)
        {
            taken = default;
            return false;
        }

        taken = rest[..count];
        rest = rest[count..];
        return true;
    }

    // Seven bits a byte, the low ones first.
    public bool Number(out uint value)
    {
        value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (!Byte(out var next))
            {
                return false;
            }

            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    public bool Skip()
    {
        for (var i = 0; i < 10; i++)
        {
            if (!Byte(out var next))
            {
                return false;
            }

            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    // UTF-16 with a zero at the end. Every processor that .NET runs on reads it wherever it lies.
    public bool Text(out ReadOnlySpan<char> text)
    {
        for (var i = 0; i + 1 < rest.Length; i += 2)
        {
            if (rest[i] == 0 && rest[i + 1] == 0)
            {
                text = MemoryMarshal.Cast<byte, char>(rest[..i]);
                rest = rest[(i + 2)..];
                return true;
            }
        }

        text = default;
        return false;
    }
}
