using Microsoft.Win32.SafeHandles;

namespace Mainstay.Schedule.Drivers;

/// <summary>A file that a process appends its output to, while we read it from the front and give the space back.</summary>
sealed class RawOutput : IDisposable
{
    // Freed in whole blocks of the file system, and not for every line.
    const long BlockBytes = 4096;
    const long FreeBytes = 64 << 10;

    readonly SafeFileHandle file;
    long freed;
    bool cannotPunch;

    public RawOutput(string path, byte mark)
    {
        file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Mark = mark;
    }

    /// <summary>How segments name the stream.</summary>
    public byte Mark { get; }

    /// <summary>How far it was read.</summary>
    public long Position { get; set; }

    /// <summary>Whether the reader is inside the rest of a line that was cut.</summary>
    public bool Cutting { get; set; }

    public long Length => RandomAccess.GetLength(file);

    /// <summary>Reads from the position on without moving it.</summary>
    public int ReadAhead(Span<byte> buffer) => RandomAccess.Read(file, buffer, Position);

    /// <summary>Passes over what lies before <paramref name="offset"/>; gives how much that was. What follows may begin within a line.</summary>
    public long SkipTo(long offset)
    {
        var skipped = Math.Max(0, offset - Position);
        Position += skipped;
        Cutting |= skipped > 0;
        return skipped;
    }

    /// <summary>Gives the space of what was read back to the file system.</summary>
    /// <param name="savePosition">Called where the position has to be kept before the file is cut.</param>
    public void Free(Action savePosition)
    {
        var end = Position / BlockBytes * BlockBytes;
        if (end - freed < FreeBytes)
        {
            return;
        }

        if (!cannotPunch)
        {
            cannotPunch = Posix.fallocate((int)file.DangerousGetHandle(), Posix.FallocatePunchHole | Posix.FallocateKeepSize, freed, end - freed) != 0;
            freed = end;
        }
        else if (Length == Position)
        {
            // No holes in this file system: cut the file when all of it was read. What is written in the instant between is lost.
            Position = 0;
            savePosition();
            RandomAccess.SetLength(file, 0);
            freed = 0;
        }
    }

    public void Reset()
    {
        RandomAccess.SetLength(file, 0);
        (Position, freed, Cutting) = (0, 0, false);
    }

    public void Dispose() => file.Dispose();
}
