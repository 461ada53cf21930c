using System.Buffers.Binary;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>RFC 9113 §4.1: what every frame begins with.</summary>
internal readonly record struct FrameHead(int Length, FrameType Type, byte Flags, int Stream)
{
    public const int Bytes = 9;
    public const byte EndStream = 1;
    public const byte Ack = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;
    public const byte HasPriority = 32;

    /// <summary>The longest payload that we take; the default (§6.5.2).</summary>
    public const int MostPayload = 16 * 1024;

    /// <summary>Reads one; the reserved bit before the stream is ignored.</summary>
    public static FrameHead Read(ReadOnlySpan<byte> bytes) => new(
        (bytes[0] << 16) | (bytes[1] << 8) | bytes[2],
        (FrameType)bytes[3],
        bytes[4],
        (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & int.MaxValue));

    public void Write(Span<byte> into)
    {
        into[0] = (byte)(Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(into[1..], (ushort)Length);
        into[3] = (byte)Type;
        into[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(into[5..], Stream);
    }

    public bool Has(byte flag) => (Flags & flag) != 0;
}
