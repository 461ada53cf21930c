using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>The map as it was.</summary>
public sealed class MapHistoryTests
{
    readonly FakeTime time = new();
    readonly MetricStore store;
    readonly CallSeries calls;

    public MapHistoryTests()
    {
        store = new(time);
        calls = new(store, new());
    }

    [Fact]
    public void What_stood_and_what_flowed_are_those_of_the_moment()
    {
        Step("1.0", 20, 0.004);
        Step("1.0", 20, 0.004);
        var then = time.GetUtcNow();
        time.Advance(TimeSpan.FromSeconds(10));
        Step("2.0", 5, 0.2, errors: 5, withDb: true);
        var now = time.GetUtcNow();

        var past = MapHistory.At(store, then).ShouldNotBeNull();
        past.At.ShouldBe(then);
        past.Nodes.Select(n => (n.Id, n.Kind, n.Version, n.Ready, n.Wanted, n.Criticality)).ShouldBe(
            [("gateway", "gateway", null, 1, 1, Criticality.Critical), ("web", "service", "1.0", 2, 3, Criticality.High)]);
        var instance = past.Nodes[1].Instances.ShouldHaveSingleItem();
        (instance.Id, instance.State, instance.Host, instance.RequestsPerSecond).ShouldBe(("web-1", InstanceState.Ready, "h1", 2));
        var edge = past.Edges.ShouldHaveSingleItem();
        (edge.From, edge.To, edge.RequestsPerSecond, edge.ErrorRatio, edge.Declared).ShouldBe(("gateway", "web", 2, 0, true));
        edge.P99Ms.ShouldBeInRange(2.5, 5);
        edge.MeanMs.ShouldBe(4);

        var later = MapHistory.At(store, now).ShouldNotBeNull();
        later.Nodes.Single(n => n.Id == "web").Version.ShouldBe("2.0");
        later.Edges.Select(e => (e.From, e.To, e.RequestsPerSecond, e.ErrorRatio, e.Declared)).ShouldBe([("gateway", "web", 0.25, 1, true), ("web", "db", 0.1, 0, false)]);
        MapHistory.At(store, now.AddHours(-5)).ShouldBeNull();
    }

    void Step(string version, int count, double seconds, int errors = 0, bool withDb = false)
    {
        time.Advance(TimeSpan.FromSeconds(5));
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        calls.Add(new(CallsOf.Edge, "gateway", "web", "mesh"), count, errors, [(seconds, count)], at);
        calls.Add(new(CallsOf.Edge, "gateway", "web", "traces"), count * 9, errors, [(seconds, count * 9)], at);
        calls.Add(new(CallsOf.Instance, "web", "web-1"), count, errors, [(seconds, count)], at);
        if (withDb)
        {
            calls.Add(new(CallsOf.Edge, "web", "db", "traces"), 1, 0, [(seconds, 1)], at);
        }

        time.Advance(TimeSpan.FromSeconds(5));
        calls.Write(time.GetUtcNow().ToUnixTimeMilliseconds());
        var samples = new List<MetricSample>();
        MapHistory.Write(Map(version, withDb), samples);
        store.Add(samples.ToArray());
    }

    MapView Map(string version, bool withDb) => new(
        7, time.GetUtcNow(),
        [
            new("gateway", "gateway", "127.0.0.1:8080", Criticality.Critical, Lifecycle.Run, "", "", 1, 1, null, [], []),
            new("web", "service", "web", Criticality.High, Lifecycle.Run, "", "", 2, 3, version, ["h1"], [new("web-1", InstanceState.Ready, "h1", 0, 0, 0)]),
            .. withDb ? new MapNode[] { new("db", "external", "db", Criticality.Medium, Lifecycle.Run, "traced", "", 0, 0, null, [], []) } : [],
        ],
        [new("gateway", "web", 1, 0, 1, 1, true)]);
}
