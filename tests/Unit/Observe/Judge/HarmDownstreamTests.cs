using System.Globalization;
using Mainstay.Observe.Judge;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Judge;

/// <summary>
/// How often harm to those whom a version calls is seen: 200 seeded releases of two minutes each, one of five instances new, so many requests a second to it and four times as many to the others, and each request makes two calls in a row of the old version; 1 % of
/// calls fail, and their durations are log-normal (σ 0.5).
/// </summary>
public sealed class HarmDownstreamTests(ITestOutputHelper output)
{
    const int Runs = 200;
    const int Seconds = 120;
    const int Buckets = 400;

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public void It_sees_what_is_done_to_others_and_nothing_where_nothing_is(int perSecond)
    {
        string Row(string what, double calls, double errors, double slower, int polls = 0, int times = 4)
        {
            var ends = Enumerable.Range(0, Runs).Select(seed => Run(seed, perSecond, calls, errors, slower, polls, times)).ToArray();
            var seen = ends.Where(e => e > 0).ToArray();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {perSecond} | {what} | {seen.Length / (double)Runs:0.0%} | {seen.DefaultIfEmpty().Average():0} s |"));
            return what + " " + seen.Length.ToString(CultureInfo.InvariantCulture);
        }

        int Seen(string row) => int.Parse(row[row.LastIndexOf(' ')..], CultureInfo.InvariantCulture);
        Seen(Row("does the same", 1, 0, 1)).ShouldBeLessThanOrEqualTo(Runs / 100);
        Seen(Row("does the same with a 16th of the requests, and calls twice a second by itself, as the old one does", 1, 0, 1, polls: 2, times: 16)).ShouldBeLessThanOrEqualTo(Runs / 100);
        Seen(Row("10 times the calls", 10, 0, 1)).ShouldBeGreaterThanOrEqualTo(Runs * (perSecond < 10 ? 50 : 98) / 100);
        Seen(Row("twice the calls", 2, 0, 1)).ShouldBeGreaterThanOrEqualTo(Runs * (perSecond < 10 ? 25 : 98) / 100);
        Seen(Row("20% more of its calls fail", 1, 0.2, 1)).ShouldBeGreaterThanOrEqualTo(Runs * 98 / 100);
        Seen(Row("its calls take twice as long", 1, 0, 2)).ShouldBeGreaterThanOrEqualTo(Runs * 90 / 100);
    }

    [Fact]
    public void It_says_what_it_saw()
    {
        var harm = Harm();
        for (var look = 0; look < 11; look++)
        {
            harm.Count("orders", false, 20, 0, [100, 20]);
            harm.Count("orders", true, 200, 0, [100, 200]);
            harm.Close((10, 1), (10, 1));
        }

        harm.Harm.ShouldBe("harm to orders: 20 calls per request against 2, in 11 of 11 looks; odds 550:1");
        var row = harm.Report().ShouldHaveSingleItem();
        (row.Name, row.OldRate, row.NewRate, row.Old.Requests, row.New.Requests).ShouldBe(("orders", 2, 20, 220, 2200));
    }

    [Fact]
    public void Who_is_called_by_the_new_version_alone_counts_and_beyond_a_number_nobody_does()
    {
        var harm = Harm();
        for (var look = 0; look < 20; look++)
        {
            for (var callee = 0; callee < HarmDownstream.Most + 3; callee++)
            {
                harm.Count(string.Create(CultureInfo.InvariantCulture, $"s{callee:00}"), true, 10, 0, [100, 10]);
            }

            harm.Close((10, 1), (10, 1));
        }

        harm.Harm.ShouldNotBeNull().ShouldStartWith("harm to s00: 1 calls per request against 0");
        harm.Report().Count.ShouldBe(HarmDownstream.Most);
    }

    static HarmDownstream Harm() => new(new(0.01, 0.5, 50), Buckets, b => Math.Exp(b / 50.0));

    // The second in which it was seen; 0 where it was not.
    static int Run(int seed, int perSecond, double calls, double errors, double slower, int polls, int times)
    {
        var random = new Random(seed);
        var harm = Harm();
        for (var second = 1; second <= Seconds; second++)
        {
            var (old, fresh) = (Poisson(random, perSecond * times), Poisson(random, perSecond));
            Draw(random, harm, false, (old * 2) + (4 * polls), 0.01, 1);
            Draw(random, harm, true, (int)Math.Round(fresh * 2 * calls) + polls, 0.01 + errors, slower);
            harm.Close((old, 4), (fresh, 1));
            if (harm.Harm is not null)
            {
                return second;
            }
        }

        return 0;
    }

    static void Draw(Random random, HarmDownstream harm, bool isNew, int calls, double errors, double factor)
    {
        var counts = new long[Buckets];
        var failed = 0;
        for (var call = 0; call < calls; call++)
        {
            failed += random.NextDouble() < errors ? 1 : 0;
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            counts[Math.Clamp((int)(50 * Math.Log(20 * Math.Exp(0.5 * normal) * factor)), 0, Buckets - 1)]++;
        }

        harm.Count("orders", isNew, calls, failed, [.. counts.SelectMany((count, bucket) => count == 0 ? [] : new[] { bucket, count })]);
    }

    static int Poisson(Random random, double mean)
    {
        var (limit, product, count) = (Math.Exp(-mean), 1.0, -1);
        for (; product > limit; count++)
        {
            product *= random.NextDouble();
        }

        return count;
    }
}
