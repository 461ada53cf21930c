using SQLitePCL;

namespace Mainstay.State.Sqlite;

/// <summary>A copy of an open database that is being made, by the thread that uses the database (sqlite.org/backup.html): what that connection writes meanwhile goes into the copy, too.</summary>
sealed class FileCopy : IDisposable
{
    // 1 MiB: some milliseconds.
    const int Pages = 256;

    readonly Connection to;
    readonly sqlite3_backup copying;

    /// <param name="from">Stays open until this is disposed.</param>
    /// <param name="path">A file that is not there.</param>
    public FileCopy(Connection from, string path)
    {
        to = new Connection(path);
        try
        {
            to.Run("PRAGMA synchronous = OFF");
            copying = to.CopyOf(from);
        }
        catch
        {
            to.Dispose();
            throw;
        }
    }

    /// <summary>Copies the next piece, outside of any transaction; true where that was the last.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_backup_step(copying, Pages);
        if (code is not (raw.SQLITE_OK or raw.SQLITE_BUSY or raw.SQLITE_LOCKED))
            to.Check(code);
        return code == raw.SQLITE_DONE;
    }

    public void Dispose()
    {
        copying.Dispose();
        to.Dispose();
    }
}
