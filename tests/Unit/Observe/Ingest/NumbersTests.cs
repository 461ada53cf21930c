using System.Text;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Spans;
using Mainstay.Observe.Numbers;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>Numbers before sampling: histograms that add up, windows, top lists, statements without literals.</summary>
public sealed class NumbersTests
{
    [Fact]
    public void A_sketch_s_quantiles_are_within_its_error_and_add_up()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var (one, two, both) = (new LatencySketch(), new LatencySketch(), new LatencySketch());
            var values = Enumerable.Range(0, 2000).Select(_ => (long)Math.Exp(random.NextDouble() * 25)).ToList();
            foreach (var (i, value) in values.Index())
            {
                (i % 2 == 0 ? one : two).Add(value);
                both.Add(value);
            }

            one.Add(two);
            values.Sort();
            foreach (var share in new[] { 0.01, 0.5, 0.9, 0.99, 1 })
            {
                var exact = values[(int)Math.Ceiling(share * values.Count) - 1];
                one.Quantile(share).ShouldBe(both.Quantile(share));
                one.Quantile(share).ShouldBeInRange(exact * 0.955, (exact * 1.046) + 1, $"seed {seed}, {share} of {exact}");
            }
        }

        LatencySketch.BucketOf(0).ShouldBe(0);
        LatencySketch.BucketOf(long.MaxValue).ShouldBeLessThan(512);
        new LatencySketch().Quantile(0.5).ShouldBe(0);
    }

    [Fact]
    public void Statements_are_joined_with_the_apis_that_ran_them_in_whatever_order_spans_come()
    {
        var paths = new StatementPaths();
        for (var i = 1; i <= 10; i++)
        {
            // Checkout's statement comes before what serves it, and what serves it is not the root of its trace.
            paths.Ran("orders"u8, "INSERT INTO orders"u8, new(1, (ulong)i), 4_000_000, i == 1, 1000);
            paths.Ran("orders"u8, "SELECT stock"u8, new(1, (ulong)i), 1_000_000, false, 1000);
            paths.Ran("orders"u8, "SELECT stock"u8, new(1, (ulong)i), 1_000_000, false, 1003);
            paths.Served("orders"u8, "POST /orders"u8, new(1, (ulong)i), false, 200, 8_000_000, 1004);
            paths.Served("web"u8, "POST /checkout"u8, new(1, (ulong)i), false, 100, 10_000_000, 1005);
        }

        for (var i = 1; i <= 30; i++)
        {
            paths.Served("web"u8, "GET /"u8, new(2, (ulong)i), true, 500, 3_000_000, 1001);
            paths.Served("reviews"u8, "GET /reviews"u8, new(2, (ulong)i), false, 400, 2_000_000, 1001);
            if (i <= 3)
            {
                paths.Ran("orders"u8, "SELECT stock"u8, new(2, (ulong)i), 6_000_000, false, 1001);
            }
        }

        paths.Ran("cron"u8, "VACUUM"u8, new(3, 1), 1_000_000_000, false, 1001);
        paths.Top(60, 10, 1005).ShouldBeEmpty("their traces may not be complete yet");
        paths.Advance(1013);
        paths.Count.ShouldBe(0);
        paths.Top(60, 10, 1013).Select(p => (p.Statement, $"{p.ApiService} {p.Api}", p.Calls, p.Requests, p.ApiShare, p.CallsPerRequest, p.ErrorRatio, p.StatementShare, p.TimeShare)).ShouldBe(
        [
            ("VACUUM", " ", 1, 1, 0, 1, 0, 1, 0),
            ("INSERT INTO orders", "web POST /checkout", 10, 10, 1, 1, 0.1, 1, 0.4),
            ("SELECT stock", "web POST /checkout", 20, 10, 1, 2, 0, 0.5263, 0.2),
            ("SELECT stock", "web GET /", 3, 3, 0.1, 1, 0, 0.4737, 0.2),
        ]);
        paths.Top(60, 10, 1013, statement: "select", api: "get").Single().Exemplar.ShouldBe(new TraceId(2, 3).ToString());
        paths.Top(60, 10, 1013, service: "cron").Single().Statement.ShouldBe("VACUUM");
        paths.Top(60, 10, 1100).ShouldBeEmpty("they are out of the window");
        paths.Top(3600, 10, 1100).Count.ShouldBe(4);
    }

    [Fact]
    public void Paths_are_bounded_by_what_is_under_way_and_by_how_many_there_are()
    {
        var paths = new StatementPaths(mostTraces: 4, mostPairs: 3);
        for (var i = 1; i <= 10; i++)
        {
            paths.Ran("a"u8, Encoding.UTF8.GetBytes($"SELECT {(char)('a' + i)}"), new(1, (ulong)i), 1, false, 1000);
        }

        (paths.Count, paths.Hurried).ShouldBe((4, 6));
        paths.Advance(2000);
        (paths.Count, paths.Dropped).ShouldBe((0, 7));
        for (var i = 0; i < StatementPaths.MostOfTrace + 5; i++)
        {
            paths.Ran("a"u8, Encoding.UTF8.GetBytes($"SELECT x{i}"), new(2, 1), 1, false, 9000);
        }

        paths.Dropped.ShouldBe(12);
        paths.Advance(9012);
        paths.Top(60, 10, 9012).Count.ShouldBe(3, "what is over makes room");
    }

    [Fact]
    public void Top_lists_are_by_calls_by_slowest_and_by_heat_over_any_window()
    {
        var numbers = new OperationStatistics();
        void Add(string name, int calls, double ms, long second, string instance = "i1", bool isError = false)
        {
            for (var i = 0; i < calls; i++)
            {
                numbers.Add(TopOf.Operations, "shop"u8, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(instance), (long)(ms * 1e6), isError, new(1, (ulong)second), second);
            }
        }

        Add("often", 100, 1, 1000);
        Add("slow", 1, 500, 1000);
        Add("hot", 50, 20, 1000);
        Add("hot", 50, 20, 1001, "i2", isError: true);
        Add("old", 1000, 1, 500);
        Names(TopBy.Calls, 60).ShouldBe(["hot", "often", "slow"]);
        Names(TopBy.Slow, 60).ShouldBe(["slow", "hot", "often"]);
        Names(TopBy.Heat, 60).ShouldBe(["hot", "slow", "often"]);
        Names(TopBy.Calls, 3600).ShouldBe(["old", "hot", "often", "slow"]);
        numbers.Top(TopOf.Operations, TopBy.Calls, 60, 10, 1001).Select(r => r.Apdex).ShouldBe([0.5, 1, 1], "what fails satisfies nobody; 500 ms is just good");
        var hot = numbers.Top(TopOf.Operations, TopBy.Heat, 10, 1, 1001).Single();
        (hot.Calls, hot.Instances, hot.ErrorRatio, hot.HeatSeconds).ShouldBe((100, 2, 0.5, 2));
        hot.P99Ms.ShouldBeInRange(19, 21);
        hot.CallsPerSecond.ShouldBe(50);
        numbers.Top(TopOf.Operations, TopBy.Heat, 60, 10, 1001, "other").ShouldBeEmpty();
        Add("late", 3, 2000, 1001);
        Add("late", 1, 2001, 1001);
        numbers.Top(TopOf.Operations, TopBy.Slow, 60, 1, 1001).Single().Apdex.ShouldBe(0.375);

        List<string> Names(TopBy by, int window) => [.. numbers.Top(TopOf.Operations, by, window, 10, 1001).Select(r => r.Name)];
    }

    [Fact]
    public void Too_many_series_are_dropped_and_told_until_others_are_an_hour_old()
    {
        var numbers = new OperationStatistics(most: 3);
        for (var i = 0; i < 5; i++) numbers.Add(TopOf.Services, "s"u8, [(byte)('a' + i)], default, 1, false, default, 10_000);
        (numbers.Count, numbers.Dropped).ShouldBe((3, 2));
        numbers.Add(TopOf.Services, "s"u8, "new"u8, default, 1, false, default, 13_601);
        (numbers.Count, numbers.Dropped).ShouldBe((1, 2));
    }

    [Theory]
    [InlineData("SELECT * FROM t WHERE id = 42 AND name = 'O''Brien' -- why\n LIMIT 10;", "SELECT * FROM t WHERE id = ? AND name = ? LIMIT ?")]
    [InlineData("select  a1,\n\tb2 from t2 where x in (1, 2,3 , 'four')", "select a1, b2 from t2 where x in (?)")]
    [InlineData("/* hint */ INSERT INTO t VALUES (0x1F, -1.5e3, NULL)", "INSERT INTO t VALUES (?, -?, NULL)")]
    [InlineData("SELECT 'open", "SELECT ?")]
    [InlineData("", "")]
    public void Statements_lose_their_literals(string sql, string plain)
    {
        var into = new byte[512];
        Encoding.UTF8.GetString(into, 0, Statements.Plain(Encoding.UTF8.GetBytes(sql), into)).ShouldBe(plain);
        Statements.Plain(Encoding.UTF8.GetBytes(sql), new byte[3]).ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public void Names_have_numbers_and_a_limit()
    {
        var names = new NameTable(3);
        var one = names.Of("one"u8);
        names.Of("two"u8).ShouldNotBe(one);
        names.Of("one"u8).ShouldBe(one);
        names[one].ShouldBe("one");
        names.Of("three"u8).ShouldBe(NameTable.Other);
        names.Overflows.ShouldBe(1);
    }
}
