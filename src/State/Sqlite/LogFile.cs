using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SQLitePCL;

namespace Mainstay.State.Sqlite;

/// <summary>The write-ahead log of a database that one connection has for itself, as a file that is put on the disk after a commit.</summary>
/// <remarks>
/// SQLite syncs its log by <c>fsync</c>, which on most file systems also writes the file's times, by a transaction of the file system for every commit of
/// ours; <c>fdatasync</c> leaves that out. And as a file that grows has its new length to be written, the log gets room ahead, filled with zeros, which
/// SQLite takes for no frames (sqlite.org/fileformat2.html, 4.3); once the log begins anew it is long enough.
/// </remarks>
sealed class LogFile : IDisposable
{
    // A log that stays small gets no room ahead; none does beyond what is written between two checkpoints (4,096 pages with their heads, and what comes with the last).
    const long From = 1 << 20, Until = 17 << 20, Step = 1 << 20;
    const int Interrupted = 4;

    static readonly byte[] Zeros = new byte[Step];

    readonly SafeFileHandle file;
    long length;

    LogFile(SafeFileHandle file)
    {
        this.file = file;
        length = RandomAccess.GetLength(file);
    }

    /// <summary>The log of an open database; null where the system has no such call, and SQLite has to sync.</summary>
    public static LogFile? Of(string database) =>
        OperatingSystem.IsLinux() ? new(File.OpenHandle(database + "-wal", FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) : null;

    /// <summary>Everything that was committed is on the disk when it returns.</summary>
    /// <exception cref="SqliteFault">Whether it is there is not known.</exception>
    public void Sync()
    {
        Extend();
        while (DataSync(file) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
                throw new SqliteFault(raw.SQLITE_IOERR_FSYNC, Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public void Dispose() => file.Dispose();

    void Extend()
    {
        var now = RandomAccess.GetLength(file);
        var grew = now > length;
        length = now;
        if (!grew || now is < From or >= Until)
            return;
        try
        {
            RandomAccess.Write(file, Zeros, now);
            length = now + Step;
        }
        catch (IOException)
        {
            // Room ahead is worth nothing where there is no room.
            RandomAccess.SetLength(file, now);
        }
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int DataSync(SafeFileHandle file);
}
