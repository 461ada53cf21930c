using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Time;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Rehearse;

namespace Mainstay.Host.Rehearse;

/// <summary>A host in a rehearsal.</summary>
sealed class RehearsedMachine(VirtualRun run, string name, StartTimes times, TaskTimes tasks, Func<Instance, bool> isBroken, Action<Proc> seen) : VirtualMachine(run, name, run.Clock)
{
    // From its start until software that does not work ends by itself.
    static readonly TimeSpan EndsAfter = TimeSpan.FromSeconds(1);

    readonly VirtualRun run = run;

    /// <summary>Whether it has no power.</summary>
    public bool IsDown { get; private set; }

    /// <summary>Takes over what runs there now, as its agent last reported.</summary>
    public Proc? Adopt(Instance instance)
    {
        var status = instance.Status;
        if (status.State is not (InstanceState.Starting or InstanceState.Ready or InstanceState.Unhealthy or InstanceState.Stopping))
        {
            return null;
        }

        var process = new VirtualProcess { Instance = instance, Epoch = status.Epoch, Pid = Math.Max(1, status.Pid) };
        Processes[instance.Name] = process;
        var since = status.StartedAt ?? run.Now;
        var proc = Records[instance.Name] = new()
        {
            Name = instance.Name, Epoch = status.Epoch, Phase = ProcPhase.Running, Pid = process.Pid, Endpoint = status.Endpoint, StartedAt = since, WatchedAt = since,
            Health = status.State == InstanceState.Ready ? HealthState.Healthy : HealthState.Unknown, HealthAt = status.ReadyAt,
        };
        if (instance.Template.Once is not null)
        {
            var (took, exitCode) = tasks.Of(instance.Service);
            run.After(TaskTimes.Left(since + took - run.Now), () => End(process, exitCode));
        }
        else if (status.State == InstanceState.Starting)
        {
            var left = since + times.OfStart(instance.Service) - run.Now;
            Live(process, left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }

        return proc;
    }

    /// <summary>Its power goes: nothing runs there, and nobody says so.</summary>
    public void PowerOff()
    {
        IsDown = true;
        Processes.Clear();
    }

    protected override void Live(VirtualProcess process) => Live(process, times.OfStart(process.Instance.Service));

    protected override TimeSpan Ending() => StartTimes.Ending;

    protected override void See(Proc proc)
    {
        if (!IsDown)
        {
            seen(proc);
        }
    }

    void Live(VirtualProcess process, TimeSpan start)
    {
        if (process.Instance.Template.Once is not null)
        {
            // A task is not asked how it does: it runs, or it has ended.
            Heal(process);
            var (took, exitCode) = isBroken(process.Instance) ? (EndsAfter, 1) : tasks.Of(process.Instance.Service);
            run.After(took, () => End(process, exitCode));
        }
        else if (isBroken(process.Instance))
        {
            run.After(EndsAfter, () => End(process, 1));
        }
        else
        {
            run.After(start, () => Heal(process));
        }
    }
}
