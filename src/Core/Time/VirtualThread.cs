using System.Collections.Concurrent;

namespace Mainstay.Core.Time;

/// <summary>One thread on which everything asynchronous runs, in the order in which it became ready, so that a run depends on nothing but its inputs.</summary>
public sealed class VirtualThread : SynchronizationContext
{
    readonly ConcurrentQueue<(SendOrPostCallback Call, object? State)> ready = new();

    public override void Post(SendOrPostCallback d, object? state) => ready.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs <paramref name="body"/> with this as the current context, on the caller's thread.</summary>
    public T Enter<T>(Func<T> body)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            return body();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs what is ready, and what that makes ready, until nothing is.</summary>
    public void RunReady() => Enter(() =>
    {
        while (ready.TryDequeue(out var next))
        {
            next.Call(next.State);
        }

        return true;
    });

    /// <summary>Runs <paramref name="body"/> until it has ended; fails where nothing is ready and it has not.</summary>
    public void Run(Func<Task> body)
    {
        var task = Enter(body);
        RunReady();
        if (!task.IsCompleted)
        {
            throw new InvalidOperationException("nothing is ready to run, and the task waits");
        }

        task.GetAwaiter().GetResult();
    }
}
