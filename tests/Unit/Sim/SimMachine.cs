using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Decide;
using Mainstay.Schedule.Rehearse;

namespace Mainstay.Tests.Sim;

/// <summary>A machine: its processes, which outlive its agent, what its agent keeps on disk, and whether it has power and network.</summary>
public sealed class SimMachine(SimContext sim, string name, SkewedTime clock) : VirtualMachine(sim, name, clock)
{
    static readonly TimeSpan[] Quick = [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(900)];

    readonly SimContext sim = sim;

    /// <summary>The machine's own clock, whose time of day need not be the others'.</summary>
    public SkewedTime Clock { get; } = clock;

    public bool IsConnected { get; set; } = true;

    public SimAgent? Agent { get; set; }

    /// <summary>On disk: what the server last wanted, with the agent's own statuses.</summary>
    public Dictionary<string, Instance> Wanted { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Build> Builds { get; } = new(StringComparer.Ordinal);

    /// <summary>On disk: for how long the agent owns what another host could take over.</summary>
    public LeaseTerm? Lease { get; set; }

    /// <summary>Which boot this is.</summary>
    public string Boot { get; private set; } = "1";

    /// <summary>The power goes: everything on it is gone but the disk.</summary>
    public void PowerOff()
    {
        Boot += "1";
        Agent?.Kill();
        foreach (var process in Processes.Values.ToArray())
        {
            End(process, null);
        }
    }

    protected override TimeSpan Ending() => sim.Between(20, 800);

    protected override void See(Proc proc) => Agent?.See(proc);

    protected override void Say(string what) => sim.Log($"{Name} {what}");

    // How software behaves is in its version: 1.x serves, 2.x ends soon after its start, 3.x never gets healthy.
    protected override void Live(VirtualProcess process)
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
}
