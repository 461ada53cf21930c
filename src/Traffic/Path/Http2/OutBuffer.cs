using System.Buffers.Binary;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>Frames that wait to be sent. Holds a buffer only while there are any.</summary>
internal sealed class OutBuffer
{
    private byte[] bytes = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => bytes.AsMemory(0, Length);

    /// <summary>Room for so many bytes, which count as written.</summary>
    public Span<byte> Take(int count)
    {
        Reserve(count);
        var room = bytes.AsSpan(Length, count);
        Length += count;
        return room;
    }

    public void Add(byte one)
    {
        if (Length == bytes.Length) Reserve(1);
        bytes[Length++] = one;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Clear()
    {
        Length = 0;
        if (bytes.Length == 0) return;
        Buffers.Return(bytes);
        bytes = [];
    }

    public void Frame(FrameType type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        new FrameHead(payload.Length, type, flags, stream).Write(Take(FrameHead.Bytes));
        payload.CopyTo(Take(payload.Length));
    }

    public void Reset(int stream, Http2Error error) => Number(FrameType.ResetStream, stream, (uint)error);

    public void WindowUpdate(int stream, int increment) => Number(FrameType.WindowUpdate, stream, (uint)increment);

    public void GoAway(int lastStream, Http2Error error)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, lastStream);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], (uint)error);
        Frame(FrameType.GoAway, 0, 0, payload);
    }

    /// <summary>Leaves room for the head of HEADERS; <see cref="EndHeaders"/> fills it in.</summary>
    public int BeginHeaders()
    {
        Take(FrameHead.Bytes);
        return Length;
    }

    /// <summary>Frames the block that was written since, as HEADERS with as many CONTINUATIONs as the peer's largest frame asks for (RFC 9113 §6.10).</summary>
    public void EndHeaders(int start, int stream, bool endsStream, int mostPayload)
    {
        var flags = endsStream ? FrameHead.EndStream : (byte)0;
        var length = Length - start;
        if (length <= mostPayload)
        {
            new FrameHead(length, FrameType.Headers, (byte)(flags | FrameHead.EndHeaders), stream).Write(bytes.AsSpan(start - FrameHead.Bytes));
            return;
        }
        var block = bytes.AsSpan(start, length).ToArray();
        Length = start - FrameHead.Bytes;
        for (var at = 0; at < block.Length; at += mostPayload)
        {
            var part = block.AsSpan(at, Math.Min(mostPayload, block.Length - at));
            var last = at + part.Length == block.Length ? FrameHead.EndHeaders : (byte)0;
            if (at == 0) Frame(FrameType.Headers, (byte)(flags | last), stream, part);
            else Frame(FrameType.Continuation, last, stream, part);
        }
    }

    private void Number(FrameType type, int stream, uint number)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, number);
        Frame(type, 0, stream, payload);
    }

    private void Reserve(int more)
    {
        if (Length + more <= bytes.Length) return;
        var larger = Buffers.Rent(bytes.Length == 0 ? Math.Max(more, Buffers.Usual) : Math.Max(bytes.Length * 2, Length + more));
        bytes.AsSpan(0, Length).CopyTo(larger);
        if (bytes.Length > 0) Buffers.Return(bytes);
        bytes = larger;
    }
}
