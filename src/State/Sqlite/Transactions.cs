namespace Mainstay.State.Sqlite;

/// <summary>The transactions of a connection, durable by themselves or with the next one that is.</summary>
sealed class Transactions
{
    /// <summary>The log is on the disk before a commit returns.</summary>
    public const string SyncAtCommit = "PRAGMA synchronous = FULL";

    /// <summary>The log is on the disk before any of it goes into the tables: a crash may undo the last commits, whole and in order.</summary>
    public const string SyncAtCheckpoint = "PRAGMA synchronous = NORMAL";

    readonly Connection connection;
    readonly LogFile? log;
    readonly Statement begin, commit, rollback;
    bool syncs = true;

    /// <param name="connection">To the database.</param>
    /// <param name="log">Its log, where nobody else commits to it; null where SQLite is to sync.</param>
    public Transactions(Connection connection, LogFile? log)
    {
        (this.connection, this.log) = (connection, log);
        (begin, commit, rollback) = (connection.Prepare("BEGIN IMMEDIATE"), connection.Prepare("COMMIT"), connection.Prepare("ROLLBACK"));
    }

    /// <summary>
    /// Runs <paramref name="work"/> as one transaction; nothing of it stays when it throws, unless the disk leaves that open. One that is not durable by itself
    /// survives the end of the process, and becomes durable, at the latest, with the next one that is.
    /// </summary>
    public void Run(bool durable, Action work)
    {
        Sync(durable && log is null);
        begin.Run();
        try
        {
            work();
            commit.Run();
        }
        catch
        {
            // Some errors roll back by themselves.
            if (connection.InTransaction)
                rollback.Run();
            throw;
        }

        if (durable)
            log?.Sync();
    }

    void Sync(bool every)
    {
        if (every == syncs)
            return;
        connection.Run(every ? SyncAtCommit : SyncAtCheckpoint);
        syncs = every;
    }
}
