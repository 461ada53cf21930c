using System.Buffers.Binary;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Ingest.Wire;

/// <summary>Protobuf's wire types.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    StartGroup = 3,
    EndGroup = 4,
    Fixed32 = 5,
}

/// <summary>
/// Reads the fields of one message where it lies. After the first fault every read gives 0 and <see cref="Next"/> gives false, so that only
/// the end has to be checked. Offsets are of the whole body, also in a message within it.
/// </summary>
internal ref struct ProtoReader
{
    /// <summary>How deep messages, lists and unknown groups may nest.</summary>
    public const int MostDepth = 32;

    readonly ReadOnlySpan<byte> body;
    readonly int end;
    int at;

    public ProtoReader(ReadOnlySpan<byte> body)
        : this(body, 0, body.Length)
    {
    }

    ProtoReader(ReadOnlySpan<byte> body, int at, int end)
    {
        this.body = body;
        this.at = at;
        this.end = end;
    }

    public int Field { get; private set; }

    public WireType Type { get; private set; }

    public DecodeFault Fault { get; private set; }

    /// <summary>Where the fault is, or else where reading stands.</summary>
    public int Offset { get; private set; }

    public readonly int Position => at;

    public readonly ReadOnlySpan<byte> Body => body;

    /// <summary>Goes to the next field; false at the end of the message or after a fault.</summary>
    public bool Next()
    {
        if (at >= end || Fault != DecodeFault.None)
        {
            return false;
        }

        Offset = at;
        var tag = body[at] < 0x80 ? body[at++] : RawVarint();
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        if (Fault == DecodeFault.None && (tag > uint.MaxValue || Field == 0 || Type > WireType.Fixed32 || Type == WireType.EndGroup))
        {
            Fail(DecodeFault.Malformed, Offset);
        }

        return Fault == DecodeFault.None;
    }

    /// <summary>A varint field's value.</summary>
    public ulong Varint() => Is(WireType.Varint) ? RawVarint() : 0;

    /// <summary>A zigzag field's value (sint32).</summary>
    public int SignedVarint()
    {
        var raw = (uint)Varint();
        return (int)(raw >> 1) ^ -(int)(raw & 1);
    }

    public ulong Fixed64()
    {
        if (!Is(WireType.Fixed64) || !Has(8))
        {
            return 0;
        }

        var value = BinaryPrimitives.ReadUInt64LittleEndian(body[at..]);
        at += 8;
        return value;
    }

    public double Double() => BitConverter.UInt64BitsToDouble(Fixed64());

    /// <summary>Nanoseconds since 1970; what does not fit a signed number is its greatest.</summary>
    public long Time() => (long)Math.Min(Fixed64(), long.MaxValue);

    public uint Fixed32()
    {
        if (!Is(WireType.Fixed32) || !Has(4))
        {
            return 0;
        }

        var value = BinaryPrimitives.ReadUInt32LittleEndian(body[at..]);
        at += 4;
        return value;
    }

    /// <summary>Where a length-delimited field's bytes lie.</summary>
    public TextRef Bytes()
    {
        if (!Is(WireType.Bytes))
        {
            return default;
        }

        var length = at < end && body[at] < 0x80 ? body[at++] : RawVarint();
        if (Fault != DecodeFault.None || !Has(length))
        {
            return default;
        }

        var start = at;
        at += (int)length;
        return new(start, (int)length);
    }

    public ReadOnlySpan<byte> Span()
    {
        var where = Bytes();
        return body.Slice(where.Start, where.Length);
    }

    /// <summary>The message within this field; empty after a fault.</summary>
    public ProtoReader Message()
    {
        var where = Bytes();
        return new(body, where.Start, where.Start + where.Length);
    }

    /// <summary>A reader of the same message that has not read anything from here on.</summary>
    public readonly ProtoReader Again() => new(body, at, end);

    /// <summary>Passes a field over that is of no interest.</summary>
    public void Skip() => Skip(0);

    /// <summary>The first fault stays.</summary>
    public void Fail(DecodeFault fault, int offset)
    {
        if (Fault == DecodeFault.None)
        {
            Fault = fault;
            Offset = offset;
            at = end;
        }
    }

    /// <summary>Takes over what went wrong in a message within this one.</summary>
    public void Fail(in ProtoReader inner)
    {
        if (inner.Fault != DecodeFault.None)
        {
            Fail(inner.Fault, inner.Offset);
        }
    }

    /// <summary>Repeated fixed64, packed or one by one, into a list.</summary>
    public void Fixed64s(Bag<ulong> into)
    {
        if (Type == WireType.Fixed64)
        {
            Add(into, Fixed64());
            return;
        }

        var packed = Span();
        if (packed.Length % 8 != 0)
        {
            Fail(DecodeFault.Malformed, Offset);
        }

        for (; packed.Length >= 8 && Fault == DecodeFault.None; packed = packed[8..])
        {
            Add(into, BinaryPrimitives.ReadUInt64LittleEndian(packed));
        }
    }

    /// <summary>Repeated double, packed or one by one, into a list.</summary>
    public void Doubles(Bag<double> into)
    {
        if (Type == WireType.Fixed64)
        {
            Add(into, Double());
            return;
        }

        var packed = Span();
        if (packed.Length % 8 != 0)
        {
            Fail(DecodeFault.Malformed, Offset);
        }

        for (; packed.Length >= 8 && Fault == DecodeFault.None; packed = packed[8..])
        {
            Add(into, BinaryPrimitives.ReadDoubleLittleEndian(packed));
        }
    }

    /// <summary>Repeated uint64 as varints, packed or one by one, into a list.</summary>
    public void Varints(Bag<ulong> into)
    {
        if (Type == WireType.Varint)
        {
            Add(into, RawVarint());
            return;
        }

        var inner = Message();
        while (inner.at < inner.end && inner.Fault == DecodeFault.None && Fault == DecodeFault.None)
        {
            Add(into, inner.RawVarint());
        }

        Fail(inner);
    }

    void Add<T>(Bag<T> into, T value)
        where T : struct
    {
        if (Fault == DecodeFault.None && !into.Add(value))
        {
            Fail(DecodeFault.TooMany, Offset);
        }
    }

    void Skip(int depth)
    {
        switch (Type)
        {
            case WireType.Varint:
                RawVarint();
                break;
            case WireType.Fixed64:
                at += Has(8) ? 8 : 0;
                break;
            case WireType.Fixed32:
                at += Has(4) ? 4 : 0;
                break;
            case WireType.Bytes:
                Bytes();
                break;
            default:
                SkipGroup(depth + 1);
                break;
        }
    }

    void SkipGroup(int depth)
    {
        var group = Field;
        if (depth > MostDepth)
        {
            Fail(DecodeFault.TooDeep, Offset);
        }

        while (Fault == DecodeFault.None)
        {
            Offset = at;
            var tag = RawVarint();
            Field = (int)(tag >> 3);
            Type = (WireType)(tag & 7);
            if (Type == WireType.EndGroup && Field == group)
            {
                return;
            }

            if (Fault == DecodeFault.None && (tag > uint.MaxValue || Field == 0 || Type is > WireType.Fixed32 or WireType.EndGroup))
            {
                Fail(DecodeFault.Malformed, Offset);
            }

            if (Fault == DecodeFault.None)
            {
                Skip(depth);
            }
        }
    }

    bool Is(WireType type)
    {
        if (Type == type)
        {
            return Fault == DecodeFault.None;
        }

        Fail(DecodeFault.WrongType, Offset);
        return false;
    }

    bool Has(ulong length)
    {
        if (length <= (ulong)(end - at))
        {
            return Fault == DecodeFault.None;
        }

        Fail(DecodeFault.Truncated, at);
        return false;
    }

    ulong RawVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (at >= end)
            {
                Fail(DecodeFault.Truncated, at);
                return 0;
            }

            var next = body[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        Fail(DecodeFault.Malformed, Offset);
        return 0;
    }
}
