using System.Globalization;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Drivers;

/// <summary>The process of one instance from its start, or adoption, to its end. All of its state is behind one lock.</summary>
sealed class SupervisedProcess(string instance, SupervisedProcess.Surroundings world) : IDisposable
{
    readonly Lock gate = new();
    ProcessRecord? record;
    int pidfd = -1;
    long watch;
    ITimer? killTimer;
    bool killing;
    bool disposed;

    /// <summary>Takes up what an earlier run of us left. What it had asked to end has the rest of its grace, and is not asked again.</summary>
    public ProcessRecord Recover(ProcessRecord saved)
    {
        lock (gate)
        {
            record = saved;
            if (saved.Phase == ProcPhase.Running)
            {
                Save();
                Watch();
                if (record is { Phase: ProcPhase.Running, KillAt: { } due })
                {
                    KillIn(due - world.Clock());
                }
            }

            return record;
        }
    }

    public ProcessRecord Start(ProcessStart start)
    {
        lock (gate)
        {
            if (disposed || (record is not null && (record.Epoch >= start.Epoch || record.Phase is ProcPhase.Running)))
            {
                return record ?? Failed(start, 0, "the agent is stopping");
            }

            killing = false;
            record = Launch(start);
            if (record.Phase == ProcPhase.Running)
            {
                Watch();
            }

            world.OnChange(record);
            return record;
        }
    }

    public void Stop(int epoch, TimeSpan grace)
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            var now = world.Time.GetUtcNow();
            if (record is not { Phase: ProcPhase.Running })
            {
                Bury(epoch, now);
                return;
            }

            if (record.Epoch != epoch)
            {
                return;
            }

            if (record.KillAt is null && grace > TimeSpan.Zero && record.IsAlive())
            {
                _ = Posix.kill(-record.Pid, Posix.SigTerm);
            }

