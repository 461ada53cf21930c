using System.Globalization;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Observe.Judge;

/// <summary>What a new version is held to.</summary>
/// <param name="Errors">By how much its share of errors may be above that of the old one, 0 to 1.</param>
/// <param name="Slower">By how much its p99 may be above that of the old one, as a part of that.</param>
/// <param name="Minimum">With fewer requests than this on either side there is no verdict.</param>
public readonly record struct JudgeTerms(double Errors, double Slower, int Minimum)
{
    /// <summary>The first bucket that is slower than another one by all that is tolerated.</summary>
    internal int Tolerated(int bucket, int buckets, Func<int, double> milliseconds)
    {
        var (found, most) = (bucket, milliseconds(bucket) * (1 + Slower));
        while (found < buckets && milliseconds(found) < most)
        {
            found++;
        }

        return found;
    }
}

/// <summary>
/// Holds a new version against the old one that gets requests at the same time, batch by batch. It is harmful when the evidence for more errors is beyond doubt <em>and</em> they are more than is tolerated, or when it is
/// beyond doubt that requests are slower than is tolerated. A version that is no worse is called harmful in at most 2 % of releases, one that is slower by less than is tolerated in at most 1 %, however long they last.
/// </summary>
public sealed class ReleaseComparison(JudgeTerms terms, int buckets, Func<int, double> milliseconds)
{
    // Two questions, 1 % each.
    static readonly double Enough = Math.Log(100);
    static readonly double[] Shares = [0.5, 0.9, 0.99];

    readonly Comparison errors = new(0.005);
    readonly Comparison[] slow = [.. Shares.Select(s => new Comparison(1 - s))];

    public VersionFigures Old { get; } = new(buckets);

    public VersionFigures New { get; } = new(buckets);

    /// <summary>Why the new version is harmful, with figures; null while that is not known.</summary>
    public string? Harm { get; private set; }

    /// <summary>Takes a batch in.</summary>
    public void Add(VersionFigures old, VersionFigures fresh)
    {
        errors.Add(old.Requests, old.Errors, fresh.Requests, fresh.Errors);
        // What counts as slow is set by the old version before this batch.
        for (var index = 0; index < Shares.Length; index++)
        {
            if (Old.Requests >= terms.Minimum && Old.BucketOf(Shares[index]) is >= 0 and var bucket)
            {
                // Slower by what is tolerated is as good: what the old version seldom exceeds, the new one may seldom exceed by that much.
                slow[index].Add(old.Requests, old.SlowerThan(bucket), fresh.Requests, fresh.SlowerThan(terms.Tolerated(bucket, buckets, milliseconds)));
            }
        }

        Old.Add(old);
        New.Add(fresh);
        Harm ??= HarmAt(Enough);
    }

    /// <summary>Why the new version is harmful where so much evidence is enough: the natural logarithm of the odds.</summary>
    internal string? HarmAt(double enough) => Old.Requests < terms.Minimum || New.Requests < terms.Minimum ? null : Errors(enough) ?? Slowness(enough);

    /// <summary>The evidence for whatever there is most for.</summary>
    internal double LogEvidence => Math.Max(errors.LogEvidence, SlowEvidence());

    /// <summary>How it stands, in a sentence.</summary>
    public string Describe() => Harm ?? (Old.Requests < terms.Minimum || New.Requests < terms.Minimum
        ? $"undecided: {New.Requests} requests to the new version and {Old.Requests} to the old one, {terms.Minimum} of each are the least"
        : $"no harm seen: {Figures()}");

    /// <summary>How it stands, with all figures.</summary>
    public ReleaseReport Report()
    {
        var rank = RankTest.Of(Old.Latency, New.Latency);
        return new()
        {
            Verdict = Harm is not null ? ReleaseVerdict.Harmful : Old.Requests < terms.Minimum || New.Requests < terms.Minimum ? ReleaseVerdict.Undecided : ReleaseVerdict.NoHarm,
            Message = Describe(),
            Old = Told(Old),
            New = Told(New),
            ErrorEvidence = Math.Round(errors.LogEvidence, 2),
            SlowEvidence = Math.Round(SlowEvidence(), 2),
            Effect = Math.Round(rank.Effect, 3),
            Z = Math.Round(rank.Z, 2),
        };
    }

    ReleaseFigures Told(VersionFigures figures) => new()
    {
        Requests = figures.Requests, Errors = figures.Errors, P50Ms = At(figures, 0.5), P90Ms = At(figures, 0.9), P99Ms = At(figures, 0.99),
    };

    double At(VersionFigures figures, double share) => figures.Requests == 0 ? 0 : Math.Round(milliseconds(Math.Max(0, figures.BucketOf(share))), 2);

    double SlowEvidence() => slow.Max(s => s.LogEvidence) - Math.Log(Shares.Length);

    string? Errors(double enough) => errors.LogEvidence >= enough && New.ErrorRatio - Old.ErrorRatio > terms.Errors
        ? string.Create(CultureInfo.InvariantCulture, $"more errors: {Figures()}; odds {Odds.Of(errors.LogEvidence)}")
        : null;

    string? Slowness(double enough)
    {
        var evidence = SlowEvidence();
        return evidence >= enough && P99(New) > P99(Old) * (1 + terms.Slower)
            ? string.Create(CultureInfo.InvariantCulture, $"slower: {Figures()}; odds {Odds.Of(evidence)}, effect {RankTest.Of(Old.Latency, New.Latency).Effect:0.00}")
            : null;
    }

    double P99(VersionFigures figures) => milliseconds(Math.Max(0, figures.BucketOf(0.99)));

    string Figures() => string.Create(
        CultureInfo.InvariantCulture,
        $"{New.ErrorRatio:0.0%} errors and p99 {P99(New):0.#}ms of {New.Requests} requests, against {Old.ErrorRatio:0.0%} and {P99(Old):0.#}ms of {Old.Requests}");
}
