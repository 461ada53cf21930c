namespace Mainstay.Observe.Correlate;

/// <summary>An instance that is slower than its peers.</summary>
/// <param name="First">The first step of the run in which it is.</param>
/// <param name="Mean">Its mean over that run beside what is usual for it.</param>
/// <param name="PeersMs">The mean of its peers meanwhile.</param>
sealed record Outlier(SeenInstance Instance, long First, Deviation Mean, double PeersMs)
{
    public Evidence Evidence => Evidence.Of($"{Instance.Name}, its peers {Evidence.Shown(PeersMs, Figure.MeanMs)}", Mean);
}

/// <summary>
/// Finds instances that are slower than their peers, which have the same to do on the same machines at the same time: what they do not feel is the instance's own. A balancer that
/// goes by latency asks such an instance only now and then, so steps without a request say nothing, and a few requests have to be enough. Pure.
/// </summary>
static class Outliers
{
    /// <summary>The first instance of a service that is one; null where none is.</summary>
    public static Outlier? Of(Picture seen, SeenNode node) => node.Instances.Select(i => Of(seen, node, i)).FirstOrDefault(o => o is not null);

    /// <summary>Whether an instance is one, and how; null where it is not.</summary>
    public static Outlier? Of(Picture seen, SeenNode node, SeenInstance instance)
    {
        var (subject, now) = (Subjects.Instance(instance.Name), seen.Figures.Step);
        var (first, last, steps, mixed) = (0L, 0L, 0, 0);
        var (requests, sum, peersSum) = (0.0, 0.0, 0.0);
        var warm = (seen.Figures.Began(subject, Figure.MeanMs) ?? now) + Thresholds.WarmSteps;
        for (var step = now; step > now - Thresholds.OutlierWithin && step >= warm; step--)
        {
            if (seen.Figures.At(subject, Figure.MeanMs, step) is not { } mean || Peers(seen, node, instance, Figure.MeanMs, step) is not { } peers)
            {
                continue;
            }

            if (!IsSlow(mean, peers))
            {
                // The figures of its first step are mixed with those of before.
                if (steps > 0 && seen.Figures.At(subject, Figure.P99Ms, step) is { } tail && Peers(seen, node, instance, Figure.P99Ms, step) is { } peersTail && IsSlow(tail, peersTail))
                {
                    (first, mixed, requests) = (step, 1, requests + 1);
                }

                break;
            }

            // By steps, not by requests: the first to be slow are many, before the balancer knows.
            (first, last, steps) = (step, Math.Max(last, step), steps + 1);
            (sum, peersSum) = (sum + mean, peersSum + peers);
            requests += (seen.Figures.At(subject, Figure.Rate, step) ?? 0) * Thresholds.StepSeconds;
        }

        if (steps + mixed < Thresholds.OutlierSteps || requests < Thresholds.LeastOfOutlier || now - last > Thresholds.OutlierFresh)
        {
            return null;
        }

        // One that is new has no past of its own but of its warming up: it is held to that of its service.
        var isNew = now - warm < Thresholds.GuardSteps + Thresholds.LeastBaseline;
        var over = !isNew && seen.Figures.Beside(subject, Figure.MeanMs, sum / steps) is { HasBaseline: true } own ? own : seen.Figures.Beside(Subjects.Service(node.Id), Figure.MeanMs, sum / steps);
        return over is { HasBaseline: true, Rose: true } ? new(instance, first, over, peersSum / steps) : null;
    }

    static bool IsSlow(double ms, double peersMs) => ms >= Thresholds.InstanceRatio * peersMs && ms - peersMs >= Thresholds.OutlierMs;

    // The median of its peers, which is what a figure is where nothing is wrong.
    static double? Peers(Picture seen, SeenNode node, SeenInstance instance, Figure figure, long step)
    {
        var peers = node.Instances.Where(i => i != instance).Select(i => seen.Figures.At(Subjects.Instance(i.Name), figure, step)).OfType<double>().Order().ToList();
        return peers.Count == 0 ? null : peers[(peers.Count - 1) / 2];
    }
}
