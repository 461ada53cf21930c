namespace Mainstay.Schedule.Drivers;

/// <summary>Runs a program to its end, as builds and checking commands are. Nothing that it started outlives it.</summary>
static class OneShot
{
    /// <summary>The exit code as shells count it; null with <c>Why</c> where it could not be started, took too long or was cancelled.</summary>
    public static async Task<(int? ExitCode, string Why)> RunAsync(
        SpawnRequest request, EventThread events, TimeSpan timeout, TimeProvider time, CancellationToken stop)
    {
        var (pid, error) = PosixSpawn.Start(request);
        if (pid == 0)
        {
            return (null, $"cannot run {request.Argv[0]} in {request.Folder}: {Posix.Describe(error)}");
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var pidfd = Posix.PidfdOpen(pid);
        var key = events.Add(pidfd, once: true, ended.SetResult);
        var why = "";
        try
        {
            await ended.Task.WaitAsync(timeout, time, stop);
        }
        catch (TimeoutException)
        {
            why = $"took longer than {Core.Kinds.Durations.Format(timeout)}";
        }
        catch (OperationCanceledException)
        {
            why = "cancelled";
        }

        // The leader is not reaped yet, so the group's number is still its own.
        _ = Posix.kill(-pid, Posix.SigKill);
        await ended.Task;
        events.Remove(key);
        _ = Posix.close(pidfd);
        var startTicks = ProcessTable.StartTicks(pid) ?? 0;
        var code = Posix.Reap(pid);
        if (request.Environment.TryGetValue(Tags.Instance, out var part) && part.StartsWith(Tags.BuildPrefix, StringComparison.Ordinal))
        {
            foreach (var stray in ProcessTable.Members(request.Environment[Tags.Agent], part, pid, startTicks))
            {
                ProcessTable.Kill(stray);
            }
        }

        return why.Length > 0 ? (null, why) : (code, "");
    }
}
