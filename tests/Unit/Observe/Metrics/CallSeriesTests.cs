using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>Rate, errors and durations as series.</summary>
public sealed class CallSeriesTests
{
    readonly FakeTime time = new();
    readonly ExemplarRing exemplars = new();
    readonly MetricStore store;
    readonly CallSeries calls;

    public CallSeriesTests()
    {
        store = new(time);
        calls = new(store, exemplars, most: 3);
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void The_first_sample_is_a_zero_before_it()
    {
        calls.Add(new(CallsOf.Edge, "web", "orders", "mesh"), 4, 1, [(0.003, 3), (20, 1)], Now);
        var began = Now;
        time.Advance(TimeSpan.FromSeconds(3));
        calls.Write(Now);
        time.Advance(TimeSpan.FromSeconds(10));
        calls.Write(Now);
        Points("traces_service_graph_request_total").ShouldBe([(Now - 20_000, 0d), (Now - 10_000, 4d), (Now, 4d)]);
        Points("traces_service_graph_request_failed_total")[^1].ShouldBe((Now, 1d));
        Points("traces_service_graph_request_server_bucket", "0.0025")[^1].Value.ShouldBe(0);
        Points("traces_service_graph_request_server_bucket", "0.005")[^1].Value.ShouldBe(3);
        Points("traces_service_graph_request_server_bucket", "+Inf")[^1].Value.ShouldBe(4);
        Points("traces_service_graph_request_server_sum")[^1].Value.ShouldBe(20.009, 1e-9);
        began.ShouldBeLessThan(Now);
    }

    [Fact]
    public void What_is_silent_is_written_no_more_and_goes_on_where_it_was()
    {
        calls.Add(new(CallsOf.Route, "api"), 1, 0, [(0.1, 1)], Now);
        calls.Write(Now);
        time.Advance(TimeSpan.FromMinutes(6));
        calls.Write(Now);
        Points("http.server.request.duration_count").Count.ShouldBe(2);
        calls.Add(new(CallsOf.Route, "api"), 1, 0, [(0.1, 1)], Now);
        calls.Write(Now);
        Points("http.server.request.duration_count")[^1].Value.ShouldBe(2);
    }

    [Fact]
    public void Lines_are_bounded_and_what_has_no_room_is_counted()
    {
        for (var i = 0; i < 5; i++)
        {
            calls.Add(new(CallsOf.Instance, "s", $"s-{i}"), 10, 0, [], Now);
        }

        calls.Dropped.ShouldBe(20);
        calls.Exemplar(new(CallsOf.Instance, "s", "s-0"), 0.02, new TraceId(1, 2), Now);
        exemplars.Find(s => s.Label("le") == "0.025", 0, Now, 5).ShouldHaveSingleItem().Value.ShouldBe(0.02);
    }

    [Fact]
    public void Operations_are_written_window_by_window()
    {
        var operations = new OperationStatistics();
        var second = Now / 1000;
        for (var i = 0; i < 100; i++)
        {
            operations.Add(TopOf.Operations, "s"u8, "GET /x"u8, "s-1"u8, 20_000_000, i < 5, new TraceId(3, 4), second);
        }

        operations.Write((second / 10) - 1, calls);
        calls.Write(Now);
        store.Figures().Series.ShouldBe(0, "nothing happened in that window");
        operations.Write(second / 10, calls);
        calls.Write(Now);
        Points("traces.span.metrics.calls")[^1].Value.ShouldBe(100);
        Points("traces.span.metrics.failed")[^1].Value.ShouldBe(5);
        Points("traces.span.metrics.duration_bucket", "0.025")[^1].Value.ShouldBe(100);
        exemplars.Added.ShouldBe(1);
    }

    IReadOnlyList<(long AtMs, double Value)> Points(string name, string le = "") =>
        [.. store.Read(MetricSelector.Of(name), 0, Now).Single(s => s.Series.Label("le") == le).Points.Select(p => (p.AtMs, p.Value))];
}
