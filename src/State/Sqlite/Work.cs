using Mainstay.Core.Store;

namespace Mainstay.State.Sqlite;

/// <summary>What waiting callers want to become durable together.</summary>
sealed class Group(StoreState state, long lastLease, long maxBytes)
{
    readonly List<(long Id, TimeSpan Ttl)> grants = [];

    public Staging Staging { get; } = new(state);

    public IReadOnlyList<(long Id, TimeSpan Ttl)> Grants => grants;

    /// <summary>Whether there is anything to write.</summary>
    public bool Writes => grants.Count + Staging.Batches.Count + Staging.EndedLeases.Count > 0;

    public CommitResult Stage(Commit commit)
    {
        var puts = commit.Operations.Sum(o => o.Value is { } value ? value.Length + (2L * o.Key.Length) : 0);
        if (puts > 0 && state.Bytes + Staging.Growth + puts > maxBytes)
        {
            throw new StoreUnavailableException(
                $"the store holds {state.Bytes >> 20} MiB of at most {maxBytes >> 20} MiB; delete keys, or allow it more memory");
        }

        return Staging.Stage(commit);
    }

    public long Grant(TimeSpan ttl)
    {
        var id = lastLease + grants.Count + 1;
        grants.Add((id, ttl));
        return id;
    }
}

/// <summary>One caller's wish, carried out by who has the turn.</summary>
abstract class Work
{
    /// <summary>Whether it takes no longer than one sync, so that a caller may do it on his own thread.</summary>
    public virtual bool IsBrief => false;

    /// <summary>Adds what is to be written to the group; an exception fails only this one.</summary>
    public virtual void Stage(Group group)
    {
    }

    /// <summary>Reads or folds with the file, after the group is durable and visible.</summary>
    public virtual void Run(Writer writer)
    {
    }

    /// <summary>Answers the caller.</summary>
    public abstract void Complete();

    /// <summary>Answers the caller that it failed.</summary>
    public abstract void Fail(Exception why);
}

/// <summary>A wish whose caller awaits a result; the caller never resumes on the writer's thread.</summary>
abstract class Work<T> : Work
{
    readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Done => done.Task;

    protected T Result { get; set; } = default!;

    public override void Complete() => done.TrySetResult(Result);

    public override void Fail(Exception why) => done.TrySetException(why);
}

sealed class CommitWork(Commit commit, CancellationToken stop) : Work<CommitResult>
{
    public override bool IsBrief => true;

    public override void Stage(Group group)
    {
        // Once staged it is not taken back; until then the caller may leave.
        stop.ThrowIfCancellationRequested();
        Result = group.Stage(commit);
    }
}

sealed class GrantWork(TimeSpan ttl) : Work<long>
{
    public override bool IsBrief => true;

    public override void Stage(Group group) => Result = group.Grant(ttl);
}

sealed class EndWork(long lease) : Work<bool>
{
    public override bool IsBrief => true;

    public override void Stage(Group group) => group.Staging.StageEnd(lease);
}

sealed class CompactWork(long revision) : Work<bool>
{
    public override void Run(Writer writer) => writer.FoldTo(revision);
}

sealed class ReadWork(long fromRevision) : Work<List<WatchBatch>>
{
    public override void Run(Writer writer) => Result = writer.Read(fromRevision);
}
