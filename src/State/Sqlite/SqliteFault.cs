using Mainstay.Core.Store;
using SQLitePCL;

namespace Mainstay.State.Sqlite;

/// <summary>A result code of SQLite other than success, with what it said.</summary>
sealed class SqliteFault(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>The primary result code (<c>sqlite.org/rescode.html</c>).</summary>
    public int Code => code & 0xFF;

    /// <summary>True where the medium may hold what was refused, so that only reading it again tells.</summary>
    public bool OutcomeUnknown => Code is not (raw.SQLITE_FULL or raw.SQLITE_READONLY or raw.SQLITE_BUSY or raw.SQLITE_TOOBIG);

    /// <summary>True where the disk, or the size that the file may have, is used up.</summary>
    public bool IsFull => Code == raw.SQLITE_FULL;

    /// <summary>True where the statement was refused for what it asks, such as a row that breaks a constraint; the file is well.</summary>
    public bool IsOfStatement => Code is raw.SQLITE_CONSTRAINT or raw.SQLITE_ERROR or raw.SQLITE_MISMATCH or raw.SQLITE_RANGE or raw.SQLITE_TOOBIG;

    /// <summary>The same for callers of the store: what is wrong with which file, and what to do.</summary>
    public StoreUnavailableException Explain(string path) => new($"the store {path} {What()}", this);

    /// <summary>What is wrong and what to do, to be put behind the name of the file.</summary>
    public string What() => Code switch
    {
        raw.SQLITE_FULL => "cannot grow: the disk or the configured file size is full; free some space and try again, nothing that was acknowledged is lost",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "is in use by another process; stop it, or choose another data folder with --data",
        raw.SQLITE_READONLY or raw.SQLITE_PERM => "is read-only; give this user write permission to the file and its folder",
        raw.SQLITE_CANTOPEN => "cannot be opened; check that its folder exists and that this user may write in it",
        raw.SQLITE_NOTADB => "is not a database of Mainstay; move it away, or choose another data folder with --data",
        raw.SQLITE_CORRUPT => $"is damaged ({Message}); move it away and restore a copy",
        raw.SQLITE_IOERR => $"cannot be read or written ({Message}); check the disk and the system's log",
        raw.SQLITE_NOMEM => "ran out of memory; give the process more",
        _ => $"failed ({Message}); look at the file and its disk",
    };
}
