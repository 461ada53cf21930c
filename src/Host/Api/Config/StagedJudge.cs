using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Observe.Judge;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Config;

/// <summary>Holds the instances that run a staged configuration against those of the same service that do not, each service by itself. Not safe for several callers at a time.</summary>
sealed class StagedJudge(ConfigStaging staged)
{
    readonly JudgeTerms terms = new(staged.Plan.Judge.Errors.Fraction, staged.Plan.Judge.Slower.Fraction, staged.Plan.Judge.Minimum);
    readonly Dictionary<string, Held> services = new(StringComparer.Ordinal);
    HashSet<string> running = [];

    public int Number => staged.Number;

    /// <summary>Why it is harmful; null while that is not known.</summary>
    public string? Harm => services.OrderBy(s => s.Key, StringComparer.Ordinal).Where(s => s.Value.Comparison.Harm is not null).Select(s => $"{s.Key}: {s.Value.Comparison.Harm}").FirstOrDefault();

    /// <summary>Who runs it, of all instances; services of which none does are not looked at.</summary>
    public void Take(HashSet<string> now, IReadOnlyList<(string Service, string Instance)> instances)
    {
        running = now;
        foreach (var (service, _) in instances.Where(i => now.Contains(i.Instance) && !services.ContainsKey(i.Service)))
        {
            services[service] = new(new ReleaseComparison(terms, LatencyBuckets.Count, Milliseconds));
        }
    }

    public void Count(string service, string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        if (services.GetValueOrDefault(service) is { } held)
        {
            (running.Contains(instance) ? held.New : held.Old).AddPairs(requests, errors, latency);
        }
    }

    /// <summary>Ends the batch that is open.</summary>
    public void Close()
    {
        foreach (var held in services.Values.Where(h => h.Old.Requests + h.New.Requests > 0))
        {
            held.Comparison.Add(held.Old, held.New);
            (held.Old, held.New) = (new(LatencyBuckets.Count), new(LatencyBuckets.Count));
        }
    }

    public Dictionary<string, ReleaseReport> Reports() => services.ToDictionary(s => s.Key, s => s.Value.Comparison.Report(), StringComparer.Ordinal);

    static double Milliseconds(int bucket) => (LatencyBuckets.LowerBound(bucket) + LatencyBuckets.UpperBound(bucket)) / 2000.0;

    sealed class Held(ReleaseComparison comparison)
    {
        public ReleaseComparison Comparison => comparison;

        public VersionFigures Old { get; set; } = new(LatencyBuckets.Count);

        public VersionFigures New { get; set; } = new(LatencyBuckets.Count);
    }
}
