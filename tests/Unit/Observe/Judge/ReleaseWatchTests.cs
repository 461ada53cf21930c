using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Judge;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Judge;

/// <summary>
/// How often versions of known quality are gone back from after they have everything: 200 seeded releases, the old version known by as many requests as one window has, 1 % of them failed and durations log-normal (σ 0.5), then ten
/// windows of the new version alone.
/// </summary>
public sealed class ReleaseWatchTests(ITestOutputHelper output)
{
    const int Runs = 200;
    const int Buckets = 400;

    [Theory]
    [InlineData(20)]
    [InlineData(200)]
    [InlineData(2000)]
    public void What_is_worse_than_the_old_version_was_is_noticed_and_nothing_else(int requests)
    {
        var lines = new StringBuilder();
        foreach (var (errors, slower) in new[] { (0.0, 0.0), (0.02, 0.0), (0.1, 0.0), (0.0, 0.3), (0.0, 1.0) })
        {
            var found = Enumerable.Range(0, Runs).Select(seed => Run(seed, requests, errors, slower)).Where(sent => sent > 0).ToArray();
            var share = found.Length / (double)Runs;
            lines.Append(CultureInfo.InvariantCulture, $"{requests} requests per window, +{errors:0%} errors, +{slower:0%} p99: {share:0.0%} after {found.DefaultIfEmpty().Average():0} requests\n");
            // A third more is within what is tolerated.
            if (errors == 0 && slower < 0.5)
            {
                share.ShouldBeLessThanOrEqualTo(0.02, lines.ToString());
            }

            if ((errors == 0.1 || slower == 1.0) && requests >= 200)
            {
                share.ShouldBeGreaterThanOrEqualTo(0.98, lines.ToString());
            }
        }

        output.WriteLine(lines.ToString());
    }

    [Fact]
    public void An_old_version_that_was_hardly_asked_is_nothing_to_be_held_against() =>
        ReleaseWatch.After(Draw(new Random(1), 49, 0, 1), new(0.01, 0.5, 50), Buckets, Milliseconds).ShouldBeNull();

    [Fact]
    public void The_upper_bound_of_a_rate_is_that_of_Wilson()
    {
        LimitBet.AtMost(100, 0).ShouldBe(0.0513, 0.0005);
        LimitBet.AtMost(100, 10).ShouldBe(0.1917, 0.001);
        LimitBet.AtMost(1_000_000, 10_000).ShouldBe(0.0102, 0.0001);
        LimitBet.AtMost(0, 0).ShouldBe(0.844, 0.01);
    }

    [Fact]
    public void A_value_that_is_worse_look_after_look_is_harm_and_one_that_swings_is_not()
    {
        var load = new QueryComparison("db", new() { Query = "q", More = Share.Percent(20) });
        for (var look = 0; look < 20 && load.Harm is null; look++)
        {
            load.Add(10, 12.5);
        }

        load.Harm.ShouldNotBeNull().ShouldStartWith("'db' is worse: 12.5 against 10");
        load.Report().Looks.ShouldBeInRange(7, 12);

        var random = new Random(3);
        var swings = new QueryComparison("db", new() { Query = "q", More = Share.Percent(20) });
        for (var look = 0; look < 2000; look++)
        {
            swings.Add(10 + random.NextDouble(), 10 + random.NextDouble());
            swings.Add(null, 100);
            swings.Add(double.NaN, 100);
        }

        swings.Harm.ShouldBeNull();
        swings.Report().Looks.ShouldBe(2000);

        var small = new QueryComparison("db", new() { Query = "q", More = Share.Percent(20), Least = 5 });
        for (var look = 0; look < 100; look++)
        {
            small.Add(0, 4);
        }

        small.Harm.ShouldBeNull();
    }

    [Fact]
    public void Values_that_are_alike_are_called_worse_in_at_most_one_of_a_hundred_releases()
    {
        var called = 0;
        for (var seed = 0; seed < 1000; seed++)
        {
            // Every second look is beyond what is tolerated: the most that is no harm.
            var random = new Random(seed);
            var one = new QueryComparison("q", new() { Query = "q" });
            for (var look = 0; look < 200; look++)
            {
                one.Add(1, random.Next(2) == 0 ? 2 : 1);
            }

            called += one.Harm is null ? 0 : 1;
        }

        called.ShouldBeLessThanOrEqualTo(10);
        output.WriteLine($"{called} of 1000");
    }

    static double Milliseconds(int bucket) => Math.Exp(bucket / 50.0);

    static long Run(int seed, int requests, double errors, double slower)
    {
        var random = new Random(seed);
        var watch = ReleaseWatch.After(Draw(random, Math.Max(50, requests), 0.01, 1), new(0.01, 0.5, 50), Buckets, Milliseconds)!;
        for (var tick = 0; tick < 100; tick++)
        {
            watch.Add(Draw(random, requests / 10, 0.01 + errors, 1 + slower));
            if (watch.Harm is not null)
            {
                return watch.New.Requests;
            }
        }

        return 0;
    }

    static VersionFigures Draw(Random random, int requests, double errors, double factor)
    {
        var counts = new long[Buckets];
        var failed = 0;
        for (var request = 0; request < requests; request++)
        {
            failed += random.NextDouble() < errors ? 1 : 0;
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            counts[Math.Clamp((int)(50 * Math.Log(20 * Math.Exp(0.5 * normal) * factor)), 0, Buckets - 1)]++;
        }

        var figures = new VersionFigures(Buckets);
        figures.Add(requests, failed, counts);
        return figures;
    }
}
