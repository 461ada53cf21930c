namespace Mainstay.Host.Api;

/// <summary>Wakes one waiter: any number of <see cref="Set"/> before a wait are one. What is to be seen is written before it is set, and read after the wait.</summary>
public sealed class Signal
{
    TaskCompletionSource raised = New();

    public void Set() => Volatile.Read(ref raised).TrySetResult();

    /// <summary>Waits for it to be set, and takes it back.</summary>
    public async Task WaitAsync(CancellationToken stop)
    {
        await Volatile.Read(ref raised).Task.WaitAsync(stop);
        Volatile.Write(ref raised, New());
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
