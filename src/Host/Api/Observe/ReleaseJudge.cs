using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Observe.Judge;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Holds new versions against old ones while both get requests, on what the gateways count, gives those up that do harm, and leaves the figures with the release's record. Costs nothing while no release is under way. Counts
/// begin anew when the server does: what was decided is in the store.
/// </summary>
public sealed class ReleaseJudge(ServerServices services, Mirror mirror, Applier applier)
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // So many looks a comparison waits for the record of its release.
    const int MostWaits = 30;

    readonly Lock gate = new();
    readonly Dictionary<string, Watched> watched = new(StringComparer.Ordinal);
    readonly List<Ended> ended = [];

    /// <summary>Takes in what a gateway counted of an instance; durations as <c>TrafficRecord.Latency</c> has them.</summary>
    public void Add(string service, string instance, long requests, long errors, IReadOnlyList<long> latency)
    {
        lock (gate)
        {
            if (watched.TryGetValue(service, out var one))
            {
                (one.News.Contains(instance) ? one.New : one.Old).AddPairs(requests, errors, latency);
            }
        }
    }

    /// <summary>How the new version of a service stands against the old one; null where nothing is compared.</summary>
    public ReleaseReport? Report(string service)
    {
        lock (gate)
        {
            return watched.GetValueOrDefault(service)?.Comparison.Report();
        }
    }

    /// <summary>Looks until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Every, services.Time, stop);
            try
            {
                foreach (var (service, harm) in Look())
                {
                    await applier.RolloutAsync(service, RolloutAct.Abort, new("mainstay (judge)", "judge", harm), stop);
                }

                await FileAsync(stop);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                services.OnFault?.Invoke("judging releases", fault);
            }
        }
    }

    /// <summary>One look: closes the batches of all releases, and gives those that do harm.</summary>
    public IReadOnlyList<(string Service, string Harm)> Look()
    {
        var under = mirror.Read(seen => seen.All<Service>().Where(IsCompared)
            .Select(s => (s.Name, s.Status.Release!.To, s.Status.Release.Began, Gives: MayGiveUp(s), s.Spec.Release?.Judge, News: seen.Group<Instance>(s.Name).Where(i => i.Template.Hash == s.Status.Release.To).Select(i => i.Name).ToHashSet(StringComparer.Ordinal)))
            .ToArray());
        var harmful = new List<(string, string)>();
        lock (gate)
        {
            foreach (var gone in watched.Keys.Except(under.Select(u => u.Name)).ToArray())
            {
                End(gone);
            }

            foreach (var (name, to, began, gives, judge, news) in under)
            {
                if (!watched.TryGetValue(name, out var one) || one.To != to || one.Began != began)
                {
                    End(name);
                    watched[name] = one = new(to, began, Compare(judge ?? new()));
                }

                one.Close();
                one.News = news;
                if (gives && one.Comparison.Harm is { } harm)
                {
                    harmful.Add((name, harm));
                }
            }
        }

        return harmful;
    }

    static ReleaseComparison Compare(JudgeSpec judge) =>
        new(new(judge.Errors.Fraction, judge.Slower.Fraction, judge.Minimum), LatencyBuckets.Count, b => (LatencyBuckets.LowerBound(b) + LatencyBuckets.UpperBound(b)) / 2000.0);

    // Whatever lets two versions serve at the same time can be compared.
    static bool IsCompared(Service service) =>
        service.Spec.Release is not { Judge.Off: true } && service.Status.Release is { } release && !release.IsOver() && release.Strategy != ReleaseStrategy.Recreate;

    // Who asked for A/B compares for himself, and instances that take each other's place are warming up while they are compared.
    static bool MayGiveUp(Service service) =>
        service.Status.Release is { Strategy: ReleaseStrategy.Canary or ReleaseStrategy.BlueGreen } release
        && (service.Release is not { Abort: true } word || word.To != release.To);

    void End(string service)
    {
        if (watched.Remove(service, out var one))
        {
            one.Close();
            if (one.Comparison.Old.Requests + one.Comparison.New.Requests > 0)
            {
                ended.Add(new(service, one.To, one.Began, one.Comparison.Report()));
            }
        }
    }

    // The record comes with the change that ended the release, and the mirror may be a moment behind.
    async Task FileAsync(CancellationToken stop)
    {
        Ended[] open;
        lock (gate)
        {
            open = [.. ended];
        }

        foreach (var one in open)
        {
            var record = mirror.Read(seen => seen.Group<ReleaseRecord>(one.Service).FirstOrDefault(r => r.Release.To == one.To && r.Release.Began == one.Began));
            var kind = services.Kinds.Of<ReleaseRecord>();
            var filed = record is not null && (await services.Store.CommitAsync(new([new(kind.KeyOf(record.Name), record.Revision)], [new(kind.KeyOf(record.Name), Codec.Encode(record with { Report = one.Report }))]), stop)).Succeeded;
            if (filed || ++one.Waits > MostWaits)
            {
                lock (gate)
                {
                    ended.Remove(one);
                }
            }
        }
    }

    sealed class Ended(string service, string to, DateTimeOffset began, ReleaseReport report)
    {
        public string Service => service;

        public string To => to;

        public DateTimeOffset Began => began;

        public ReleaseReport Report => report;

        public int Waits { get; set; }
    }

    sealed class Watched(string to, DateTimeOffset began, ReleaseComparison comparison)
    {
        public string To => to;

        public DateTimeOffset Began => began;

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
