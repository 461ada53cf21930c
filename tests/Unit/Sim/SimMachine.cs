using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;

namespace Mainstay.Tests.Sim;

/// <summary>A process on a simulated machine.</summary>
public sealed class SimProcess
{
    public required Instance Instance { get; init; }

    public required int Epoch { get; init; }

    public required int Pid { get; init; }
}

/// <summary>A machine: its processes, which outlive its agent, what its agent keeps on disk, and whether it has power and network.</summary>
public sealed class SimMachine(SimContext sim, string name, SkewedTime clock)
{
    static readonly TimeSpan[] Quick = [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(900)];
    int pids = 100;

    public string Name => name;

    /// <summary>The machine's own clock, whose time of day need not be the others'.</summary>
    public SkewedTime Clock => clock;

    public bool IsConnected { get; set; } = true;

    public SimAgent? Agent { get; set; }

    public Dictionary<string, SimProcess> Processes { get; } = new(StringComparer.Ordinal);

    /// <summary>On disk: what the server last wanted, with the agent's own statuses.</summary>
    public Dictionary<string, Instance> Wanted { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Build> Builds { get; } = new(StringComparer.Ordinal);

    /// <summary>On disk: what was last seen of each process.</summary>
    public Dictionary<string, Proc> Records { get; } = new(StringComparer.Ordinal);

    public void Launch(Instance instance, int epoch)
    {
        if (Records.TryGetValue(instance.Name, out var known) && known.Epoch >= epoch)
        {
            return;
        }

        sim.Log($"{name} launches {instance.Name}, epoch {epoch}");
        var process = new SimProcess { Instance = instance, Epoch = epoch, Pid = ++pids };
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
    public void End(SimProcess process, int? exitCode)
    {
        if (Processes.GetValueOrDefault(process.Instance.Name) == process)
        {
            sim.Log($"{name}: {process.Instance.Name} ends, {exitCode}");
            Processes.Remove(process.Instance.Name);
            Record(Records[process.Instance.Name] with { Phase = ProcPhase.Ended, Pid = 0, EndedAt = clock.GetUtcNow(), ExitCode = exitCode });
        }
    }

    public void Stop(string instance, int epoch)
    {
        if (Processes.GetValueOrDefault(instance) is { } process && process.Epoch <= epoch)
        {
            sim.After(sim.Between(20, 800), () => End(process, 143));
        }
        else if (!Records.TryGetValue(instance, out var known) || known.Epoch < epoch || known.Phase != ProcPhase.Running)
        {
            Record(new Proc { Name = instance, Epoch = Math.Max(epoch, known?.Epoch ?? 0), Phase = ProcPhase.Ended, EndedAt = clock.GetUtcNow() });
        }
    }

    public void Forget(string instance) => Records.Remove(instance);

    /// <summary>The power goes: everything on it is gone but the disk.</summary>
    public void PowerOff()
    {
        Agent?.Kill();
        foreach (var process in Processes.Values.ToArray())
        {
            End(process, null);
        }
    }

    // How software behaves is in its version: 1.x serves, 2.x ends soon after its start, 3.x never gets healthy.
    void Live(SimProcess process)
    {
        switch (process.Instance.Template.Version[0])
        {
            case '2':
                sim.After(sim.Between(50, 600), () => End(process, 1));
                break;
            case '3':
                break;
            default:
                var slow = sim.Chance(0.15);
                sim.After(slow ? sim.Between(3000, 6000) : sim.Between((int)Quick[0].TotalMilliseconds, (int)Quick[1].TotalMilliseconds), () => Heal(process));
                break;
        }
    }

    void Heal(SimProcess process)
    {
        if (Processes.GetValueOrDefault(process.Instance.Name) == process)
        {
            Record(Records[process.Instance.Name] with { Health = HealthState.Healthy, HealthAt = clock.GetUtcNow() });
        }
    }

    void Record(Proc proc)
    {
        Records[proc.Name] = proc;
        Agent?.See(proc);
    }
}
