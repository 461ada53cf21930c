using Mainstay.Observe.Ingest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class EdgeStatisticsTests
{
    // Bucket n holds the microseconds from 1000 n to 1000 (n + 1): its middle is n + 0.5 ms.
    static readonly LatencyScale Scale = new(1000, i => i * 1000, i => (i + 1) * 1000);
    static readonly EdgeKey WebToOrders = new("web", "orders");

    readonly FakeTime time = new();

    EdgeStatistics Make(int edges = 100, int instances = 100) => new(time, Scale, edges, instances);

    void Add(EdgeStatistics statistics, long requests, long errors = 0, long bucket = 5, string from = "web", string? instance = "orders-1", double ago = 0) =>
        statistics.Add(new(from, "orders", instance, requests, errors, [bucket, requests]), time.GetUtcNow() - TimeSpan.FromSeconds(ago));

    [Fact]
    public void RatesAreOverTheWindowAndRatiosOverItsRequests()
    {
        var statistics = Make();
        for (var second = 0; second < 25; second++)
        {
            Add(statistics, requests: 40, errors: 10);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        // The current second has just begun: nine whole ones are in the window.
        var edge = statistics.Edges()[WebToOrders];
        edge.RequestsPerSecond.ShouldBe(36);
        edge.ErrorRatio.ShouldBe(0.25);
        statistics.Instances()["orders-1"].ShouldBe(edge);
        statistics.Requests.ShouldBe(1000);
    }

    [Fact]
    public void AYoungEdgeIsDividedByTheSecondsItIsKnown()
    {
        var statistics = Make();
        Add(statistics, requests: 30);
        statistics.Edges()[WebToOrders].RequestsPerSecond.ShouldBe(30);
        time.Advance(TimeSpan.FromSeconds(2));
        statistics.Edges()[WebToOrders].RequestsPerSecond.ShouldBe(10);
    }

    [Fact]
    public void PercentilesAreThoseOfAllRequestsTogether()
    {
        var statistics = Make();
        Add(statistics, requests: 98, bucket: 1);
        time.Advance(TimeSpan.FromSeconds(1));
        // One slow second of two requests: an average of both seconds' 99th percentiles would say 251 ms.
        Add(statistics, requests: 2, bucket: 500, instance: "orders-2");
        var edge = statistics.Edges()[WebToOrders];
        (edge.P50Ms, edge.P99Ms).ShouldBe((1.5, 500.5));
        statistics.Instances()["orders-1"].P99Ms.ShouldBe(1.5);
        time.Advance(TimeSpan.FromSeconds(9));
        statistics.Edges()[WebToOrders].P50Ms.ShouldBe(500.5);
    }

    [Fact]
    public void WhatIsSilentForAWindowIsForgotten()
    {
        var statistics = Make(edges: 1);
        Add(statistics, 1);
        time.Advance(TimeSpan.FromSeconds(9));
        statistics.Edges().Keys.ShouldContain(WebToOrders);
        Add(statistics, 1, from: "other");
        statistics.Dropped.ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(1));
        statistics.Edges().ShouldBeEmpty();
        Add(statistics, 1, from: "other");
        statistics.Edges().Keys.ShouldBe([new EdgeKey("other", "orders")]);
        statistics.Dropped.ShouldBe(1);
    }

    [Fact]
    public void WhatComesLateCountsWhereItBelongs()
    {
        var statistics = Make();
        Add(statistics, requests: 10, ago: 60);
        statistics.Edges().ShouldBeEmpty();
        statistics.Requests.ShouldBe(10);
        Add(statistics, requests: 10, ago: 5);
        time.Advance(TimeSpan.FromSeconds(4));
        statistics.Edges().Keys.ShouldContain(WebToOrders);
        time.Advance(TimeSpan.FromSeconds(1));
        statistics.Edges().ShouldBeEmpty();
        Add(statistics, requests: 10, ago: -60);
        time.Advance(TimeSpan.FromSeconds(10));
        statistics.Edges().ShouldBeEmpty();
    }

    [Fact]
    public void MemoryStaysBoundedWhateverComes()
    {
        var statistics = Make(edges: 10, instances: 5);
        for (var i = 0; i < 1000; i++)
        {
            Add(statistics, 1, from: $"s{i}", instance: $"i{i}");
        }

        statistics.Edges().Count.ShouldBe(10);
        statistics.Instances().Count.ShouldBe(5);
        statistics.Dropped.ShouldBe(990 + 995);
    }

    [Fact]
    public void BucketsOutsideTheScaleAreIgnored()
    {
        var statistics = Make();
        statistics.Add(new("web", "orders", null, 4, 0, [-1, 1, 1000, 1, 7, -5, 3, 1, 9]), time.GetUtcNow());
        statistics.Edges()[WebToOrders].P99Ms.ShouldBe(3.5);
    }
}
