using System.Text;
using SQLitePCL;

namespace Mainstay.State.Sqlite;

/// <summary>A connection that throws <see cref="SqliteFault"/>; one thread at a time.</summary>
sealed class Connection : IDisposable
{
    readonly sqlite3 handle;
    readonly List<Statement> statements = [];

    static Connection() => Batteries_V2.Init();

    /// <summary>Opens or creates the file.</summary>
    public Connection(string path)
    {
        // NOMUTEX: the one thread that uses it needs no lock of SQLite's.
        var code = raw.sqlite3_open_v2(path, out handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK)
        {
            var message = handle is null ? "cannot open" : raw.sqlite3_errmsg(handle).utf8_to_string();
            handle?.Dispose();
            throw new SqliteFault(code, message);
        }

        _ = raw.sqlite3_extended_result_codes(handle, 1);
    }

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(handle) == 0;

    /// <summary>Rows that the last statement changed.</summary>
    public int Changed => raw.sqlite3_changes(handle);

    /// <summary>The rowid that the last insertion gave.</summary>
    public long LastId => raw.sqlite3_last_insert_rowid(handle);

    /// <summary>A statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        var prepared = new Statement(this, statement);
        statements.Add(prepared);
        return prepared;
    }

    /// <summary>Runs one statement and returns the first column of its first row; null where there is none.</summary>
    public string? Run(string sql)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out var prepared));
        using var statement = new Statement(this, prepared);
        return statement.Step() ? statement.Text(0) : null;
    }

    /// <summary>As <see cref="Run"/>, for numbers; 0 where there is none.</summary>
    public long Number(string sql)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out var prepared));
        using var statement = new Statement(this, prepared);
        return statement.Step() ? statement.Long(0) : 0;
    }

    /// <summary>Begins to copy everything of another connection over what this one has; to be finished by who steps it.</summary>
    public sqlite3_backup CopyOf(Connection source)
    {
        var copying = raw.sqlite3_backup_init(handle, "main", source.handle, "main");
        return copying is { IsInvalid: false } ? copying : throw new SqliteFault(raw.sqlite3_errcode(handle), raw.sqlite3_errmsg(handle).utf8_to_string());
    }

    /// <summary>Throws where the code is not success.</summary>
    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw new SqliteFault(code, raw.sqlite3_errmsg(handle).utf8_to_string());
    }

    public void Dispose()
    {
        foreach (var statement in statements)
            statement.Dispose();
        handle.Dispose();
    }
}

/// <summary>A prepared statement: bind, step, read, reset.</summary>
sealed class Statement(Connection connection, sqlite3_stmt handle) : IDisposable
{
    public Statement Bind(int index, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public Statement Bind(int index, string value)
    {
        // As with blobs: an empty span would be NULL.
        if (value.Length == 0)
        {
            connection.Check(raw.sqlite3_bind_text(handle, index, ""));
            return this;
        }

        Span<byte> utf8 = stackalloc byte[Encoding.UTF8.GetMaxByteCount(value.Length)];
        connection.Check(raw.sqlite3_bind_text(handle, index, utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        // An empty span has no address, which SQLite would take for NULL.
        connection.Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0) : raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    public Statement BindNull(int index)
    {
        connection.Check(raw.sqlite3_bind_null(handle, index));
        return this;
    }

    /// <summary>True on a row, false at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        connection.Check(code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Steps to the end and resets.</summary>
    public void Run()
    {
        try
        {
            while (Step())
            {
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Steps once, resets, and returns the first column; 0 where there is no row.</summary>
    public long Number()
    {
        try
        {
            return Step() ? Long(0) : 0;
        }
        finally
        {
            Reset();
        }
    }

    // Reset repeats the error of the last step, which was already thrown.
    public void Reset() => _ = raw.sqlite3_reset(handle);

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public void Dispose() => handle.Dispose();
}
