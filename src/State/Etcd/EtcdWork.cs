using Mainstay.Core.Store;

namespace Mainstay.State.Etcd;

/// <summary>One caller's wish. It is staged anew whenever others wrote before it, so staging leaves nothing behind but the result.</summary>
abstract class EtcdWork
{
    /// <summary>About what it adds to a record, in bytes.</summary>
    public virtual long Bytes => 64;

    /// <summary>Adds what is to be written; an exception fails only this one.</summary>
    public abstract void Stage(Draft draft);

    public abstract void Complete();

    public abstract void Fail(Exception why);
}

/// <summary>A wish whose caller awaits a result; the caller never resumes inside the writer.</summary>
abstract class EtcdWork<T> : EtcdWork
{
    readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Done => done.Task;

    protected T Result { get; set; } = default!;

    public override void Complete() => done.TrySetResult(Result);

    public override void Fail(Exception why) => done.TrySetException(why);
}

sealed class EtcdCommit(Commit commit, CancellationToken stop) : EtcdWork<CommitResult>
{
    public override long Bytes { get; } = 64 + commit.Operations.Sum(o => 48L + o.Key.Length + (o.Value?.Length ?? 0));

    public override void Stage(Draft draft)
    {
        stop.ThrowIfCancellationRequested();
        Result = draft.Stage(commit);
    }
}

/// <summary>Anything else that is written to the log.</summary>
sealed class EtcdAct<T>(Func<Draft, T> act) : EtcdWork<T>
{
    public override void Stage(Draft draft) => Result = act(draft);
}
