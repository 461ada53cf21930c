using System.Buffers.Binary;

namespace Mainstay.Observe.Collect.Runtime;

/// <summary>
/// Reads the EventCounters out of a stream in the NetTrace format, version 4 (dotnet/diagnostics, NetTraceFormat.md), as it comes. Everything else is passed over. What is not as the
/// format says ends the reading (<see cref="IsBroken"/>), never with an exception; nothing is kept beyond one block of at most <see cref="MostBlock"/>.
/// </summary>
/// <param name="onCounter">Called for each counter's value.</param>
public sealed class NetTraceReader(Action<CounterValue> onCounter)
{
    /// <summary>The largest block, in bytes; the runtime's are up to about 100 KB.</summary>
    public const int MostBlock = 4 << 20;

    const byte NullTag = 1, BeginTag = 5, EndTag = 6;
    const int MostNameBytes = 64;

    static ReadOnlySpan<byte> Signature => "Nettrace\u0014\0\0\0!FastSerialization.1"u8;

    readonly EventBlockReader events = new(onCounter);
    byte[] buffer = new byte[16 << 10];
    int start;
    int used;
    long offset;
    bool begun;

    /// <summary>The stream is not what it should be; nothing more is read.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The stream has come to its end.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Takes the next bytes, however they are cut.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (IsBroken || IsOver)
        {
            return;
        }

        Append(bytes);
        while (!IsBroken && !IsOver && Step())
        {
        }
    }

    void Append(ReadOnlySpan<byte> bytes)
    {
        if (start > 0)
        {
            buffer.AsSpan(start, used - start).CopyTo(buffer);
            (used, start) = (used - start, 0);
        }

        if (used + bytes.Length > buffer.Length)
        {
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, used + bytes.Length));
        }

        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    // One signature or one object; false where more bytes are needed.
    bool Step()
    {
        var rest = buffer.AsSpan(start, used - start);
        if (!begun)
        {
            if (rest.Length < Signature.Length)
            {
                return false;
            }

            IsBroken = !rest.StartsWith(Signature);
            begun = true;
            Take(Signature.Length);
            return true;
        }

        if (rest.Length == 0)
        {
            return false;
        }

        if (rest[0] == NullTag)
        {
            IsOver = true;
            return false;
        }

        return Object(rest);
    }

    // Begin, Begin, Null, version, least version, length of the name, name, End, content, End.
    bool Object(ReadOnlySpan<byte> rest)
    {
        const int head = 3 + 12;
        if (rest.Length < head)
        {
            return false;
        }

        var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(rest[11..]);
        if (rest[0] != BeginTag || rest[1] != BeginTag || rest[2] != NullTag || nameBytes is <= 0 or > MostNameBytes)
        {
            return Break();
        }

        if (rest.Length < head + nameBytes + 1 + 4)
        {
            return false;
        }

        var name = rest.Slice(head, nameBytes);
        var content = head + nameBytes + 1;
        return rest[content - 1] != EndTag ? Break()
            : name.SequenceEqual("Trace"u8) ? Content(rest, content, 48, default)
            : Block(rest, content, name);
    }

    bool Block(ReadOnlySpan<byte> rest, int at, ReadOnlySpan<byte> name)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(rest[at..]);
        if (size is < 0 or > MostBlock)
        {
            return Break();
        }

        // The block's content is aligned to four bytes of the whole stream.
        at += 4;
        at += (int)((4 - ((offset + at) & 3)) & 3);
        return Content(rest, at, size, name);
    }

    bool Content(ReadOnlySpan<byte> rest, int at, int size, ReadOnlySpan<byte> block)
    {
        if (rest.Length < at + size + 1)
        {
            return false;
        }

        if (rest[at + size] != EndTag)
        {
            return Break();
        }

        if (block.SequenceEqual("MetadataBlock"u8))
        {
            events.Read(rest.Slice(at, size), metadata: true);
        }
        else if (block.SequenceEqual("EventBlock"u8))
        {
            events.Read(rest.Slice(at, size), metadata: false);
        }

        Take(at + size + 1);
        return true;
    }

    bool Break()
    {
        IsBroken = true;
        return false;
    }

    void Take(int count)
    {
        start += count;
        offset += count;
    }
}