            var due = world.Clock() + grace;
            if (record.KillAt is null || due < record.KillAt)
            {
                // Kept at once: whoever comes after us goes on with it.
                record = record with { KillAt = due };
                Save();
                KillIn(grace);
            }
        }
    }

    /// <summary>False where the process still runs.</summary>
    public bool Forget()
    {
        lock (gate)
        {
            if (record is null || record.Phase == ProcPhase.Running)
            {
                return record is null;
            }

            world.Records.Delete(instance);
            world.Ports.Release(instance, record.Port);
            record = null;
            return true;
        }
    }

    /// <summary>Stops watching; the process runs on.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            killTimer?.Dispose();
            Unwatch();
        }
    }

    // An epoch that was stopped before it was started never starts: whoever waits for its end is told.
    void Bury(int epoch, DateTimeOffset now)
    {
        if (record is null || record.Epoch < epoch)
        {
            record = new ProcessRecord { Instance = instance, Epoch = epoch, Phase = ProcPhase.Ended, Port = record?.Port ?? 0, EndedAt = now };
            Save();
        }

        world.OnChange(record);
    }

    // 1. Check, 2. write the intent, 3. spawn, 4. write the pid.
    ProcessRecord Launch(ProcessStart start)
    {
        var port = world.Ports.Pick(instance, record?.Port ?? 0);
        if (port is not { } free)
        {
            return Failed(start, 0, $"no port from {PortPicker.First} to {PortPicker.Last} is free; stop what holds them");
        }

        if (!Directory.Exists(start.Folder))
        {
            return Failed(start, free, $"the working folder {start.Folder} does not exist; create it or correct 'folder'");
        }

        var intent = new ProcessRecord
        {
            Instance = instance,
            Epoch = start.Epoch,
            Phase = ProcPhase.Starting,
            Port = free,
            StartedAt = world.Time.GetUtcNow(),
        };
        try
        {
            world.Records.Save(intent);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Failed(start, free, $"cannot write to {world.Folder.Agent}: {fault.Message}; free space or correct its permissions");
        }

        var environment = start.Environment(free);
        environment[Tags.Agent] = world.Folder.AgentId;
        environment[Tags.Instance] = instance;
        environment[Tags.Epoch] = start.Epoch.ToString(CultureInfo.InvariantCulture);
        var (pid, error) = PosixSpawn.Start(new(Limited(start), environment, start.Folder, start.Output, start.Error));
        if (pid == 0)
        {
            return Failed(start, free, $"cannot run {ShellCommand.Shell} in {start.Folder} with its output to {start.Output}: {Posix.Describe(error)}; check that all three can be used");
        }

        record = intent with { Phase = ProcPhase.Running, Pid = pid, StartTicks = ProcessTable.StartTicks(pid) ?? 0, BootId = ProcessTable.BootId };
        Save();
        return record;
    }

    // The shell enters the group and then becomes the program, so that nothing of it is ever outside.
    IReadOnlyList<string> Limited(ProcessStart start)
    {
        var words = ShellCommand.Argv(start.Command);
        try
        {
            var entering = world.Groups?.Enter(instance, start.Epoch, start.Resources) ?? "";
            return entering.Length == 0 ? words : [.. words.SkipLast(1), entering + words[^1]];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            world.OnFault($"limits of {instance}", fault);
            return words;
        }
    }

    ProcessRecord Failed(ProcessStart start, int port, string message)
    {
        record = new ProcessRecord
        {
            Instance = instance,
            Epoch = start.Epoch,
            Phase = ProcPhase.Failed,
            Port = port,
            EndedAt = world.Time.GetUtcNow(),
            Message = message,
        };
        Save();
        return record;
    }

    void Watch()
    {
        pidfd = Posix.PidfdOpen(record!.Pid);

        // The number may have passed to another process before the descriptor was opened; afterwards it cannot matter.
        if (pidfd < 0 || (ProcessTable.StartTicks(record.Pid) is { } ticks && ticks != record.StartTicks) || record.BootId != ProcessTable.BootId)
        {
            Unwatch();
            LeaderEnded();
            return;
        }

        // Off the event thread: what follows an end reads the whole process table.
        watch = world.Events.Add(pidfd, once: true, () => ThreadPool.QueueUserWorkItem(_ => LeaderEnded()));
    }

    void Unwatch()
    {
        if (pidfd >= 0)
        {
            world.Events.Remove(watch);
            _ = Posix.close(pidfd);
            pidfd = -1;
        }
    }

    void LeaderEnded()
    {
        lock (gate)
        {
            if (disposed || record is not { Phase: ProcPhase.Running })
            {
                return;
            }

            // An adopted process is not our child: whoever reaps it may be faster, and then nobody knows.
            var status = ProcessTable.WaitStatusOfEnded(record.Pid, record.StartTicks);
            Unwatch();
            record = record with { ExitCode = Posix.Reap(record.Pid) ?? (status is { } known ? Posix.ExitCode(known) : null) };
            Linger();
        }
    }

    // The leader is gone. In a stop the others have the rest of the grace, otherwise none; the instance has ended when they all have.
    void Linger()
    {
        while (true)
        {
            var members = Members();
            if (members.Count == 0)
            {
                Finish();
                return;
            }

            if (record!.KillAt is null || killing)
            {
                foreach (var member in members)
                {
                    ProcessTable.Kill(member);
                }
            }

            pidfd = Posix.PidfdOpen(members[0].Pid);
            if (pidfd >= 0)
            {
                watch = world.Events.Add(pidfd, once: true, () => ThreadPool.QueueUserWorkItem(_ => MemberEnded()));
                return;
            }
        }
    }

    void MemberEnded()
    {
        lock (gate)
        {
            if (!disposed && record is { Phase: ProcPhase.Running })
            {
                Unwatch();
                Linger();
            }
        }
    }

    void KillIn(TimeSpan rest)
    {
        var epoch = record!.Epoch;
        killTimer?.Dispose();
        killTimer = rest > TimeSpan.Zero ? world.Time.CreateTimer(_ => Kill(epoch), null, rest, Timeout.InfiniteTimeSpan) : null;
        if (rest <= TimeSpan.Zero)
        {
            Kill(epoch);
        }
    }

    void Kill(int epoch)
    {
        lock (gate)
        {
            if (disposed || record is not { Phase: ProcPhase.Running } || record.Epoch != epoch)
            {
                return;
            }

            killing = true;
            if (record.IsAlive())
            {
                _ = Posix.kill(-record.Pid, Posix.SigKill);
            }

            foreach (var member in Members())
            {
                ProcessTable.Kill(member);
            }
        }
    }

    // A number is not given to anybody else while a session has it: once it is, nothing of that session is left.
    IReadOnlyList<ProcessStat> Members()
    {
        var isOurs = record!.BootId == ProcessTable.BootId && (ProcessTable.StartTicks(record.Pid) ?? record.StartTicks) == record.StartTicks;
        return ProcessTable.Members(world.Folder.AgentId, instance, isOurs ? record.Pid : 0, record.StartTicks);
    }

    void Finish()
    {
        killTimer?.Dispose();
        killTimer = null;
        record = record! with { Phase = ProcPhase.Ended, EndedAt = world.Time.GetUtcNow(), KillAt = null };
        if (world.Groups is { } groups)
        {
            var ranOut = record.ExitCode != 0 && groups.RanOut(instance, record.Epoch);
            record = ranOut ? record with { OutOfMemory = true, Message = "ended by the kernel: it needs more memory than its limit" } : record;
            groups.Leave(instance, record.Epoch);
        }

        Save();
        world.OnChange(record);
    }

    // Best effort: the intent is on disk, and with it recovery finds the process by its tags.
    void Save()
    {
        try
        {
            world.Records.Save(record!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            world.OnFault($"record of {instance}", fault);
        }
    }

    /// <summary>What all processes of a runtime share.</summary>
    internal sealed record Surroundings(
        DataFolder Folder,
        ProcessRecords Records,
        PortPicker Ports,
        EventThread Events,
        TimeProvider Time,
        Func<TimeSpan> Clock,
        Action<ProcessRecord> OnChange,
        Action<string, Exception> OnFault,
        ControlGroups? Groups);
}
