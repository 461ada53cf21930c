using Mainstay.Core.Reconcile;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>
/// Keeps one role running: starts it again when it ends, at once the first time, then with a growing wait; where a spare is ready, that goes on.
/// </summary>
sealed class RoleKeeper(string role, Func<RoleStart> start, EventThread events, TimeProvider time, Action<string> say, Spare? spare = null)
{
    /// <summary>A role that lived this long has its failures forgiven.</summary>
    static readonly TimeSpan Forgiven = TimeSpan.FromSeconds(10);

    static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    RoleProcess? current;
    int failures;

    public string Role => role;

    /// <summary>The process that runs now; null before the first start and between two.</summary>
    public RoleProcess? Current => Volatile.Read(ref current);

    /// <summary>How often it ended by itself, since it last lived long enough.</summary>
    public int Failures => Volatile.Read(ref failures);

    /// <summary>The exit code of the last end that was not asked for.</summary>
    public int? LastExit { get; private set; }

    /// <summary>Runs until stopped, then ends the role.</summary>
    public async Task RunAsync(TimeSpan patience, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var startedAt = time.GetTimestamp();
            var process = spare?.Take() ?? RoleProcess.Start(start(), events);
            Volatile.Write(ref current, process);
            var ended = await LiveAsync(stop);
            if (ended is null)
            {
                break;
            }

            LastExit = await ended.Exited;
            failures = time.GetElapsedTime(startedAt) > Forgiven ? 1 : failures + 1;
            say($"{role} ended with {(LastExit is { } code ? $"exit code {code}" : "an unknown exit code")}; starting it again");
            if (failures > 1)
            {
                await PauseAsync(Backoff.After(failures - 1, FirstWait, LongestWait), stop);
            }
        }

        if (Current is { } last)
        {
            await last.StopAsync(patience, time);
        }
    }

    /// <summary>
    /// Replaces the running process by a successor that works beside it until <paramref name="ready"/> says so; then the old one is asked to
    /// end and finishes what it has begun. False where the successor did not get ready: the old one stays.
    /// </summary>
    public async Task<bool> ReplaceAsync(Func<int, Task<bool>> ready, TimeSpan patience)
    {
        var old = Current;
        var successor = RoleProcess.Start(start(), events);
        if (!await ready(successor.Pid))
        {
            successor.Kill();
            await successor.Exited;
            return false;
        }

        Volatile.Write(ref current, successor);
        spare?.Renew();
        if (old is not null)
        {
            await old.StopAsync(patience, time);
        }

        return true;
    }

    // The process that ended while it was the current one; null when stopped.
    async Task<RoleProcess?> LiveAsync(CancellationToken stop)
    {
        while (true)
        {
            var process = Current!;
            try
            {
                await process.Exited.WaitAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            if (ReferenceEquals(process, Current))
            {
                return process;
            }
        }
    }

    async Task PauseAsync(TimeSpan span, CancellationToken stop)
    {
        try
        {
            await Task.Delay(span, time, stop);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
