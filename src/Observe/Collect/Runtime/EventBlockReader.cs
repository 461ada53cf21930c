using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Mainstay.Observe.Collect.Runtime;

/// <summary>Reads the events of a block with compressed headers. A block that is not as it should be is left where it stops making sense.</summary>
sealed class EventBlockReader(Action<CounterValue> onCounter)
{
    // A stream of counters has two kinds of events; a few more stand for whatever else the runtime says.
    const int MostKinds = 4096;

    readonly Dictionary<uint, Shape> shapes = [];

    enum Shape
    {
        Other,
        Standing,
        Growing,
    }

    public void Read(ReadOnlySpan<byte> block, bool metadata)
    {
        if (block.Length < 4 || BinaryPrimitives.ReadInt16LittleEndian(block) is var head && (head < 4 || head > block.Length))
        {
            return;
        }

        var compressed = (block[2] & 1) != 0;
        var cursor = new BlockCursor(block[head..]);
        uint kind = 0, payloadBytes = 0;
        while (compressed && cursor.Left > 0)
        {
            if (!Header(ref cursor, ref kind, ref payloadBytes) || !cursor.Bytes((int)payloadBytes, out var payload))
            {
                return;
            }

            if (metadata)
            {
                Learn(payload);
            }
            else if (shapes.TryGetValue(kind & 0x7FFF_FFFF, out var shape) && shape != Shape.Other)
            {
                Counter(payload, shape);
            }
        }
    }

    // What is absent is as in the event before; of it all only the kind and the size matter here.
    static bool Header(ref BlockCursor cursor, ref uint kind, ref uint payloadBytes)
    {
        if (!cursor.Byte(out var flags))
        {
            return false;
        }

        var ok = (flags & 1) == 0 || cursor.Number(out kind);
        if ((flags & 2) != 0)
        {
            ok = ok && cursor.Skip() && cursor.Skip() && cursor.Skip();
        }

        ok = ok && ((flags & 4) == 0 || cursor.Skip()) && ((flags & 8) == 0 || cursor.Skip()) && cursor.Skip()
            && ((flags & 16) == 0 || cursor.Bytes(16, out _)) && ((flags & 32) == 0 || cursor.Bytes(16, out _))
            && ((flags & 128) == 0 || cursor.Number(out payloadBytes));
        return ok && payloadBytes <= NetTraceReader.MostBlock;
    }

    // Number of the kind, provider, number of the event, name of the event, and then its fields, whose names tell the two kinds of counters apart.
    void Learn(ReadOnlySpan<byte> payload)
    {
        var cursor = new BlockCursor(payload);
        if (cursor.Bytes(4, out var id) && cursor.Text(out _) && cursor.Bytes(4, out _) && cursor.Text(out var name) && shapes.Count < MostKinds)
        {
            shapes[BinaryPrimitives.ReadUInt32LittleEndian(id)] =
                !name.SequenceEqual("EventCounters") ? Shape.Other
                : payload.IndexOf(MemoryMarshal.AsBytes("Increment\0".AsSpan())) >= 0 ? Shape.Growing
                : Shape.Standing;
        }
    }

    // Name and display name, then the mean; or a time scale, then the increment.
    void Counter(ReadOnlySpan<byte> payload, Shape shape)
    {
        var cursor = new BlockCursor(payload);
        if (cursor.Text(out var name) && cursor.Text(out _) && (shape == Shape.Standing || cursor.Text(out _)) && cursor.Bytes(8, out var value)
            && name.Length is > 0 and <= 64 && BinaryPrimitives.ReadDoubleLittleEndian(value) is var number && double.IsFinite(number))
        {
            onCounter(new(new string(name), shape == Shape.Growing, number));
        }
    }
}
