using System.Buffers;

namespace Mainstay.Traffic.Drivers.Http2;

/// <summary>Takes a chunked body apart that the path has checked already (<see cref="Path.ChunkScanner"/>): trailer lines kept.</summary>
internal struct ChunkReader
{
    private enum At : byte
    {
        Size,
        SizeEnd,
        Data,
        DataEnd,
        Trailers,
        LastEnd,
        Done,
    }

    private At at;
    private long left;
    private List<byte>? trailers;

    public readonly bool IsDone => at == At.Done;

    /// <summary>The trailer lines with their line ends; empty where there are none.</summary>
    public readonly ReadOnlySpan<byte> Trailers => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(trailers);

    /// <summary>Begins another body.</summary>
    public void Reset()
    {
        at = At.Size;
        left = 0;
        trailers?.Clear();
    }

    /// <summary>Takes all bytes.</summary>
    public void Take(ReadOnlySpan<byte> bytes, IBufferWriter<byte> into)
    {
        while (Skip(ref bytes) is > 0 and var run)
        {
            into.Write(bytes[..run]);
            Took(run);
            bytes = bytes[run..];
        }
    }

    /// <summary>Skips framing. Returns how many bytes of data begin where the bytes begin then; 0 where they are used up or the body is done.</summary>
    public int Skip(ref ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && at is not (At.Data or At.Done))
        {
            Step(bytes[0]);
            bytes = bytes[1..];
        }
        return at == At.Data ? (int)Math.Min(left, bytes.Length) : 0;
    }

    /// <summary>So many bytes of data were taken.</summary>
    public void Took(int data)
    {
        left -= data;
        if (left == 0) at = At.DataEnd;
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
            case At.Trailers when next == '\r' && trailers is not { Count: > 0 }:
                at = At.LastEnd;
                break;
            case At.LastEnd:
                at = At.Done;
                break;
            case At.Trailers:
                trailers ??= [];
                trailers.Add(next);
                // The empty line ends them.
                if (next == '\n' && trailers.Count > 3 && trailers[^3] == '\n') EndTrailers();
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
