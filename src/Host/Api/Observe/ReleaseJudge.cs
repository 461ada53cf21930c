using Mainstay.Core.Kinds.Schedule;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Observe.Judge;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Holds new versions against old ones while both get requests, on what the gateways count, and gives those up that do harm. Costs nothing while no release is under way. Counts begin anew when the server does: what was
/// decided is in the store.
/// </summary>
public sealed class ReleaseJudge(Mirror mirror, Applier applier, TimeProvider time, Action<string, Exception>? onFault)
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);

    /// <summary>Takes in what a gateway counted of an instance.</summary>
    public void Add(string service, string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        lock (gate)
        {
            if (watched.TryGetValue(service, out var one))
            {
                (one.News.Contains(instance) ? one.New : one.Old).Add(requests, errors, latency);
            }
        }
    }

    /// <summary>How the new version of a service stands against the old one, in a sentence; null where nothing is compared.</summary>
    public string? Describe(string service)
    {
        lock (gate)
        {
            return watched.GetValueOrDefault(service)?.Comparison.Describe();
        }
    }

    /// <summary>Looks until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Every, time, stop);
            foreach (var (service, harm) in Look())
            {
                try
                {
                    await applier.RolloutAsync(service, RolloutAct.Abort, new("mainstay (judge)", "judge", harm), stop);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    onFault?.Invoke("judging releases", fault);
                }
            }
        }
    }

    /// <summary>One look: closes the batches of all releases, and gives those that do harm.</summary>
    public IReadOnlyList<(string Service, string Harm)> Look()
    {
        var under = mirror.Read(seen => seen.All<Service>().Where(IsJudged)
            .Select(s => (s.Name, To: s.Status.Release!.To, s.Spec.Release!.Judge, News: seen.Group<Instance>(s.Name).Where(i => i.Template.Hash == s.Status.Release.To).Select(i => i.Name).ToHashSet(StringComparer.Ordinal)))
            .ToArray());
        var harmful = new List<(string, string)>();
        lock (gate)
        {
            foreach (var gone in watched.Keys.Except(under.Select(u => u.Name)).ToArray())
            {
                watched.Remove(gone);
            }

            foreach (var (name, to, judge, news) in under)
            {
                if (!watched.TryGetValue(name, out var one) || one.To != to)
                {
                    watched[name] = one = new(to, new(new(judge.Errors.Fraction, judge.Slower.Fraction, judge.Minimum), LatencyBuckets.Count, b => (LatencyBuckets.LowerBound(b) + LatencyBuckets.UpperBound(b)) / 2000.0));
                }

                one.Close();
                one.News = news;
                if (one.Comparison.Harm is { } harm)
                {
                    harmful.Add((name, harm));
                }
            }
        }

        return harmful;
    }

    static bool IsJudged(Service service) =>
        service.Spec.Release is { Judge.Off: false }
        && service.Status.Release is { Strategy: ReleaseStrategy.Canary or ReleaseStrategy.BlueGreen, Stage: not (ReleaseStage.Promoted or ReleaseStage.Aborted) } release
        && (service.Release is not { Abort: true } word || word.To != release.To);

    sealed class Watched(string to, ReleaseComparison comparison)
    {
        public string To => to;

        public ReleaseComparison Comparison => comparison;

        public HashSet<string> News { get; set; } = [];

        public VersionFigures Old { get; private set; } = new(LatencyBuckets.Count);

        public VersionFigures New { get; private set; } = new(LatencyBuckets.Count);

        public void Close()
        {
            if (Old.Requests + New.Requests > 0)
            {
                comparison.Add(Old, New);
                (Old, New) = (new(LatencyBuckets.Count), new(LatencyBuckets.Count));
            }
        }
    }
}
