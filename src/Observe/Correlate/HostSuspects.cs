namespace Mainstay.Observe.Correlate;

/// <summary>What in the machines below a service can be the cause. Pure.</summary>
static class HostSuspects
{
    public static void Add(Picture seen, Blame blame, Suspects suspects)
    {
        foreach (var host in blame.Node.Instances.GroupBy(i => i.Host, StringComparer.Ordinal).OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            var weight = blame.Weight * host.Count() / blame.Node.Instances.Count;
            Processor(seen, blame, host.Key, weight, suspects);
            Rest(seen, blame, host.Key, weight, suspects);
        }
    }

    static void Processor(Picture seen, Blame blame, string host, double weight, Suspects suspects)
    {
        var subject = Subjects.Host(host);
        var cpu = seen.Of(subject, Figure.Busy);
        var processors = seen.Of(subject, Figure.Processors) is { IsKnown: true, Now: var count } ? count : 1;
        var burner = Burner(seen, host);
        var isBurnt = cpu is { IsKnown: true, Now: >= Thresholds.CpuBusy } && burner is { } grown && grown.Cpu.Added >= Thresholds.Burns * processors;
        if (isBurnt || cpu.Reached(Thresholds.CpuBusy, Thresholds.CpuRise))
        {
            suspects.Add(
                CauseKind.Cpu, subject, weight, 0.65 + (0.3 * Math.Clamp((cpu.Now - Thresholds.CpuBusy) / (1 - Thresholds.CpuBusy), 0, 1)),
                [Evidence.Of($"{host} processors busy", cpu), Taker(host, burner, cpu.Added * processors), .. blame.Why]);
        }

        var steal = seen.Of(subject, Figure.Steal);
        if (steal.Reached(Thresholds.Taken))
        {
            suspects.Add(CauseKind.CpuSteal, subject, weight, Math.Min(0.95, 0.7 + steal.Now), [Evidence.Of($"{host} processor time taken by the machine below", steal), .. blame.Why]);
        }

        var throttled = seen.Of(subject, Figure.Throttled);
        if (throttled.Reached(Thresholds.Taken))
        {
            suspects.Add(CauseKind.CpuThrottled, subject, weight, 0.8, [Evidence.Of($"{host} held back by a limit", throttled), .. blame.Why]);
        }
    }

    // The instance whose use of processors grew the most; null where none did.
    static (string Name, Deviation Cpu)? Burner(Picture seen, string host)
    {
        var grown = seen.Nodes.Values.SelectMany(n => n.Instances).Where(i => i.Host == host)
            .Select(i => (i.Name, Cpu: seen.Of(Subjects.Instance(i.Name), Figure.Cpu)))
            .Where(i => i.Cpu.HasBaseline && i.Cpu.Rose)
            .OrderByDescending(i => i.Cpu.Added).ThenBy(i => i.Name, StringComparer.Ordinal)
            .ToList();
        return grown.Count > 0 ? grown[0] : null;
    }

    // Who takes what is added: an instance, or nobody that we run.
    static Evidence Taker(string host, (string Name, Deviation Cpu)? burner, double added) => burner is { } one && one.Cpu.Added >= added / 2
        ? Evidence.Of($"{one.Name} processors in use, the most of what is added", one.Cpu)
        : new($"no instance of Mainstay's on {host} uses much more than usual: something else on the machine does");

    static void Rest(Picture seen, Blame blame, string host, double weight, Suspects suspects)
    {
        var subject = Subjects.Host(host);
        var (disk, wait) = (seen.Of(subject, Figure.DiskBusy), seen.Of(subject, Figure.IoWait));
        if (disk.Reached(Thresholds.DiskBusy, 0.2) || wait.Reached(Thresholds.IoWait))
        {
            suspects.Add(CauseKind.Disk, subject, weight, 0.75, [.. Known($"{host} disk busy", disk), .. Known($"{host} waiting for disks", wait), .. blame.Why]);
        }

        var memory = seen.Of(subject, Figure.MemoryPressure);
        if (memory.Reached(Thresholds.MemoryPressure))
        {
            suspects.Add(CauseKind.Memory, subject, weight, 0.8, [Evidence.Of($"{host} waiting for memory", memory), .. blame.Why]);
        }

        var network = seen.Of(subject, Figure.NetworkErrors);
        if (network.Reached(Thresholds.NetworkErrors))
        {
            suspects.Add(CauseKind.Network, subject, weight, 0.65, [Evidence.Of($"{host} packets lost or broken", network), .. blame.Why]);
        }
    }

    static IEnumerable<Evidence> Known(string what, Deviation figure) => figure.IsKnown ? [Evidence.Of(what, figure)] : [];
}
