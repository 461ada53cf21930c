using System.Buffers.Binary;

namespace Mainstay.Traffic.Path.Http2;

/// <summary>RFC 9113 §6.5.2: what the client said that we have to keep to.</summary>
internal sealed class PeerSettings
{
    private const int TableSizeId = 1;
    private const int EnablePushId = 2;
    private const int InitialWindowId = 4;
    private const int FrameSizeId = 5;

    /// <summary>§6.9.2.</summary>
    public const int DefaultWindow = 65_535;

    public long TableSize { get; private set; } = HpackEncoder.MostTable;

    public int InitialWindow { get; private set; } = DefaultWindow;

    public int FrameSize { get; private set; } = FrameHead.MostPayload;

    /// <summary>Takes a SETTINGS payload, whose length is a multiple of 6. None, or what is wrong with it.</summary>
    public Http2Error Take(ReadOnlySpan<byte> payload)
    {
        for (; !payload.IsEmpty; payload = payload[6..])
        {
            var value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case TableSizeId:
                    TableSize = value;
                    break;
                case EnablePushId when value > 1:
                    return Http2Error.Protocol;
                case InitialWindowId:
                    if (value > int.MaxValue) return Http2Error.FlowControl;
                    InitialWindow = (int)value;
                    break;
                case FrameSizeId:
                    if (value is < FrameHead.MostPayload or > 0xFFFFFF) return Http2Error.Protocol;
                    FrameSize = (int)value;
                    break;
                default:
                    // §6.5.2: what is not known is ignored.
                    break;
            }
        }
        return Http2Error.None;
    }
}
