using System.Buffers.Binary;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Observe.Store.Traces;

/// <summary>Writes a record, until there is no more room.</summary>
internal ref struct SpanWriter(Span<byte> into)
{
    const int MostText = 8192;

    readonly Span<byte> into = into;
    int at;
    bool full;

    public void Byte(byte value)
    {
        if (Room(1))
        {
            into[at++] = value;
        }
    }

    public void UInt16(ushort value)
    {
        if (Room(2))
        {
            BinaryPrimitives.WriteUInt16LittleEndian(into[at..], value);
            at += 2;
        }
    }

    public void Int32(int value)
    {
        if (Room(4))
        {
            BinaryPrimitives.WriteInt32LittleEndian(into[at..], value);
            at += 4;
        }
    }

    public void Int64(long value)
    {
        if (Room(8))
        {
            BinaryPrimitives.WriteInt64LittleEndian(into[at..], value);
            at += 8;
        }
    }

    public void Text(ReadOnlySpan<byte> text)
    {
        text = text.Length > MostText ? text[..MostText] : text;
        UInt16((ushort)text.Length);
        if (Room(text.Length))
        {
            text.CopyTo(into[at..]);
            at += text.Length;
        }
    }

    public void List(AttributeList list)
    {
        var count = Math.Min(list.Count, ushort.MaxValue);
        UInt16((ushort)count);
        for (var i = 0; i < count && !full; i++)
        {
            var one = list[i];
            Text(one.Key);
            Byte((byte)one.Kind);
            if (one.Kind is AttributeKind.Text or AttributeKind.Json or AttributeKind.Bytes)
            {
                Text(one.Text);
            }
            else
            {
                Int64(one.Bits);
            }
        }
    }

    public readonly int Finish()
    {
        if (full)
        {
            return 0;
        }

        BinaryPrimitives.WriteInt32LittleEndian(into, at);
        return at;
    }

    bool Room(int bytes)
    {
        full |= bytes > into.Length - at;
        return !full;
    }
}
