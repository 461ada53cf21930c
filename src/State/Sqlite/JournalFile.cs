namespace Mainstay.State.Sqlite;

/// <summary>The open file of a journal, as its works see it.</summary>
sealed class JournalFile : IDisposable
{
    // Free pages that stay in the file for the next writes: 16 MiB.
    const long SparePages = 4_096;

    readonly Connection connection;
    readonly Transactions transactions;
    readonly LogFile? log;
    readonly Dictionary<string, Statement> statements = [];

    /// <summary>Opens, verifies and, when new, makes the file.</summary>
    public JournalFile(FileShape shape)
    {
        connection = new Connection(shape.Path);
        try
        {
            FileSetup.Prepare(connection, shape);
            log = shape.IsShared ? null : LogFile.Of(shape.Path);
            transactions = new Transactions(connection, log);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The prepared statement of this text, made at its first use. Reset it (or <c>Run</c>, <c>Number</c>) before it is bound anew.</summary>
    public Statement this[string sql]
    {
        get
        {
            if (!statements.TryGetValue(sql, out var statement))
                statements[sql] = statement = connection.Prepare(sql);
            return statement;
        }
    }

    /// <summary>Rows that the last statement changed.</summary>
    public int Changed => connection.Changed;

    /// <summary>The rowid that the last insertion gave.</summary>
    public long LastId => connection.LastId;

    /// <summary>Bytes of the file that hold something.</summary>
    public long UsedBytes => (connection.Number("PRAGMA page_count") - connection.Number("PRAGMA freelist_count")) * 4096;

    /// <summary>Runs works as one transaction.</summary>
    public void InTransaction(bool durable, Action work) => transactions.Run(durable, work);

    /// <summary>Gives up to 2 MiB of free pages back to the file system, where more than a reserve of 16 MiB is free; inside a transaction.</summary>
    public void Shrink()
    {
        if (connection.Number("PRAGMA freelist_count") > SparePages)
            this["PRAGMA incremental_vacuum(512)"].Run();
    }

    /// <summary>Begins a copy of the file.</summary>
    public FileCopy CopyTo(string path) => new(connection, path);

    public void Dispose()
    {
        log?.Dispose();
        connection.Dispose();
    }
}
