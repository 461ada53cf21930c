using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Host.Api.Observe;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// The requests that both versions of a service get while one takes the place of the other, drawn second by second, as the judge would count them. How long they take is drawn from a curve through the measured median and
/// 99th percentile.
/// </summary>
sealed class RehearsedRelease
{
    // More requests per second and instance say no more.
    const int MostPerInstance = 2000;
    const double P99 = 2.3263478740408408;

    readonly Random dice;
    readonly double rate;
    readonly double usual;
    readonly double errors;
    readonly double slower;
    readonly (double Mu, double Sigma) curve;

    public RehearsedRelease(RehearsalTerms terms, RehearsalFigures figures)
    {
        Service = terms.Names[0];
        dice = new(terms.Seed);
        var edges = figures.Edges.Where(e => e.Key.To == Service).Select(e => e.Value).ToArray();
        var measured = edges.Sum(e => e.RequestsPerSecond);
        rate = terms.Rate ?? measured;
        usual = measured > 0 ? edges.Sum(e => e.RequestsPerSecond * e.ErrorRatio) / measured : 0;
        errors = terms.Errors ?? usual;
        slower = terms.Slow;
        var most = edges.Length > 0 ? edges.MaxBy(e => e.RequestsPerSecond) : new(0, 0, 10, 40);
        var median = Math.Max(0.01, most.P50Ms);
        curve = (Math.Log(median * 1000), Math.Log(Math.Max(1.01, most.P99Ms / median)) / P99);
    }

    public string Service { get; }

    /// <summary>The hash of the new version's template; null until the release has begun.</summary>
    public string? To { get; set; }

    /// <summary>Requests per second to both versions.</summary>
    public double Rate => rate;

    /// <summary>The share of the new version's requests that fails beyond what is usual.</summary>
    public double Faulty => Math.Max(0, errors - usual);

    public double Slower => slower;

    /// <summary>The share of the requests that the new version gets.</summary>
    public double ShareOf(Service service, Endpoints? table)
    {
        if (To is null || table is not { Items.Count: > 0 })
        {
            return 0;
        }

        var news = table.Items.Count(i => IsNew(service, i));
        return table.Split is { Weight: var weight, New.Count: > 0 } ? weight / 10_000.0 : (double)news / table.Items.Count;
    }

    /// <summary>The requests of one second, to each instance, for the judge.</summary>
    public void Draw(Service service, Endpoints? table, Func<string, bool> runs, ReleaseJudge judge)
    {
        var items = (table?.Items ?? []).Where(i => runs(i.Instance)).ToArray();
        var news = items.Where(i => IsNew(service, i)).ToArray();
        var share = ShareOf(service, table);
        foreach (var item in items)
        {
            var isNew = news.Contains(item);
            var mean = isNew ? rate * share / news.Length : rate * (1 - share) / (items.Length - news.Length);
            var requests = Math.Min(MostPerInstance, Poisson(mean));
            var failed = 0;
            var latency = new SortedDictionary<int, long>();
            for (var one = 0; one < requests; one++)
            {
                failed += dice.NextDouble() < (isNew ? errors : usual) ? 1 : 0;
                var micros = Math.Exp(curve.Mu + (curve.Sigma * Normal())) * (isNew ? slower : 1);
                var bucket = LatencyBuckets.IndexOf((long)micros);
                latency[bucket] = latency.GetValueOrDefault(bucket) + 1;
            }

            if (requests > 0)
            {
                judge.Add(service.Name, item.Instance, requests, failed, [.. latency.SelectMany(l => new[] { l.Key, l.Value })]);
            }
        }
    }

    // What the table says of an instance's version is what its template says.
    bool IsNew(Service service, Endpoint item) => service.Status.Release is { } release && release.To == To && item.Version == release.Version;

    double Normal() => Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());

    int Poisson(double mean)
    {
        if (mean > 200)
        {
            return Math.Max(0, (int)Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }

        var (count, left, limit) = (0, dice.NextDouble(), Math.Exp(-mean));
        while (left > limit)
        {
            left *= dice.NextDouble();
            count++;
        }

        return count;
    }
}
