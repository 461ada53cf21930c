namespace Mainstay.State.Sqlite;

/// <summary>What a work needs of the file.</summary>
enum JournalNeed
{
    /// <summary>It only reads.</summary>
    Read,

    /// <summary>What it writes survives the end of the process; a loss of power may undo it, together with everything that followed it.</summary>
    Write,

    /// <summary>What it writes is on the disk before it is answered.</summary>
    Durable,

    /// <summary>It has the file for itself for a moment, outside of any transaction.</summary>
    Apart,
}

/// <summary>How a work ended.</summary>
enum JournalStatus
{
    /// <summary>Done, and as durable as it asked to be.</summary>
    Done,

    /// <summary>Nothing was done: too many works wait. To be tried again later.</summary>
    Busy,

    /// <summary>Nothing was done: the disk, or the size that the file may have, is used up.</summary>
    Full,

    /// <summary>The file cannot be written or read; whether this work is in it is known only by reading it, once that is possible again.</summary>
    Unavailable,

    /// <summary>Nothing was done: the work itself threw.</summary>
    Failed,

    /// <summary>Nothing was done: the journal is closed.</summary>
    Closed,
}

/// <summary>The answer to a work.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Value">What it gave; only where it is done.</param>
/// <param name="Why">What is wrong and what to do; null where it is done.</param>
readonly record struct JournalAnswer<T>(JournalStatus Status, T? Value, string? Why)
{
    public bool IsDone => Status == JournalStatus.Done;
}

/// <summary>Something to be done with the file, by the journal's thread. The steps are called there, one work at a time and in the order of arrival.</summary>
/// <remarks>
/// <list type="number">
/// <item><see cref="Write"/> reads and writes within the group's transaction and sees what earlier works of the group wrote. It may be called again, after
/// <see cref="Undo"/>, where another work of the group threw; where it throws itself, only this work fails.</item>
/// <item><see cref="Undo"/> takes back what Write changed in memory: the transaction was rolled back.</item>
/// <item><see cref="Complete"/> follows once the group is durable: the place to change memory that others read.</item>
/// </list>
/// </remarks>
abstract class JournalWork
{
    /// <summary>What it needs of the file; the strongest need of a group is served to all of it.</summary>
    public virtual JournalNeed Need => JournalNeed.Durable;

    /// <summary>The caller may leave until the work is begun.</summary>
    public CancellationToken Stop { get; init; }

    public abstract void Write(JournalFile file);

    public virtual void Undo()
    {
    }

    /// <summary>Answers the caller.</summary>
    public abstract void Complete();

    /// <summary>Answers the caller that it is not done.</summary>
    public abstract void Fail(JournalStatus status, string why);

    /// <summary>Answers the caller that it left in time.</summary>
    public abstract void Leave();
}

/// <summary>A work whose caller awaits a result; the caller never resumes on the journal's thread.</summary>
abstract class JournalWork<T> : JournalWork
{
    readonly TaskCompletionSource<JournalAnswer<T>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<JournalAnswer<T>> Answer => answer.Task;

    /// <summary>The result, once the group is durable.</summary>
    protected abstract T Finish();

    public sealed override void Complete() => answer.TrySetResult(new(JournalStatus.Done, Finish(), null));

    public override void Fail(JournalStatus status, string why) => answer.TrySetResult(new(status, default, why));

    public sealed override void Leave() => answer.TrySetCanceled(Stop);
}

/// <summary>A work that is one function; it must keep nothing in memory that would have to be taken back.</summary>
sealed class FunctionWork<T>(JournalNeed need, Func<JournalFile, T> function) : JournalWork<T>
{
    T? result;

    public override JournalNeed Need => need;

    public override void Write(JournalFile file) => result = function(file);

    protected override T Finish() => result!;
}
