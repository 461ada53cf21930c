using System.Globalization;
using System.Text;
using Mainstay.Observe.Judge;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Judge;

/// <summary>
/// How often a judge gives up versions of known quality: 200 seeded releases of ten windows each, with as many requests to the new version as to the old one; 1 % of the old version's requests fail, and durations are log-normal (σ 0.5).
/// Beside it the usual judge with fixed thresholds that looks at each window by itself: more than 1 % more errors, or a p99 more than 1.5 times as high.
/// </summary>
public sealed class JudgeTests(ITestOutputHelper output)
{
    const int Runs = 200;
    const int Windows = 10;
    const int Ticks = 10;
    const int Buckets = 400;

    [Theory]
    [InlineData(20)]
    [InlineData(200)]
    [InlineData(2000)]
    public void It_gives_up_what_is_bad_and_leaves_what_is_not(int requests)
    {
        var lines = new StringBuilder();
        foreach (var (errors, slower) in from errors in new[] { 0, 0.02, 0.1 } from slower in new[] { 0, 0.3, 1.0 } select (errors, slower))
        {
            var results = Enumerable.Range(0, Runs).Select(seed => Run(seed, requests, errors, slower)).ToArray();
            var (ours, fixedOnes) = (results.Where(r => r.Ours > 0).ToArray(), results.Where(r => r.Fixed > 0).ToArray());
            double Mean(IEnumerable<long> exposed) => exposed.DefaultIfEmpty().Average();
            lines.Append(CultureInfo.InvariantCulture, $"| {requests} | +{errors:0%} errors, +{slower:0%} p99 | {ours.Length / (double)Runs:0.0%} | {Mean(ours.Select(r => r.Ours)):0} | {fixedOnes.Length / (double)Runs:0.0%} | {Mean(fixedOnes.Select(r => r.Fixed)):0} |\n");
            // A third more is within what is tolerated.
            if (errors == 0 && slower < 0.5)
            {
                (ours.Length / (double)Runs).ShouldBeLessThanOrEqualTo(0.02, lines.ToString());
            }

            if ((errors == 0.1 || slower == 1.0) && requests >= 200)
            {
                (ours.Length / (double)Runs).ShouldBeGreaterThanOrEqualTo(0.98, lines.ToString());
            }
        }

        output.WriteLine(lines.ToString());
    }

    [Fact]
    public void Too_few_requests_are_no_verdict()
    {
        var comparison = Judge();
        comparison.Add(Figures(40, 0, 10), Figures(40, 40, 10));
        comparison.Harm.ShouldBeNull();
        comparison.Describe().ShouldStartWith("undecided");
        comparison.Add(Figures(40, 0, 10), Figures(40, 40, 10));
        comparison.Harm.ShouldNotBeNull().ShouldStartWith("more errors: 100.0% errors");
    }

    [Fact]
    public void What_gateways_count_is_read_as_they_tell_it()
    {
        var figures = new VersionFigures(Buckets);
        figures.AddPairs(30, 2, [7, 20, 350, 10]);
        figures.AddPairs(1, 0, [Buckets + 5, 1]);
        (figures.Requests, figures.Errors, figures.BucketOf(0.5), figures.BucketOf(0.9), figures.BucketOf(1)).ShouldBe((31, 2, 7, 350, Buckets - 1));
    }

    [Fact]
    public void The_rank_test_is_that_of_Mann_and_Whitney()
    {
        // Two samples of five without ties: U is 22 of 25.
        var test = RankTest.Of([1, 1, 1, 0, 1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 1, 1, 1]);
        test.Effect.ShouldBe((2 * 22 / 25.0) - 1, 1e-9);
        test.Z.ShouldBe((22 - 12.5) / Math.Sqrt(5 * 5 * 11 / 12.0), 1e-9);
        RankTest.Of([5], [5]).Effect.ShouldBe(0);
        RankTest.Of([], [5]).ShouldBe(default);
    }

    static ReleaseComparison Judge() => new(new(0.01, 0.5, 50), Buckets, b => Math.Exp(b / 50.0));

    static VersionFigures Figures(int requests, int errors, int bucket)
    {
        var counts = new long[Buckets];
        counts[bucket] = requests;
        var figures = new VersionFigures(Buckets);
        figures.Add(requests, errors, counts);
        return figures;
    }

    // The number of requests of the new version before each judge gave it up; 0 where it never did.
    static (long Ours, long Fixed) Run(int seed, int requests, double errors, double slower)
    {
        var random = new Random(seed);
        var judge = Judge();
        long ours = 0, fixedAt = 0, sent = 0;
        for (var window = 0; window < Windows; window++)
        {
            var (old, fresh) = (new VersionFigures(Buckets), new VersionFigures(Buckets));
            for (var tick = 0; tick < Ticks; tick++)
            {
                var (o, n) = (Draw(random, requests / Ticks, 0.01, 1), Draw(random, requests / Ticks, 0.01 + errors, 1 + slower));
                sent += n.Requests;
                judge.Add(o, n);
                old.Add(o);
                fresh.Add(n);
                ours = ours == 0 && judge.Harm is not null ? sent : ours;
            }

            var isWorse = fresh.ErrorRatio > old.ErrorRatio + 0.01 || Math.Exp(fresh.BucketOf(0.99) / 50.0) > 1.5 * Math.Exp(old.BucketOf(0.99) / 50.0);
            fixedAt = fixedAt == 0 && isWorse ? sent : fixedAt;
        }

        return (ours, fixedAt);
    }

    static VersionFigures Draw(Random random, int requests, double errors, double factor)
    {
        var counts = new long[Buckets];
        var failed = 0;
        for (var request = 0; request < requests; request++)
        {
            failed += random.NextDouble() < errors ? 1 : 0;
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            var duration = 20 * Math.Exp(0.5 * normal) * factor;
            counts[Math.Clamp((int)(50 * Math.Log(duration)), 0, Buckets - 1)]++;
        }

        var figures = new VersionFigures(Buckets);
        figures.Add(requests, failed, counts);
        return figures;
    }
}
