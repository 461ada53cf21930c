namespace Mainstay.State.Sqlite;

/// <summary>
/// Where the truth of a journal is, if not in its file: the file is then a copy of it, made anew whenever the journal is opened, for reading. Used by the journal's thread alone, which waits for it.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item><see cref="Fill"/> writes everything into a new file, inside a transaction. It takes the source over: nothing that was asked of it before takes effect any more.</item>
/// <item><see cref="Commit"/> makes what a group of works has written durable, after all of them were called and before the file has it; where none wrote anything, it makes sure that the file is as the source is.</item>
/// <item>A fault of either says how the works are answered. The file is made anew before the next group, unless the source was asked for nothing; <see cref="JournalStatus.Closed"/> ends the journal.</item>
/// </list>
/// </remarks>
interface IJournalSource
{
    /// <exception cref="SourceFault"/>
    void Fill(JournalFile file);

    /// <exception cref="SourceFault"/>
    void Commit(IReadOnlyList<JournalWork> works);
}

/// <summary>What a source could not do.</summary>
/// <param name="status">How whoever waits is answered.</param>
/// <param name="message">What is wrong and what to do.</param>
sealed class SourceFault(JournalStatus status, string message, Exception? inner = null) : Exception(message, inner)
{
    public JournalStatus Status => status;

    /// <summary>True where the source was not asked for anything, so that the file still is as it is.</summary>
    public bool Unasked { get; init; }
}
