using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mainstay.Schedule.Drivers;

/// <summary>The bounds of a log.</summary>
public sealed record LogLimits
{
    /// <summary>A segment that would exceed it is followed by the next. Default 10 MiB.</summary>
    public long SegmentBytes { get; init; } = 10 << 20;

    /// <summary>So many segments are kept; the oldest goes first. Default 5.</summary>
    public int Segments { get; init; } = 5;

    /// <summary>A line is cut there. Default 16 KiB.</summary>
    public int LineBytes { get; init; } = 16 << 10;

    /// <summary>Output that is further behind than this is dropped and counted: it would be rotated away before anyone saw it. Default 64 MiB.</summary>
    public long BacklogBytes { get; init; } = 64 << 20;
}

/// <summary>
/// The log of one instance or build. The process appends to two raw files, <c>out</c> and <c>err</c>, so that it never waits for us and outlives
/// us; we move whole lines into numbered segments (<c>1.log</c> …) as <c>unix-ms o|e text</c> and free the raw bytes behind us. One caller at a time.
/// </summary>
/// <remarks>
/// After each batch of lines the file <c>position</c> says how far the raw files were read and how long the segment was then. What a run of us
/// wrote that ended between the two is undone by cutting the segment back: <c>kill -9</c> neither loses nor doubles a line.
/// </remarks>
sealed class InstanceLog : IDisposable
{
    const int ReadBytes = 64 << 10;

    readonly string folder;
    readonly LogLimits limits;
    readonly TimeProvider time;
    readonly RawOutput output;
    readonly RawOutput error;
    readonly FileStream position;
    readonly MemoryStream batch = new();
    FileStream segment;
    int segmentNumber;
    int batchLines;

    /// <summary>Opens the log where the last run of us left it. Throws <see cref="IOException"/> where the folder cannot be used.</summary>
    public InstanceLog(string folder, LogLimits limits, TimeProvider time)
    {
        (this.folder, this.limits, this.time) = (folder, limits, time);
        Directory.CreateDirectory(folder);
        output = new(OutputOf(folder), (byte)'o');
        error = new(ErrorOf(folder), (byte)'e');
        position = new(Path.Combine(folder, "position"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        segment = Restore();
    }

    /// <summary>Lines that could not be kept for want of space.</summary>
    public long DroppedLines { get; private set; }

    /// <summary>Bytes that were passed over because they were too far behind.</summary>
    public long DroppedBytes { get; private set; }

    public static string OutputOf(string folder) => Path.Combine(folder, "out");

    public static string ErrorOf(string folder) => Path.Combine(folder, "err");

    /// <summary>Moves what has arrived; with <paramref name="ended"/> an unfinished last line too, since no more of it will come.</summary>
    public void Drain(bool ended)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        while (Take(output, buffer, ended) | Take(error, buffer, ended))
        {
            Keep();
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Begins the raw files anew, before a process is started: nobody has them open.</summary>
    public void Begin()
    {
        Drain(ended: true);
        output.Reset();
        error.Reset();
        SavePosition();
    }

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
        segment.Dispose();
        position.Dispose();
    }

    // Reads one buffer and takes its whole lines into the batch; true where that was progress.
    bool Take(RawOutput raw, byte[] buffer, bool ended)
    {
        DroppedBytes += raw.SkipTo(raw.Length - limits.BacklogBytes);
        var count = raw.ReadAhead(buffer);
        var last = ended && raw.Position + count == raw.Length;
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, count);
        var at = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        while (rest.Length > 0)
        {
            var end = rest.IndexOf((byte)'\n');
            if (end < 0 && rest.Length <= limits.LineBytes && !raw.Cutting && !last)
            {
                break;
            }

            if (!raw.Cutting)
            {
                Append(at, raw.Mark, end < 0 ? rest : rest[..end]);
            }

            // The rest of a line that was cut is passed over, in this buffer or the next.
            raw.Cutting = end < 0 && !last;
            rest = end < 0 ? default : rest[(end + 1)..];
        }

        raw.Position += count - rest.Length;
        return count > rest.Length;
    }

    void Append(string at, byte mark, ReadOnlySpan<byte> line)
    {
        line = line[..Math.Min(line.Length, limits.LineBytes)].TrimEnd((byte)'\r');
        batch.Write(Encoding.ASCII.GetBytes(at));
        batch.WriteByte((byte)' ');
        batch.WriteByte(mark);
        batch.WriteByte((byte)' ');
        batch.Write(line);
        batch.WriteByte((byte)'\n');
        batchLines++;
    }

    // 1. The lines, 2. the position, 3. only then the raw bytes go.
    void Keep()
    {
        var length = segment.Length;
        try
        {
            if (length > 0 && length + batch.Length > limits.SegmentBytes)
            {
                Rotate();
                length = 0;
            }

            segment.Write(batch.GetBuffer(), 0, (int)batch.Length);
        }
        catch (IOException)
        {
            // A full disk must not hold the instance up: what has no room is dropped, and counted.
            DroppedLines += batchLines;
            CutBack(length);
        }

        batch.SetLength(0);
        batchLines = 0;
        SavePosition();
        output.Free(SavePosition);
        error.Free(SavePosition);
    }

    // Half a batch may have found room. Where it cannot be taken back either, its last line is one that readers pass over.
    void CutBack(long length)
    {
        try
        {
            segment.SetLength(length);
            segment.Position = length;
        }
        catch (IOException)
        {
            segment.Position = segment.Length;
        }
    }

    void Rotate()
    {
        var next = Open(segmentNumber + 1);
        segment.Dispose();
        segment = next;
        segmentNumber++;
        File.Delete(SegmentOf(segmentNumber - limits.Segments));
    }

    void SavePosition()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{output.Position} {output.Cutting} {error.Position} {error.Cutting} {segmentNumber} {segment.Length}");
        RandomAccess.Write(position.SafeFileHandle, Encoding.ASCII.GetBytes(text.PadRight(127) + "\n"), 0);
    }

    FileStream Restore()
    {
        var bytes = new byte[128];
        var count = RandomAccess.Read(position.SafeFileHandle, bytes, 0);
        var numbers = LogSegments.In(folder);
        var words = Encoding.ASCII.GetString(bytes, 0, count).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 6 || !int.TryParse(words[4], CultureInfo.InvariantCulture, out segmentNumber) || !long.TryParse(words[5].Trim(), CultureInfo.InvariantCulture, out var length))
        {
            segmentNumber = numbers.Count == 0 ? 1 : numbers[^1] + 1;
            return Open(segmentNumber);
        }

        output.Position = Math.Min(long.Parse(words[0], CultureInfo.InvariantCulture), output.Length);
        output.Cutting = bool.Parse(words[1]);
        error.Position = Math.Min(long.Parse(words[2], CultureInfo.InvariantCulture), error.Length);
        error.Cutting = bool.Parse(words[3]);
        foreach (var newer in numbers.Where(n => n > segmentNumber))
        {
            File.Delete(SegmentOf(newer));
        }

        var file = Open(segmentNumber);
        file.SetLength(Math.Min(length, file.Length));
        file.Position = file.Length;
        return file;
    }

    FileStream Open(int number)
    {
        var file = new FileStream(SegmentOf(number), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.Position = file.Length;
        return file;
    }

    string SegmentOf(int number) => LogSegments.PathOf(folder, number);
}
