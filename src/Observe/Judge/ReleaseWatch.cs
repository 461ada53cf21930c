using System.Globalization;

namespace Mainstay.Observe.Judge;

/// <summary>
/// Holds a new version that has all requests against what the old one was like while both had some. The old one's rates are taken at the upper end of what its figures allow, and what is tolerated is added: only a rate beyond
/// that counts, so that a version that is worse by no more than is tolerated is called harmful in at most 2 % of releases, however long they are watched, as long as the requests stay as they were.
/// </summary>
public sealed class ReleaseWatch
{
    // Two questions, 1 % each.
    static readonly double Enough = Math.Log(100);
    static readonly double[] Shares = [0.5, 0.9, 0.99];

    readonly JudgeTerms terms;
    readonly VersionFigures old;
    readonly LimitBet errors;
    readonly (int Bucket, LimitBet Bet)[] slow;
    readonly Func<int, double> milliseconds;

    ReleaseWatch(JudgeTerms terms, VersionFigures old, int buckets, Func<int, double> milliseconds)
    {
        (this.terms, this.old, this.milliseconds, New) = (terms, old, milliseconds, new(buckets));
        errors = new(LimitBet.AtMost(old.Requests, old.Errors) + terms.Errors);
        slow = [.. Shares.Select(share => Math.Max(0, old.BucketOf(share))).Select(bucket => (terms.Tolerated(bucket, buckets, milliseconds), new LimitBet(LimitBet.AtMost(old.Requests, old.SlowerThan(bucket)))))];
    }

    /// <summary>What was counted since.</summary>
    public VersionFigures New { get; }

    /// <summary>Why the new version is harmful, with figures; null while that is not known.</summary>
    public string? Harm { get; private set; }

    /// <summary>Begins where a comparison has ended; null where the old version had too few requests to be held against.</summary>
    public static ReleaseWatch? After(VersionFigures old, JudgeTerms terms, int buckets, Func<int, double> milliseconds) =>
        old.Requests < terms.Minimum ? null : new(terms, old, buckets, milliseconds);

    /// <summary>Takes a batch in.</summary>
    public void Add(VersionFigures fresh)
    {
        New.Add(fresh);
        errors.Add(fresh.Requests, fresh.Errors);
        foreach (var (bucket, bet) in slow)
        {
            bet.Add(fresh.Requests, fresh.SlowerThan(bucket));
        }

        Harm ??= New.Requests < terms.Minimum ? null : Errors() ?? Slowness();
    }

    /// <summary>How it stands, in a sentence.</summary>
    public string Describe() => Harm ?? string.Create(CultureInfo.InvariantCulture, $"since it has everything: {New.ErrorRatio:0.0%} errors of {New.Requests} requests");

    string? Errors() => errors.LogEvidence >= Enough
        ? string.Create(CultureInfo.InvariantCulture, $"more errors since it has everything: {New.ErrorRatio:0.0%} of {New.Requests} requests, against {old.ErrorRatio:0.0%} of {old.Requests} of the old version; odds {Odds.Of(errors.LogEvidence)}")
        : null;

    string? Slowness()
    {
        var evidence = slow.Max(s => s.Bet.LogEvidence) - Math.Log(Shares.Length);
        return evidence >= Enough && P99(New) > P99(old) * (1 + terms.Slower)
            ? string.Create(CultureInfo.InvariantCulture, $"slower since it has everything: p99 {P99(New):0.#}ms of {New.Requests} requests, against {P99(old):0.#}ms of {old.Requests} of the old version; odds {Odds.Of(evidence)}")
            : null;
    }

    double P99(VersionFigures figures) => milliseconds(Math.Max(0, figures.BucketOf(0.99)));
}
