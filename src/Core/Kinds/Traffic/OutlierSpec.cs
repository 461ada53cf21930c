namespace Mainstay.Core.Kinds.Traffic;

/// <summary>
/// When an instance that answers worse than its peers gets nothing for a while. A failure is an answer with 5xx, no answer, or a connection that broke.
/// </summary>
public sealed record OutlierSpec
{
    /// <summary>So many failures in a row eject an instance. Default 5; 1 to 1000.</summary>
    public int Consecutive { get; init; } = 5;

    /// <summary>An instance whose share of failures is so much above that of the others is ejected: with 30% and peers at 5%, from 35% on. Default 30%; above 0%.</summary>
    public Share Above { get; init; } = Share.Percent(30);

    /// <summary>How often the shares are compared. Default 10s; 1s to 1h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Fewer requests in an interval say nothing about an instance. Default 20; 1 to 1000000.</summary>
    public int Minimum { get; init; } = 20;

    /// <summary>How long the first ejection lasts; each further one in a row lasts that much longer, up to ten times. Default 30s; 1s to 1h.</summary>
    public TimeSpan Ejection { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The highest part of the instances that is ejected at a time, rounded down. Default 30%; up to 30%.</summary>
    public Share Most { get; init; } = Share.Percent(30);

    /// <summary>Where fewer than this part of the instances can be used, ejections are not looked at: better a bad answer than none. Default 50%.</summary>
    public Share Panic { get; init; } = Share.Percent(50);

    public IEnumerable<Problem> Validate()
    {
        if (Above.Fraction <= 0)
        {
            yield return new("above", "every instance would be an outlier", "choose more than 0%");
        }

        if (Most.Fraction > 0.3)
        {
            yield return new("most", $"{Most} is more than 30%", "choose 30% or less: the rest has to carry the load");
        }

        foreach (var problem in Limits.Between("consecutive", Consecutive, 1, 1000)
            .Concat(Limits.Between("interval", Interval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)))
            .Concat(Limits.Between("minimum", Minimum, 1, 1_000_000))
            .Concat(Limits.Between("ejection", Ejection, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1))))
        {
            yield return problem;
        }
    }
}
