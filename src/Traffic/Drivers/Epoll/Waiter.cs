using System.Threading.Tasks.Sources;

namespace Mainstay.Traffic.Drivers.Epoll;

/// <summary>
/// One direction's wait, used again and again. It is completed on the loop's thread, and what awaits it goes on there at once; no execution
/// context flows.
/// </summary>
internal sealed class Waiter : IValueTaskSource<int>
{
    private static readonly Action<object?> Done = static _ => { };
    private Action<object?>? continuation;
    private object? continuationState;
    private int result;
    private short version;

    /// <summary>Begins a wait. One that was begun before and not awaited is given up.</summary>
    public ValueTask<int> Begin()
    {
        version++;
        continuation = null;
        return new ValueTask<int>(this, version);
    }

    public void Complete(int with)
    {
        result = with;
        var next = continuation ?? Interlocked.CompareExchange(ref continuation, Done, null);
        if (next is null) return;
        var state = continuationState;
        continuationState = null;
        continuation = Done;
        next(state);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) =>
        ReferenceEquals(Volatile.Read(ref continuation), Done) ? ValueTaskSourceStatus.Succeeded : ValueTaskSourceStatus.Pending;

    void IValueTaskSource<int>.OnCompleted(Action<object?> next, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        continuationState = state;
        var before = Interlocked.CompareExchange(ref continuation, next, null);
        // Completed between another thread's check and here.
        if (ReferenceEquals(before, Done)) ThreadPool.UnsafeQueueUserWorkItem(next, state, preferLocal: true);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        if (token != version) throw new InvalidOperationException("A wait's result was taken after the next one began.");
        return result;
    }
}
