using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Roles;

/// <summary>One running role: a process of this binary in a session of its own, so that Ctrl-C reaches the supervisor alone.</summary>
sealed class RoleProcess
{
    readonly TaskCompletionSource<int?> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly int pidfd;

    RoleProcess(int pid, int pidfd, EventThread events)
    {
        Pid = pid;
        this.pidfd = pidfd;
        if (pidfd < 0)
        {
            exited.SetResult(Posix.Reap(pid));
            return;
        }

        events.Add(pidfd, once: true, () => exited.TrySetResult(Posix.Reap(pid)));
    }

    public int Pid { get; }

    /// <summary>The exit code, 128 + signal where a signal ended it, null where unknown.</summary>
    public Task<int?> Exited => exited.Task;

    /// <summary>Starts a role. Throws <see cref="IOException"/> where the system refuses.</summary>
    public static RoleProcess Start(RoleStart start, EventThread events)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(start.Log)!);
        var binary = start.Program ?? Environment.ProcessPath ?? throw new InvalidOperationException("the path of this binary is unknown");
        var (pid, error) = PosixSpawn.Start(new SpawnRequest([binary, .. start.Arguments], start.Environment, "/", start.Log, start.Log));
        return error == 0
            ? new RoleProcess(pid, Posix.PidfdOpen(pid), events)
            : throw new IOException($"{binary} cannot be started: {Posix.Describe(error)}");
    }

    /// <summary>A process that runs already; its exit code will not be known where it is not ours.</summary>
    public static RoleProcess Adopt(int pid, EventThread events) => new(pid, Posix.PidfdOpen(pid), events);

    public void Terminate() => Signal(Posix.SigTerm);

    public void Kill() => Signal(Posix.SigKill);

    /// <summary>Asks it to end and waits; ends it by force when it takes longer than <paramref name="patience"/>.</summary>
    public async Task StopAsync(TimeSpan patience, TimeProvider time)
    {
        Terminate();
        try
        {
            await Exited.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            Kill();
            await Exited;
        }
    }

    void Signal(int signal)
    {
        if (!Exited.IsCompleted && pidfd >= 0)
        {
            _ = Posix.PidfdSendSignal(pidfd, signal);
        }
    }
}

/// <summary>How a role is started.</summary>
/// <param name="Arguments">After the binary's path.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="Log">File that its output is appended to.</param>
sealed record RoleStart(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Log)
{
    /// <summary>Absolute path of another program than this binary.</summary>
    public string? Program { get; init; }
}
