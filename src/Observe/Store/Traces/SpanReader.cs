using System.Buffers.Binary;
using System.Text;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Traces;

/// <summary>Reads what <see cref="SpanWriter"/> wrote, which is trusted.</summary>
internal ref struct SpanReader(ReadOnlySpan<byte> from)
{
    readonly ReadOnlySpan<byte> from = from;
    int at;

    public byte Byte() => from[at++];

    public ushort UInt16()
    {
        var value = BinaryPrimitives.ReadUInt16LittleEndian(from[at..]);
        at += 2;
        return value;
    }

    public long Int64()
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(from[at..]);
        at += 8;
        return value;
    }

    public ReadOnlySpan<byte> Text()
    {
        var length = UInt16();
        at += length;
        return from.Slice(at - length, length);
    }

    public string String() => Encoding.UTF8.GetString(Text());

    public StoredAttribute[] List()
    {
        var list = new StoredAttribute[UInt16()];
        for (var i = 0; i < list.Length; i++)
        {
            var key = String();
            list[i] = new(key, Value());
        }

        return list;
    }

    /// <summary>Passes a list and sets a bit in <paramref name="found"/> for every wanted attribute that is in it.</summary>
    public void Find(ReadOnlySpan<KeyValuePair<byte[], string>> wanted, ref long found)
    {
        for (var count = UInt16(); count > 0; count--)
        {
            var key = Text();
            var here = at;
            Pass();
            for (var i = 0; i < wanted.Length; i++)
            {
                if (key.SequenceEqual(wanted[i].Key))
                {
                    at = here;
                    found |= string.Equals(Value(), wanted[i].Value, StringComparison.Ordinal) ? 1L << i : 0;
                }
            }
        }
    }

    /// <summary>The next attribute of a list whose count was read.</summary>
    public void Attribute(out ReadOnlySpan<byte> key, out AttributeKind kind, out ReadOnlySpan<byte> text, out long bits)
    {
        key = Text();
        kind = (AttributeKind)Byte();
        text = default;
        bits = 0;
        if (kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes)
        {
            text = Text();
        }
        else
        {
            bits = Int64();
        }
    }

    /// <summary>A list as it lies there.</summary>
    public ReadOnlySpan<byte> PassList()
    {
        var start = at;
        for (var count = UInt16(); count > 0; count--)
        {
            Text();
            Pass();
        }

        return from[start..at];
    }

    /// <summary>Events as they lie there.</summary>
    public ReadOnlySpan<byte> PassEvents()
    {
        var start = at;
        for (var count = UInt16(); count > 0; count--)
        {
            Int64();
            Text();
            PassList();
        }

        return from[start..at];
    }

    string Value()
    {
        var kind = (AttributeKind)Byte();
        return kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes
            ? AttributeView.Show(kind, Text(), 0)
            : AttributeView.Show(kind, default, Int64());
    }

    void Pass()
    {
        if ((AttributeKind)Byte() is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes)
        {
            Text();
        }
        else
        {
            at += 8;
        }
    }
}
