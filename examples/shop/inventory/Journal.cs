using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Shop.Inventory;

/// <summary>
/// An append-only file of JSON lines that several processes share. Contract:
/// 1. what <see cref="Append"/> returned from survives a kill of any process and a loss of power;
/// 2. only the holder of <see cref="Lock"/> appends, and the kernel frees the lock of a process that dies;
/// 3. a last line without its line feed was never acknowledged: readers leave it alone, the next holder cuts it off.
/// </summary>
sealed partial class Journal : IDisposable
{
    const int LockExclusive = 2, Unlock = 8;

    readonly SafeFileHandle file, folder;
    long position;

    /// <exception cref="IOException">The folder cannot be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder belongs to someone else.</exception>
    public Journal(string path)
    {
        Directory.CreateDirectory(path);
        file = File.OpenHandle(Path.Combine(path, "stock.jsonl"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        // The folder is what is locked: .NET puts locks of its own on the files it opens, and two instances would refuse each other.
        folder = Open(path, flags: 0);
        Check(folder.IsInvalid ? -1 : 0, "open the folder of");
        Check(FSync(folder), "flush the folder of");
    }

    /// <summary>Waits until no other process holds the journal. One caller per process at a time.</summary>
    /// <exception cref="IOException">The file system has no advisory locks.</exception>
    public Holder Lock()
    {
        Check(Flock(folder, LockExclusive), "lock");
        return new(this);
    }

    /// <summary>The entries that were written since the last call, by whichever process.</summary>
    /// <exception cref="InvalidDataException">A whole line is not an entry: the file was damaged from outside.</exception>
    public List<Entry> ReadNew()
    {
        var entries = new List<Entry>();
        var unread = RandomAccess.GetLength(file) - position;
        if (unread <= 0)
            return entries;
        var bytes = new byte[unread];
        var rest = bytes.AsSpan(0, RandomAccess.Read(file, bytes, position));
        while (rest.IndexOf((byte)'\n') is var end and >= 0)
        {
            entries.Add(Parse(rest[..end]));
            position += end + 1;
            rest = rest[(end + 1)..];
        }
        return entries;
    }

    /// <summary>Starts again from the first entry, as after a failed append.</summary>
    public void Rewind() => position = 0;

    public void Dispose()
    {
        file.Dispose();
        folder.Dispose();
    }

    /// <summary>The right to append, for one holder among all processes.</summary>
    public readonly ref struct Holder(Journal journal)
    {
        /// <summary>Writes the entries behind the last whole line and waits for the disk. Read everything new first.</summary>
        /// <exception cref="IOException">The disk is full or failing; the file is as it was before.</exception>
        public void Append(IEnumerable<Entry> entries)
        {
            using var lines = new MemoryStream();
            foreach (var entry in entries)
            {
                JsonSerializer.Serialize(lines, entry, Json.Default.Entry);
                lines.WriteByte((byte)'\n');
            }
            var start = journal.position;
            try
            {
                RandomAccess.SetLength(journal.file, start);
                RandomAccess.Write(journal.file, lines.GetBuffer().AsSpan(0, (int)lines.Length), start);
                RandomAccess.FlushToDisk(journal.file);
            }
            catch
            {
                RandomAccess.SetLength(journal.file, start);
                throw;
            }
            journal.position = start + lines.Length;
        }

        public void Dispose() => Check(Flock(journal.folder, Unlock), "unlock");
    }

    Entry Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, Json.Default.Entry) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"stock.jsonl is damaged at byte {position}: {e.Message} Restore it from a copy.", e);
        }
    }

    static void Check(int result, string verb)
    {
        if (result != 0)
            throw new IOException($"Cannot {verb} the journal: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
