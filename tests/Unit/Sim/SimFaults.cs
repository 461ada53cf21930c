using Mainstay.Core.Store;

namespace Mainstay.Tests.Sim;

/// <summary>What goes wrong in a run, drawn from its dice.</summary>
sealed class SimFaults(SimContext sim, FaultyStore store, MemoryStore memory, SimServer server, SimGateway gateway, IReadOnlyList<SimMachine> machines, SimLaws laws)
{
    int agentPids = 1000;
    bool over;

    public void StartAgent(SimMachine machine) => _ = machine.Agent ?? new SimAgent(sim, machine, server, ++agentPids);

    /// <summary>One fault, which mends by itself after a while.</summary>
    public void Next()
    {
        var machine = sim.Any(machines);
        switch (sim.Random.Next(12))
        {
            case 0 or 1 or 2 when machine.Processes.Count > 0:
                var process = sim.Any(machine.Processes.Values.ToArray());
                sim.Log($"FAULT {process.Instance.Name} is killed");
                machine.End(process, 137);
                break;
            case 3:
                For("agent of " + machine.Name, sim.Between(200, 9000), () => machine.Agent?.Kill(), () => StartAgent(machine));
                break;
            case 4:
                For("power of " + machine.Name, sim.Between(2000, 15000), machine.PowerOff, () => StartAgent(machine));
                break;
            case 5:
                For("network of " + machine.Name, sim.Between(500, 12000), () => machine.IsConnected = false, () => machine.IsConnected = true);
                break;
            case 6:
                For("server", sim.Between(100, 7000), server.Kill, () =>
                {
                    if (server.Life is null)
                    {
                        server.Start();
                    }
                });
                break;
            case 7:
                For("store", sim.Between(100, 3000), () => store.IsAway = true, () => store.IsAway = false);
                break;
            case 8:
                For("watches, held", sim.Between(100, 3000), store.Hold, store.Release);
                break;
            case 9:
                sim.Log("FAULT history is compacted and watches break");
                _ = memory.CompactAsync(memory.Revision).AsTask();
                store.BreakWatches();
                break;
            case 10:
                sim.Log("FAULT commits whose outcome is unknown");
                store.FailCommits = sim.Random.Next(1, 4);
                store.FailAfterwards = sim.Chance(0.5);
                break;
            default:
                For("gateway", sim.Between(200, 6000), gateway.Kill, gateway.Restart);
                break;
        }
    }

    /// <summary>A partition that lasts until another host takes over what can move, or nearly so; of dice of its own.</summary>
    public void Part(Random dice)
    {
        if (machines.Count < 2 || dice.NextDouble() < 0.5)
        {
            return;
        }

        var machine = machines[dice.Next(machines.Count)];
        var span = TimeSpan.FromMilliseconds(dice.Next(20_000, 45_000));
        var begins = TimeSpan.FromMilliseconds(dice.Next(1_000, 14_000));
        var storm = dice.NextDouble() < 0.5;
        sim.After(begins, () =>
        {
            For("network of " + machine.Name, span, () => machine.IsConnected = false, () => machine.IsConnected = true);
            if (storm)
            {
                Storm(machine, dice, sim.Now + span);
            }
        });
    }

    /// <summary>Its agent dies and comes back again and again, each time before it could have known how long nobody has answered.</summary>
    void Storm(SimMachine machine, Random dice, DateTimeOffset until)
    {
        if (over || sim.Now >= until)
        {
            return;
        }

        sim.Log($"FAULT agent of {machine.Name} is restarted");
        machine.Agent?.Kill();
        sim.After(TimeSpan.FromMilliseconds(dice.Next(50, 500)), () =>
        {
            if (!over)
            {
                StartAgent(machine);
            }
        });
        sim.After(TimeSpan.FromMilliseconds(dice.Next(700, 3_000)), () => Storm(machine, dice, until));
    }

    /// <summary>No more faults, and nothing stays broken.</summary>
    public void Mend()
    {
        over = true;
        sim.Log("the faults stop");
        (store.IsAway, store.FailCommits) = (false, 0);
        store.Release();
        gateway.Restart();
        foreach (var machine in machines)
        {
            machine.IsConnected = true;
            StartAgent(machine);
        }

        if (server.Life is null)
        {
            server.Start();
        }
    }

    void For(string what, TimeSpan span, Action breaks, Action mends)
    {
        sim.Log($"FAULT {what} away for {span.TotalSeconds:0.0} s");
        breaks();
        if (what is "server" or "store" or "watches, held")
        {
            laws.Hindered = Max(laws.Hindered, sim.Now + span + TimeSpan.FromSeconds(2));
        }

        sim.After(span, () =>
        {
            if (!over)
            {
                mends();
            }
        });
    }

    static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
