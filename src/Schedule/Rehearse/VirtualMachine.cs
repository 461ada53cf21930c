using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Time;
using Mainstay.Schedule.Decide;

namespace Mainstay.Schedule.Rehearse;

/// <summary>A process on a virtual machine.</summary>
public sealed class VirtualProcess
{
    public required Instance Instance { get; init; }

    public required int Epoch { get; init; }

    public required int Pid { get; init; }
}

/// <summary>A machine in virtual time: its processes, and what a driver would see of them. It keeps the contract of the driver's acts; how software behaves is said by who makes it.</summary>
/// <param name="run">Whose time it lives in.</param>
/// <param name="name">The host.</param>
/// <param name="clock">The machine's own clock, whose time of day need not be the others'.</param>
public abstract class VirtualMachine(VirtualRun run, string name, TimeProvider clock)
{
    int pids = 100;

    public string Name => name;

    /// <summary>What runs, by instance.</summary>
    public Dictionary<string, VirtualProcess> Processes { get; } = new(StringComparer.Ordinal);

    /// <summary>On disk: what was last seen of each process.</summary>
    public Dictionary<string, Proc> Records { get; } = new(StringComparer.Ordinal);

    /// <summary>See <see cref="StartProcess"/>.</summary>
    public void Launch(Instance instance, int epoch)
    {
        if (Records.TryGetValue(instance.Name, out var known) && known.Epoch >= epoch)
        {
            return;
        }

        Say($"launches {instance.Name}, epoch {epoch}");
        var process = new VirtualProcess { Instance = instance, Epoch = epoch, Pid = ++pids };
        Processes.Add(instance.Name, process);
        Record(new Proc
        {
            Name = instance.Name,
            Epoch = epoch,
            Phase = ProcPhase.Running,
            Pid = process.Pid,
            Endpoint = $"{name}:{20000 + pids}",
            StartedAt = clock.GetUtcNow(),
            WatchedAt = clock.GetUtcNow(),
        });
        Live(process);
    }

    /// <summary>Ends a process, whoever asked; its agent, if one lives, sees it.</summary>
    public void End(VirtualProcess process, int? exitCode)
    {
        if (Runs(process))
        {
            Say($"ends {process.Instance.Name}, {exitCode}");
            Processes.Remove(process.Instance.Name);
            Record(Records[process.Instance.Name] with { Phase = ProcPhase.Ended, Pid = 0, EndedAt = clock.GetUtcNow(), ExitCode = exitCode });
        }
    }

    /// <summary>See <see cref="StopProcess"/>.</summary>
    public void Stop(string instance, int epoch)
    {
        if (Processes.GetValueOrDefault(instance) is { } process && process.Epoch <= epoch)
        {
            run.After(Ending(), () => End(process, 143));
        }
        else if (!Records.TryGetValue(instance, out var known) || known.Epoch < epoch || known.Phase != ProcPhase.Running)
        {
            Record(new Proc { Name = instance, Epoch = Math.Max(epoch, known?.Epoch ?? 0), Phase = ProcPhase.Ended, EndedAt = clock.GetUtcNow() });
        }
    }

    /// <summary>See <see cref="ForgetProcess"/>.</summary>
    public void Forget(string instance) => Records.Remove(instance);

    /// <summary>The checks of a process find it healthy.</summary>
    protected void Heal(VirtualProcess process)
    {
        if (Runs(process))
        {
            Record(Records[process.Instance.Name] with { Health = HealthState.Healthy, HealthAt = clock.GetUtcNow() });
        }
    }

    /// <summary>Whether it is still there.</summary>
    protected bool Runs(VirtualProcess process) => Processes.GetValueOrDefault(process.Instance.Name) == process;

    /// <summary>What software does that was just started.</summary>
    protected abstract void Live(VirtualProcess process);

    /// <summary>How long a process takes to end that was asked to.</summary>
    protected abstract TimeSpan Ending();

    /// <summary>The agent sees what became of a process.</summary>
    protected abstract void See(Proc proc);

    /// <summary>For who keeps a log of everything.</summary>
    protected virtual void Say(string what)
    {
    }

    void Record(Proc proc)
    {
        Records[proc.Name] = proc;
        See(proc);
    }
}
