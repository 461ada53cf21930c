using System.Buffers;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>Takes a chunked body apart that the path has checked already (<see cref="Path.ChunkScanner"/>): data to a writer, trailer lines kept.</summary>
internal struct ChunkReader
{
    private enum At : byte
    {
        Size,
        SizeEnd,
        Data,
        DataEnd,
        Trailers,
        Done,
    }

    private At at;
    private long left;
    private List<byte>? trailers;

    public readonly bool IsDone => at == At.Done;

    /// <summary>The trailer lines with their line ends; empty where there are none.</summary>
    public readonly ReadOnlySpan<byte> Trailers => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(trailers);

    /// <summary>Takes all bytes. Returns how many of them were data.</summary>
    public int Take(ReadOnlySpan<byte> bytes, IBufferWriter<byte> into)
    {
        var data = 0;
        while (!bytes.IsEmpty && at != At.Done)
        {
            if (at == At.Data)
            {
                var run = (int)Math.Min(left, bytes.Length);
                Write(into, bytes[..run]);
                data += run;
                left -= run;
                bytes = bytes[run..];
                if (left == 0) at = At.DataEnd;
                continue;
            }
            Step(bytes[0]);
            bytes = bytes[1..];
        }
        return data;
    }

    /// <summary>Writes all bytes. Throws <see cref="IOException"/> where the writer has no room any more, which is how Kestrel's tells that its stream was reset.</summary>
    public static void Write(IBufferWriter<byte> into, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = into.GetSpan();
            if (room.IsEmpty) throw new IOException("The stream was reset.");
            var run = Math.Min(room.Length, bytes.Length);
            bytes[..run].CopyTo(room);
            into.Advance(run);
            bytes = bytes[run..];
        }
    }

    private void Step(byte next)
    {
        switch (at)
        {
            case At.Size when char.IsAsciiHexDigit((char)next):
                left = left * 16 + (next <= '9' ? next - '0' : (next | 0x20) - 'a' + 10);
                break;
            case At.Size or At.SizeEnd when next == '\n':
                at = left == 0 ? At.Trailers : At.Data;
                break;
            case At.Size:
                at = At.SizeEnd;
                break;
            case At.DataEnd when next == '\n':
                left = 0;
                at = At.Size;
                break;
            case At.Trailers:
                trailers ??= [];
                trailers.Add(next);
                // The empty line ends them.
                if (next == '\n' && (trailers.Count == 2 || (trailers.Count > 3 && trailers[^3] == '\n'))) EndTrailers();
                break;
            default:
                break;
        }
    }

    private void EndTrailers()
    {
        trailers!.RemoveRange(trailers.Count - 2, 2);
        at = At.Done;
    }
}
