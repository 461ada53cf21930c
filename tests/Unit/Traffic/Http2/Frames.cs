using System.Buffers.Binary;
using System.Text;
using Mainstay.Traffic.Path.Http2;

namespace Mainstay.Tests.Traffic.Http2;

/// <summary>A frame as a client sees it.</summary>
sealed record Frame(FrameType Type, byte Flags, int Stream, byte[] Payload)
{
    public bool Ends => (Flags & FrameHead.EndStream) != 0;

    /// <summary>The error of RST_STREAM or GOAWAY.</summary>
    public Http2Error Error => (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(Type == FrameType.GoAway ? 4 : 0));
}

/// <summary>Writes frames as a client does, right or wrong.</summary>
static class Frames
{
    public const int Both = FrameHead.EndHeaders | FrameHead.EndStream;

    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8];

    /// <summary>What every connection begins with.</summary>
    public static byte[] Hello { get; } = [.. Preface, .. Of(FrameType.Settings, 0, 0)];

    public static byte[] Of(FrameType type, int flags, int stream, params byte[] payload)
    {
        var frame = new byte[FrameHead.Bytes + payload.Length];
        new FrameHead(payload.Length, type, (byte)flags, stream).Write(frame);
        payload.CopyTo(frame, FrameHead.Bytes);
        return frame;
    }

    public static byte[] Number(FrameType type, int stream, uint number)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(payload, number);
        return Of(type, 0, stream, payload);
    }

    public static byte[] Setting(ushort id, uint value)
    {
        var payload = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(payload, id);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(2), value);
        return Of(FrameType.Settings, 0, 0, payload);
    }

    /// <summary>A block of fields written out, none of them remembered.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        var block = new List<byte>();
        foreach (var (name, value) in fields)
        {
            block.Add(0);
            Text(name);
            Text(value);
        }
        return [.. block];

        void Text(string text)
        {
            var bytes = Encoding.Latin1.GetBytes(text);
            var length = bytes.Length;
            block.Add((byte)Math.Min(length, 127));
            if (length >= 127)
            {
                for (length -= 127; length >= 128; length >>= 7) block.Add((byte)(length | 128));
                block.Add((byte)length);
            }
            block.AddRange(bytes);
        }
    }

    public static (string, string)[] Get(string path = "/") => [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", path)];

    public static (string, string)[] Post(string path = "/") => [(":method", "POST"), (":scheme", "https"), (":authority", "a.test"), (":path", path)];

    public static byte[] Request(int stream, int flags, params (string, string)[] fields) => Of(FrameType.Headers, flags, stream, Block(fields));
}
