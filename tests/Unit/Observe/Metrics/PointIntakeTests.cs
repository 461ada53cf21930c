using System.Text;
using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Points;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Tests.Observe.Ingest;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Metrics;

/// <summary>Points of every type become series.</summary>
public sealed class PointIntakeTests
{
    readonly FakeTime time = new();
    readonly ExemplarRing exemplars = new(4);
    readonly DecodeScratch scratch = new();
    readonly MetricStore store;
    readonly PointIntake intake;

    public PointIntakeTests()
    {
        store = new(time);
        intake = new(store, exemplars, time, most: 50);
    }

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public void Deltas_are_added_up_and_one_that_comes_twice_counts_once()
    {
        Send("sum", """{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[POINT]}""", 1000, """ "asInt":"3" """);
        Send("sum", """{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[POINT]}""", 1000, """ "asInt":"3" """);
        Send("sum", """{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[POINT]}""", 2000, """ "asInt":"4" """);
        Shown().ShouldBe(["m{a=\"b\",service.instance.id=\"s-1\",service.name=\"s\"} 1000:3 2000:7"]);
        store.Read(MetricSelector.Of("m"), 0, Now)[0].Series.Kind.ShouldBe(MetricKind.Counter);
    }

    [Fact]
    public void A_series_that_ends_says_so()
    {
        Send("gauge", """{"dataPoints":[POINT]}""", 1000, """ "asDouble":1.5 """);
        Send("gauge", """{"dataPoints":[POINT]}""", 2000, """ "flags":1 """);
        store.Read(MetricSelector.Of("m"), 0, Now)[0].Points.Select(p => Stale.Is(p.Value)).ShouldBe([false, true]);
    }

    [Fact]
    public void A_histogram_becomes_buckets_that_include_each_other()
    {
        Send("histogram", """{"aggregationTemporality":2,"dataPoints":[POINT]}""", 1000,
            """ "count":"6","sum":1.5,"explicitBounds":[0.1,0.5],"bucketCounts":["1","2","3"],"exemplars":[{"timeUnixNano":"900000000","asDouble":0.3,"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"}] """);
        Shown("le").ShouldBe(["m_bucket 0.1 1000:1", "m_bucket 0.5 1000:3", "m_bucket +Inf 1000:6", "m_sum  1000:1.5", "m_count  1000:6"], ignoreOrder: true);
        var exemplar = exemplars.Find(s => s.Label("le") == "0.5", 0, Now, 10).ShouldHaveSingleItem();
        (exemplar.Value, exemplar.AtMs, exemplar.Trace.ToString()).ShouldBe((0.3, 900, "5b8efff798038103d269b633813fc60c"));
    }

    [Fact]
    public void An_exponential_histogram_grows_its_bounds_without_losing_what_was()
    {
        // Scale 3, bucket 8: (2, 2^(9/8)], so within 2·√2.
        Send("exponentialHistogram", """{"aggregationTemporality":1,"dataPoints":[POINT]}""", 1000, """ "count":"3","sum":6,"scale":3,"zeroCount":"1","positive":{"offset":8,"bucketCounts":["2"]} """);
        Shown("le").ShouldBe(["m_bucket 2.8284271247461903 1000:3", "m_bucket +Inf 1000:3", "m_sum  1000:6", "m_count  1000:3"], ignoreOrder: true);
        Send("exponentialHistogram", """{"aggregationTemporality":1,"dataPoints":[POINT]}""", 2000, """ "count":"2","sum":9,"scale":0,"positive":{"offset":0,"bucketCounts":["1","0","1"]} """);
        Shown("le").ShouldBe(
            [
                "m_bucket 2 1000:1 2000:2", "m_bucket 2.8284271247461903 1000:3 2000:4", "m_bucket 4 1000:3 2000:4", "m_bucket 5.656854249492381 1000:3 2000:4",
                "m_bucket 8 1000:3 2000:5", "m_bucket +Inf 1000:3 2000:5", "m_sum  1000:6 2000:15", "m_count  1000:3 2000:5",
            ], ignoreOrder: true);
    }

    [Fact]
    public void A_summary_keeps_its_quantiles()
    {
        Send("summary", """{"dataPoints":[POINT]}""", 1000, """ "count":"2","sum":3,"quantileValues":[{"quantile":0.5,"value":1},{"quantile":0.99,"value":2}] """);
        Shown("quantile").ShouldBe(["m 0.5 1000:1", "m 0.99 1000:2", "m_sum  1000:3", "m_count  1000:2"], ignoreOrder: true);
    }

    [Fact]
    public void Too_many_identities_are_forgotten_and_counted()
    {
        for (var i = 0; i < 120; i++)
        {
            Send("gauge", """{"dataPoints":[POINT]}""", 1000 + i, """ "asDouble":1 """, $"m{i}");
        }

        intake.Forgotten.ShouldBe(2);
        store.Figures().Series.ShouldBe(120);
    }

    [Fact]
    public void No_points_break_it()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var body = new OtlpSamples(seed).Metrics().ToByteArray();
            intake.Take((ReadOnlySpan<byte>)body, (b, sink) => OtlpMetrics.Read(b, scratch, sink)).IsRead.ShouldBeTrue();
        }

        store.Figures().Series.ShouldBeGreaterThan(100);
    }

    void Send(string type, string data, long atMs, string point, string name = "m")
    {
        var one = "{\"timeUnixNano\":\"" + atMs + "000000\",\"attributes\":[{\"key\":\"a\",\"value\":{\"stringValue\":\"b\"}}]," + point + "}";
        var json = """
            {"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}},{"key":"service.instance.id","value":{"stringValue":"s-1"}},{"key":"telemetry.sdk.name","value":{"stringValue":"x"}}]},
              "scopeMetrics":[{"metrics":[{"name":"NAME","unit":"s","TYPE":DATA}]}]}]}
            """.Replace("NAME", name, StringComparison.Ordinal).Replace("TYPE", type, StringComparison.Ordinal).Replace("DATA", data.Replace("POINT", one, StringComparison.Ordinal), StringComparison.Ordinal);
        var result = intake.Take((ReadOnlySpan<byte>)Encoding.UTF8.GetBytes(json), (b, sink) => OtlpMetrics.ReadJson(b, scratch, sink));
        (result.Taken, result.Message).ShouldBe((1, ""));
    }

    string[] Shown(string? label = null)
    {
        MetricSelector.TryParse("{service.name=\"s\"}", out var all, out _).ShouldBeTrue();
        return [.. store.Read(all!, 0, Now).Select(s =>
            $"{(label is null ? s.Series : $"{s.Series.Name} {s.Series.Label(label)}")} {string.Join(' ', s.Points.Select(p => $"{p.AtMs}:{PointSeries.Shown(p.Value)}"))}")];
    }
}
