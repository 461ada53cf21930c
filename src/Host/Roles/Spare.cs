using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>A second process of a role, warm and without work: it goes on at once where the first one has ended. There is at most one.</summary>
/// <param name="start">How it is started.</param>
/// <param name="promote">Has the process of that id work from now on; false where it is not ready for it.</param>
/// <param name="events">Tells of its end.</param>
/// <param name="time">The clock.</param>
sealed class Spare(Func<RoleStart> start, Func<int, bool> promote, EventThread events, TimeProvider time)
{
    /// <summary>What has just begun to work has the machine to itself for a while.</summary>
    static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);

    readonly Lock gate = new();
    RoleProcess? waiting;
    TaskCompletionSource taken = NewPulse();

    /// <summary>Keeps one ready until stopped, then ends it.</summary>
    public async Task KeepAsync(TimeSpan patience, CancellationToken stop)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                await Task.Delay(Backoff.After(failures + 1, Rest, LongestRest), time, stop);
                if (Begin() is var (process, gone))
                {
                    await Task.WhenAny(process.Exited, gone).WaitAsync(stop);
                    // What was taken is not here any more; what is has ended by itself.
                    failures = Release() is null ? 0 : failures + 1;
                }
                else
                {
                    failures++;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped as asked.
        }

        if (Release() is { } last)
        {
            await last.StopAsync(patience, time);
        }
    }

    /// <summary>The process that works from now on in the place of one that has ended; null where none is ready.</summary>
    public RoleProcess? Take()
    {
        lock (gate)
        {
            return waiting is { Exited.IsCompleted: false } ready && promote(ready.Pid) ? Release() : null;
        }
    }

    /// <summary>Has it start anew: with the binary and the settings of now.</summary>
    public void Renew() => Release()?.Kill();

    (RoleProcess Process, Task Gone)? Begin()
    {
        lock (gate)
        {
            try
            {
                waiting = RoleProcess.Start(start(), events);
            }
            catch (IOException)
            {
                return null;
            }

            taken = NewPulse();
            return (waiting, taken.Task);
        }
    }

    RoleProcess? Release()
    {
        lock (gate)
        {
            var process = waiting;
            waiting = null;
            taken.TrySetResult();
            return process;
        }
    }

    static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
