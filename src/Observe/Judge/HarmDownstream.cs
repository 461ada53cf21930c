using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Observe.Judge;

/// <summary>
/// What a new version does to those whom it calls, held against what the old one does to them at the same time: how many calls each request makes, how many of them fail, and how long they take. The new version is harmful
/// where the evidence is beyond doubt for one of them; the more there are, the more it takes, so that a version that does the same is called harmful in at most 1 % of releases.
/// </summary>
/// <param name="terms">What is tolerated of calls, as of requests; half as many calls more per request are tolerated as well.</param>
/// <param name="buckets">Buckets of the scale of durations.</param>
/// <param name="milliseconds">The middle of a bucket.</param>
public sealed class HarmDownstream(JudgeTerms terms, int buckets, Func<int, double> milliseconds)
{
    /// <summary>The most callees that are looked at; those beyond are not.</summary>
    public const int Most = 32;

    // So much more calls per request are tolerated, and one more of ten requests in any case.
    const double More = 0.5;
    const double Least = 0.1;

    // So many make a look; eleven in a row are beyond doubt where one is called.
    const int RequestsPerLook = 10;

    readonly SortedDictionary<string, Callee> callees = new(StringComparer.Ordinal);

    /// <summary>Why the new version is harmful, with figures; null while that is not known.</summary>
    public string? Harm { get; private set; }

    /// <summary>Counts calls of the batch that is open.</summary>
    /// <param name="callee">Whom they went to: a service, or a statement to a database.</param>
    /// <param name="isNew">Whether an instance of the new version made them.</param>
    /// <param name="requests">How many.</param>
    /// <param name="errors">How many of them failed.</param>
    /// <param name="latency">Pairs of bucket and count, flattened.</param>
    public void Count(string callee, bool isNew, long requests, long errors, IReadOnlyList<long> latency)
    {
        if (!callees.TryGetValue(callee, out var one))
        {
            if (callees.Count >= Most)
            {
                return;
            }

            callees[callee] = one = new(terms, buckets, milliseconds);
        }

        (isNew ? one.New : one.Old).AddPairs(requests, errors, latency);
    }

    /// <summary>Ends the batch.</summary>
    /// <param name="old">What was asked of the old version meanwhile, and of how many instances.</param>
    /// <param name="fresh">The same of the new one.</param>
    public void Close((long Requests, int Instances) old, (long Requests, int Instances) fresh)
    {
        // Three questions of each, 1 % for all of them.
        var enough = Math.Log(300.0 * Math.Max(1, callees.Count));
        foreach (var (name, callee) in callees)
        {
            callee.Close(old, fresh);
            Harm ??= callee.Harm(enough) is { } harm ? $"harm to {name}: {harm}" : null;
        }
    }

    /// <summary>How it stands, callee by callee in order of names.</summary>
    public IReadOnlyList<CalleeReport> Report() => [.. callees.Select(c => c.Value.Report(c.Key))];

    sealed class Callee(JudgeTerms terms, int buckets, Func<int, double> milliseconds)
    {
        readonly CallRate rate = new(More, Least, RequestsPerLook);
        readonly ReleaseComparison calls = new(terms, buckets, milliseconds);

        public VersionFigures Old { get; private set; } = new(buckets);

        public VersionFigures New { get; private set; } = new(buckets);

        public void Close((long Requests, int Instances) old, (long Requests, int Instances) fresh)
        {
            rate.Add(new(old.Requests, Old.Requests, old.Instances), new(fresh.Requests, New.Requests, fresh.Instances));
            if (Old.Requests + New.Requests > 0)
            {
                calls.Add(Old, New);
                (Old, New) = (new(buckets), new(buckets));
            }
        }

        public string? Harm(double enough) =>
            rate.LogEvidence >= enough ? string.Create(CultureInfo.InvariantCulture, $"{rate}, in {rate.Looks.Worse} of {rate.Looks.All} looks; odds {Odds.Of(rate.LogEvidence)}") : calls.HarmAt(enough);

        public CalleeReport Report(string name) => new(name, Math.Round(rate.Old, 3), Math.Round(rate.New, 3), calls.Report().Old, calls.Report().New, Math.Round(Math.Max(rate.LogEvidence, calls.LogEvidence), 2));
    }
}
