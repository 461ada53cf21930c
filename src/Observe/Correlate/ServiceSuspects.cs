namespace Mainstay.Observe.Correlate;

/// <summary>What in a service itself can be the cause: its runtime, its locks and pools, one of its instances, its traffic. Pure.</summary>
static class ServiceSuspects
{
    public static void Add(Picture seen, Blame blame, Suspects suspects)
    {
        var service = blame.Node;
        Down(seen, blame, suspects);
        foreach (var instance in service.Instances)
        {
            Runtime(seen, blame, instance, suspects);
        }

        Pending(seen, blame, suspects);
        OneInstance(seen, blame, suspects);
        Surge(seen, blame, suspects);
    }

    /// <summary>How well collections explain it, by the share of time that they take.</summary>
    public static double GcScore(Deviation gc) => Math.Min(0.95, 0.65 + (gc.Now * 1.5));

    static void Down(Picture seen, Blame blame, Suspects suspects)
    {
        var (service, subject) = (blame.Node, Subjects.Service(blame.Node.Id));
        if (service is not { Wanted: > 0, Ready: 0 })
        {
            return;
        }

        var restarts = service.Instances.Select(i => seen.Of(Subjects.Instance(i.Name), Figure.Restarts)).Where(r => r.Rose).ToList();
        suspects.Add(
            CauseKind.ServiceDown, subject, blame.Weight, 0.9,
            [new Evidence($"none of {service.Wanted} wanted instances of {service.Id} is ready"), .. restarts.Select(r => Evidence.Of($"restarts of {service.Id}", r)), .. blame.Why]);
    }

    static void Runtime(Picture seen, Blame blame, SeenInstance instance, Suspects suspects)
    {
        var subject = Subjects.Instance(instance.Name);
        var target = blame.Node.Instances.Count > 1 ? subject : Subjects.Service(blame.Node.Id);
        var weight = blame.Weight / blame.Node.Instances.Count;
        var gc = seen.Of(subject, Figure.GcPaused);
        if (gc.Reached(Thresholds.GcPaused))
        {
            suspects.Add(CauseKind.Gc, Subjects.Service(blame.Node.Id), weight, GcScore(gc), [Evidence.Of($"{instance.Name} stands still for collections", gc), .. blame.Why]);
        }

        var queue = seen.Of(subject, Figure.PoolQueue);
        if (queue.Reached(Thresholds.PoolQueue))
        {
            suspects.Add(CauseKind.ThreadPool, Subjects.Service(blame.Node.Id), weight, gc.Reached(Thresholds.GcPaused) ? 0.5 : 0.85, [Evidence.Of($"{instance.Name} work that waits for a thread", queue), .. blame.Why]);
        }

        var contentions = seen.Of(subject, Figure.Contentions);
        if (contentions.Reached(Thresholds.Contentions, contentions.Before * 2))
        {
            suspects.Add(CauseKind.Lock, Subjects.Service(blame.Node.Id), weight, 0.7, [Evidence.Of($"{instance.Name} locks waited for", contentions), .. blame.Why]);
        }

        var throttled = seen.Of(subject, Figure.Throttled);
        if (throttled.Reached(Thresholds.Taken))
        {
            suspects.Add(CauseKind.CpuThrottled, target, weight, 0.85, [Evidence.Of($"{instance.Name} held back by its limit", throttled), .. blame.Why]);
        }
    }

    static void Pending(Picture seen, Blame blame, Suspects suspects)
    {
        var subject = Subjects.Service(blame.Node.Id);
        var pending = seen.Of(subject, Figure.PoolPending);
        if (pending.Reached(1))
        {
            suspects.Add(CauseKind.ConnectionPool, subject, blame.Weight, 0.85, [Evidence.Of($"{blame.Node.Id} callers that wait for a connection", pending), .. blame.Why]);
        }
    }

    static void OneInstance(Picture seen, Blame blame, Suspects suspects)
    {
        var all = blame.Node.Instances
            .Select(i => (Instance: i, Rate: seen.Of(Subjects.Instance(i.Name), Figure.Rate), Mean: seen.Of(Subjects.Instance(i.Name), Figure.MeanMs), Errors: seen.Of(Subjects.Instance(i.Name), Figure.ErrorRatio)))
            .Where(i => i.Rate is { IsKnown: true, Now: > 0 })
            .ToList();
        foreach (var instance in blame.Node.Instances)
        {
            var peers = all.Where(o => o.Instance != instance).ToList();
            if (peers.Count > 0 && OneInstance(seen, blame, instance, [.. peers.Select(p => p.Mean)], Median(peers.Select(p => p.Errors.Now))) is { } evidence)
            {
                // A release that goes instance by instance looks the same, and is told of as a change.
                var alone = peers.All(p => !p.Mean.Rose || p.Mean.Now < p.Mean.Before * 1.5) ? 0.9 : 0.6;
                suspects.Add(CauseKind.Instance, Subjects.Instance(instance.Name), blame.Weight, HostSuspects.Burns(seen, instance) ? alone * Thresholds.BurnsItself : alone, evidence);
            }
        }
    }

    // How it differs from its peers; null where it does not.
    static Evidence? OneInstance(Picture seen, Blame blame, SeenInstance instance, IReadOnlyList<Deviation> peers, double peersErrors)
    {
        var subject = Subjects.Instance(instance.Name);
        var (mean, errors, peersMean) = (seen.Of(subject, Figure.MeanMs), seen.Of(subject, Figure.ErrorRatio), Median(peers.Select(p => p.Now)));
        if (errors.IsKnown && errors.Now - peersErrors >= Thresholds.InstanceErrors)
        {
            return Evidence.Of($"{instance.Name} errors, its peers {Evidence.Shown(peersErrors, Figure.ErrorRatio)}", errors);
        }

        var isSlow = mean.IsKnown && mean.Now >= Thresholds.InstanceRatio * peersMean && mean.Now - peersMean >= Thresholds.SlowMs && (!mean.HasBaseline || mean.Rose);
        return isSlow ? Evidence.Of($"{instance.Name}, its peers {Evidence.Shown(peersMean, Figure.MeanMs)}", mean) : Outliers.Of(seen, blame.Node, instance)?.Evidence;
    }

    static void Surge(Picture seen, Blame blame, Suspects suspects)
    {
        var subject = Subjects.Service(blame.Node.Id);
        var rate = seen.Of(subject, Figure.Rate);
        if (rate.HasBaseline && rate.Reached(Thresholds.LeastRate * 4, rate.Before * (Thresholds.Surge - 1)))
        {
            suspects.Add(CauseKind.Surge, subject, blame.Weight, 0.8, [Evidence.Of($"requests to {blame.Node.Id}", rate), .. blame.Why]);
        }
    }

    static double Median(IEnumerable<double> values)
    {
        var known = values.Where(double.IsFinite).Order().ToList();
        return known.Count == 0 ? 0 : known[(known.Count - 1) / 2];
    }
}
