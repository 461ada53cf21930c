using System.Buffers.Binary;

namespace Mainstay.Schedule.Drivers.Containers;

/// <summary>
/// The frames in which the engine mixes standard output and error (Docker Engine API, ContainerAttach): a byte for the stream, three zeros, the length in four bytes, and so
/// many bytes of text.
/// </summary>
static class EngineFrames
{
    const int HeaderBytes = 8;
    const int MostBytes = 16 << 20;

    /// <summary>Reads the next frame; null at the end, also where that comes in the middle of one.</summary>
    public static async Task<(bool IsError, byte[] Content)?> ReadAsync(Stream from, CancellationToken stop)
    {
        var header = new byte[HeaderBytes];
        if (await from.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, stop) < HeaderBytes)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        if (header[0] > 2 || length > MostBytes)
        {
            throw new IOException("the engine's log is not framed as expected");
        }

        var content = new byte[length];
        return await from.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, stop) < content.Length ? null : (header[0] == 2, content);
    }
}
