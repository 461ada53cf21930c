namespace Mainstay.Observe.Correlate;

/// <summary>What in the machines below a service can be the cause. Pure.</summary>
static class HostSuspects
{
    public static void Add(Picture seen, Blame blame, Suspects suspects)
    {
        foreach (var (host, weight) in Hosts(blame))
        {
            Processor(seen, blame, host, weight, suspects);
            Rest(seen, blame, host, weight, suspects);
        }
    }

    /// <summary>What holds for a store that waits for a processor, or whose caller does: everything there looks slow, and locks are held for longer.</summary>
    /// <returns>Whether it is so.</returns>
    public static bool AddStarved(Picture seen, Blame blame, SeenNode? caller, Suspects suspects)
    {
        var isStarved = false;
        foreach (var node in new[] { blame.Node, caller }.OfType<SeenNode>().Where(n => n.Instances.Count > 0))
        {
            var there = blame with { Node = node };
            foreach (var (host, weight) in Hosts(there))
            {
                if (!isStarved && Waits(seen, there, host).Explained >= Thresholds.CpuWaitsShare)
                {
                    Processor(seen, there, host, weight, suspects);
                    isStarved = true;
                }
            }
        }

        return isStarved;
    }

    static IEnumerable<(string Host, double Weight)> Hosts(Blame blame) =>
        blame.Node.Instances.GroupBy(i => i.Host, StringComparer.Ordinal).OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => (h.Key, blame.Weight * h.Count() / blame.Node.Instances.Count));

    static void Processor(Picture seen, Blame blame, string host, double weight, Suspects suspects)
    {
        var subject = Subjects.Host(host);
        var cpu = seen.Of(subject, Figure.Busy);
        var burner = Burner(seen, host);
        var isBurnt = burner is { } grown && Burns(seen, host, grown.Cpu);

        // Where none was idle before, none can be busier: then it shows in who waits.
        var (waits, explained) = Waits(seen, blame, host);
        var rises = cpu.Reached(Thresholds.CpuBusy, Thresholds.CpuRise);
        if (isBurnt || rises || explained >= Thresholds.CpuWaitsShare)
        {
            var full = Math.Clamp((cpu.Now - Thresholds.CpuBusy) / (1 - Thresholds.CpuBusy), 0, 1);
            suspects.Add(
                CauseKind.Cpu, subject, weight, 0.65 + (0.3 * (isBurnt || rises ? full : Math.Min(full, explained))),
                [Evidence.Of($"{host} processors busy", cpu), Taker(host, burner, cpu.Added * Processors(seen, host)), .. waits, .. blame.Why]);
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

    // By how much longer the node's threads wait for a processor, and which part that is of what its requests take longer.
    static (IReadOnlyList<Evidence> Waits, double Explained) Waits(Picture seen, Blame blame, string host)
    {
        if (seen.Of(Subjects.Host(host), Figure.Busy) is not { IsKnown: true, Now: >= Thresholds.CpuBusy })
        {
            return ([], 0);
        }

        var all = blame.Node.Instances.Where(i => i.Host == host).Select(i => (i.Name, Wait: seen.Of(Subjects.Instance(i.Name), Figure.CpuWait)))
            .Where(i => i.Wait.HasBaseline && i.Wait.Reached(Thresholds.CpuWaits, Thresholds.CpuWaits))
            .OrderByDescending(i => i.Wait.Added).ThenBy(i => i.Name, StringComparer.Ordinal)
            .ToList();
        var (rate, mean) = (seen.Of(Subjects.Service(blame.Node.Id), Figure.Rate), seen.Of(Subjects.Service(blame.Node.Id), Figure.MeanMs));
        var slower = rate.IsKnown && mean.HasBaseline ? Math.Max(0.05, rate.Now * mean.Added / 1000) : double.PositiveInfinity;
        return ([.. all.Take(2).Select(i => Evidence.Of($"{i.Name} threads wait for a processor, each second", i.Wait))], Math.Min(1, all.Sum(i => i.Wait.Added) / slower));
    }

    /// <summary>Names who burns the processors that are the likely cause, where it is one of several that do the same: as sure of it as of them, and a little less.</summary>
    public static void AddBurners(Picture seen, Suspects suspects)
    {
        foreach (var (subject, confidence) in suspects.Of(CauseKind.Cpu))
        {
            var host = subject["host/".Length..];
            if (Burner(seen, host) is { } one && Burns(seen, host, one.Cpu) && !suspects.Has(CauseKind.Instance, Subjects.Instance(one.Name)) && AloneOf(seen, one.Node, one.Name, one.Cpu) is { } others)
            {
                suspects.Add(
                    CauseKind.Instance, Subjects.Instance(one.Name), confidence, Thresholds.BurnsItself,
                    [Evidence.Of($"{one.Name} processors in use", one.Cpu), Evidence.Of($"{others.Name} processors in use", others.Cpu)]);
            }
        }
    }

    /// <summary>Whether an instance takes a good part of a busy host's processors that it did not take before.</summary>
    public static bool Burns(Picture seen, SeenInstance instance) =>
        seen.Of(Subjects.Instance(instance.Name), Figure.Cpu) is { HasBaseline: true, Rose: true } cpu && Burns(seen, instance.Host, cpu);

    static bool Burns(Picture seen, string host, Deviation cpu) =>
        seen.Of(Subjects.Host(host), Figure.Busy) is { IsKnown: true, Now: >= Thresholds.CpuBusy } && cpu.Added >= Thresholds.Burns * Processors(seen, host);

    static double Processors(Picture seen, string host) => seen.Of(Subjects.Host(host), Figure.Processors) is { IsKnown: true, Now: var count } ? count : 1;

    // The instance whose use of processors grew the most; null where none did.
    static (SeenNode Node, string Name, Deviation Cpu)? Burner(Picture seen, string host)
    {
        var grown = seen.Nodes.Values.SelectMany(n => n.Instances.Where(i => i.Host == host).Select(i => (Node: n, i.Name, Cpu: seen.Of(Subjects.Instance(i.Name), Figure.Cpu))))
            .Where(i => i.Cpu.HasBaseline && i.Cpu.Rose)
            .OrderByDescending(i => i.Cpu.Added).ThenBy(i => i.Name, StringComparer.Ordinal)
            .ToList();
        return grown.Count > 0 ? grown[0] : null;
    }

    // One of several that do the same, which takes far more than the others without being asked for it: by the one of them that took most more. Null where it is not so.
    static (string Name, Deviation Cpu)? AloneOf(Picture seen, SeenNode node, string name, Deviation cpu)
    {
        var peers = node.Instances.Where(i => i.Name != name).Select(i => (i.Name, Cpu: seen.Of(Subjects.Instance(i.Name), Figure.Cpu), Rate: seen.Of(Subjects.Instance(i.Name), Figure.Rate))).Where(p => p.Cpu.HasBaseline)
            .OrderByDescending(p => p.Cpu.Added).ThenBy(p => p.Name, StringComparer.Ordinal).ToList();
        if (peers.Count == 0 || peers[0].Cpu.Added >= cpu.Added * Thresholds.BurnsAlone)
        {
            return null;
        }

        // What its requests would take at a peer. Balancers move requests to and fro between instances, so that more of them than before say little.
        var rate = seen.Of(Subjects.Instance(name), Figure.Rate);
        var theirs = peers.Where(p => p.Rate is { IsKnown: true, Now: > 0 }).ToList();
        var isAsked = theirs.Count > 0
            ? rate.IsKnown && theirs.Sum(p => p.Cpu.Now) / theirs.Sum(p => p.Rate.Now) * rate.Now >= cpu.Now * Thresholds.BurnsAlone
            : rate.HasBaseline && rate.Now >= rate.Before * Thresholds.Surge;
        return isAsked ? null : (peers[0].Name, peers[0].Cpu);
    }

    // Who takes what is added: an instance, or nobody that we run.
    static Evidence Taker(string host, (SeenNode Node, string Name, Deviation Cpu)? burner, double added) => burner is { } one && one.Cpu.Added >= added / 2
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
