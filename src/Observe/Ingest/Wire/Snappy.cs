using System.Buffers.Binary;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>Unpacks snappy's block format: the length as a varint, then literals and copies of what is already unpacked.</summary>
internal static class Snappy
{
    /// <summary>How long the block says it is unpacked; null where it does not begin with a length.</summary>
    public static long? Length(ReadOnlySpan<byte> packed) => Header(packed, out var length, out _) ? length : null;

    /// <summary>Unpacks into <paramref name="into"/>, whose length is the block's; where the block is malformed the rest of it is undefined.</summary>
    public static DecodeFault Unpack(ReadOnlySpan<byte> packed, Span<byte> into)
    {
        if (!Header(packed, out var length, out var at) || length != into.Length)
        {
            return DecodeFault.Malformed;
        }

        var done = 0;
        while (at < packed.Length)
        {
            var tag = packed[at++];
            var fault = (tag & 3) == 0 ? Literal(packed, ref at, tag, into, ref done) : Copy(packed, ref at, tag, into, ref done);
            if (fault != DecodeFault.None)
            {
                return fault;
            }
        }

        return done == into.Length ? DecodeFault.None : DecodeFault.Truncated;
    }

    static DecodeFault Literal(ReadOnlySpan<byte> packed, ref int at, byte tag, Span<byte> into, ref int done)
    {
        long length = tag >> 2;
        if (length >= 60)
        {
            // 60 to 63: one to four bytes of length follow.
            var bytes = (int)length - 59;
            if (packed.Length - at < bytes)
            {
                return DecodeFault.Truncated;
            }

            length = 0;
            for (var i = 0; i < bytes; i++)
            {
                length |= (long)packed[at++] << (8 * i);
            }
        }

        length++;
        if (length > packed.Length - at)
        {
            return DecodeFault.Truncated;
        }

        if (length > into.Length - done)
        {
            return DecodeFault.TooLarge;
        }

        packed.Slice(at, (int)length).CopyTo(into[done..]);
        at += (int)length;
        done += (int)length;
        return DecodeFault.None;
    }

    static DecodeFault Copy(ReadOnlySpan<byte> packed, ref int at, byte tag, Span<byte> into, ref int done)
    {
        var bytes = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
        if (packed.Length - at < bytes)
        {
            return DecodeFault.Truncated;
        }

        var (length, offset) = bytes switch
        {
            1 => (((tag >> 2) & 7) + 4, (long)(((tag >> 5) << 8) | packed[at])),
            2 => ((tag >> 2) + 1, BinaryPrimitives.ReadUInt16LittleEndian(packed[at..])),
            _ => ((tag >> 2) + 1, BinaryPrimitives.ReadUInt32LittleEndian(packed[at..])),
        };
        at += bytes;
        if (offset == 0 || offset > done)
        {
            return DecodeFault.Malformed;
        }

        if (length > into.Length - done)
        {
            return DecodeFault.TooLarge;
        }

        var from = done - (int)offset;
        if (offset >= length)
        {
            into.Slice(from, length).CopyTo(into[done..]);
        }
        else
        {
            // It may reach into what it writes itself: a run.
            for (var i = 0; i < length; i++)
            {
                into[done + i] = into[from + i];
            }
        }

        done += length;
        return DecodeFault.None;
    }

    static bool Header(ReadOnlySpan<byte> packed, out long length, out int at)
    {
        (length, at) = (0, 0);
        for (var shift = 0; shift < 35 && at < packed.Length; shift += 7)
        {
            var next = packed[at++];
            length |= (long)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return length <= uint.MaxValue;
            }
        }

        return false;
    }
}
