namespace Mainstay.Bench.Loop;

/// <summary>Runs everything asynchronous on the caller's thread, so that the process's CPU time is the loop's.</summary>
sealed class OneThread : SynchronizationContext
{
    readonly Queue<(SendOrPostCallback Call, object? State)> ready = new();

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (ready)
        {
            ready.Enqueue((d, state));
        }
    }

    /// <summary>Runs what is ready until nothing is.</summary>
    public void Run()
    {
        while (Take() is { } next)
        {
            next.Call(next.State);
        }
    }

    (SendOrPostCallback Call, object? State)? Take()
    {
        lock (ready)
        {
            return ready.TryDequeue(out var next) ? next : null;
        }
    }
}
