namespace Mainstay.State.Sqlite;

/// <summary>The transactions of a connection, durable by themselves or with the next one that is.</summary>
sealed class Transactions(Connection connection)
{
    /// <summary>The log is on the disk before a commit returns.</summary>
    public const string SyncAtCommit = "PRAGMA synchronous = FULL";

    /// <summary>The log is on the disk before any of it goes into the tables: a crash may undo the last commits, whole and in order.</summary>
    public const string SyncAtCheckpoint = "PRAGMA synchronous = NORMAL";

    readonly Statement begin = connection.Prepare("BEGIN IMMEDIATE");
    readonly Statement commit = connection.Prepare("COMMIT");
    readonly Statement rollback = connection.Prepare("ROLLBACK");
    bool syncs = true;

    /// <summary>
    /// Runs <paramref name="work"/> as one transaction; nothing of it stays when it throws. One that is not durable by itself survives
    /// the end of the process, and becomes durable, at the latest, with the next one that is.
    /// </summary>
    public void Run(bool durable, Action work)
    {
        Sync(durable);
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
    }

    void Sync(bool every)
    {
        if (every == syncs)
            return;
        connection.Run(every ? SyncAtCommit : SyncAtCheckpoint);
        syncs = every;
    }
}
