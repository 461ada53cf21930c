namespace Mainstay.State.Sqlite;

/// <summary>What a <see cref="SqliteStore"/> keeps and how much.</summary>
public sealed record SqliteStoreOptions
{
    /// <summary>The database file; its folder is made when missing. Beside it stand <c>-wal</c>, <c>.lock</c> and <c>.pid</c>.</summary>
    public required string Path { get; init; }

    /// <summary>History kept for watches, in revisions (default 100,000; at least 1). Older revisions are compacted when nobody writes.</summary>
    public int KeepRevisions { get; init; } = 100_000;

    /// <summary>History kept for watches, in bytes of keys and values (default 256 MiB).</summary>
    public long KeepBytes { get; init; } = 256L << 20;

    /// <summary>
    /// History beyond what is kept that may wait for a quiet moment to be compacted, in revisions (default 400,000). Once there is more, commits
    /// wait for it, some milliseconds per 1,000 of them. More makes opening slower and the file larger.
    /// </summary>
    public int BacklogRevisions { get; init; } = 400_000;

    /// <summary>As <see cref="BacklogRevisions"/>, in bytes of keys and values (default 256 MiB).</summary>
    public long BacklogBytes { get; init; } = 256L << 20;

    /// <summary>
    /// Current entries are held in memory, at most so many bytes of them (default 512 MiB). A commit that would pass it is refused; deletions
    /// always pass.
    /// </summary>
    public long MaxBytes { get; init; } = 512L << 20;

    /// <summary>Largest database file, in bytes (default 4 GiB). Beyond it commits fail as on a full disk.</summary>
    public long MaxFileBytes { get; init; } = 4L << 30;

    /// <summary>
    /// At opening the whole file is checked when it is no larger than this, in bytes (default 64 MiB, well under a second). All keys and history
    /// are read in any case, which finds damage in them.
    /// </summary>
    public long CheckUpToBytes { get; init; } = 64L << 20;

    /// <summary>The newest commits held in memory for watches that keep up, in revisions (default 4,096, and at most 16 MiB).</summary>
    public int RecentRevisions { get; init; } = 4_096;

    /// <summary>The clock of the leases.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
