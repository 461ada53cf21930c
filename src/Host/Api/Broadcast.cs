using System.Runtime.CompilerServices;

namespace Mainstay.Host.Api;

/// <summary>
/// One payload for many readers: made once per change, shared, and not made at all while nobody reads. A slow reader gets the newest when it
/// comes back and none of those between, so nothing queues.
/// </summary>
/// <param name="make">Makes the payload; null where there is nothing to tell.</param>
/// <param name="changed">Completes when it is worth making again.</param>
/// <param name="every">The least time between two.</param>
public sealed class Broadcast(Func<byte[]?> make, Func<CancellationToken, Task> changed, TimeSpan every, TimeProvider time, Action<string, Exception>? onFault)
{
    readonly Lock gate = new();
    Action endProducing = () => { };
    Frame? current;
    long number;
    TaskCompletionSource next = NewPulse();
    int readers;

    /// <summary>How many payloads were made.</summary>
    public long Made { get; private set; }

    /// <summary>The payloads from now on, the current one first.</summary>
    public async IAsyncEnumerable<Frame> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        Enter();
        try
        {
            Frame? last = null;
            while (true)
            {
                Frame? frame;
                Task wait;
                lock (gate)
                {
                    (frame, wait) = (current, next.Task);
                }

                if (frame is not null && frame.Number != last?.Number)
                {
                    yield return last = frame;
                }
                else
                {
                    await wait.WaitAsync(stop);
                }
            }
        }
        finally
        {
            Leave();
        }
    }

    void Enter()
    {
        lock (gate)
        {
            if (++readers == 1)
            {
                var producing = new CancellationTokenSource();
                endProducing = () =>
                {
                    producing.Cancel();
                    producing.Dispose();
                };
                _ = ProduceAsync(producing.Token);
            }
        }
    }

    void Leave()
    {
        lock (gate)
        {
            if (--readers == 0)
            {
                endProducing();
                current = null;
            }
        }
    }

    async Task ProduceAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                Publish(stop);
                await Task.Delay(every, time, stop);
                await changed(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception fault)
        {
            onFault?.Invoke("broadcast", fault);
        }
    }

    // Which bytes differ decides, not what was touched: most touches change nothing that is shown.
    void Publish(CancellationToken stop)
    {
        var bytes = make();
        TaskCompletionSource passed;
        lock (gate)
        {
            Made++;
            if (stop.IsCancellationRequested || bytes is null || (current is not null && bytes.AsSpan().SequenceEqual(current.Json)))
            {
                return;
            }

            current = new Frame(++number, bytes);
            (passed, next) = (next, NewPulse());
        }

        passed.SetResult();
    }

    static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A payload, numbered within its broadcast.</summary>
public sealed record Frame(long Number, byte[] Json);
