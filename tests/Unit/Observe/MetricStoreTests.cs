using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Query;
using Mainstay.Observe.Store.Metrics;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class MetricStoreTests
{
    readonly FakeTime time = new();

    static readonly MetricSeries Requests = new("requests", "1", MetricKind.Counter, ("service.name", "web"), ("host.name", "a"));

    long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    IReadOnlyList<SeriesSamples> Ask(IMetricStore store, string query)
    {
        var (parsed, wrong) = MetricQuery.Parse(query);
        wrong.ShouldBe("");
        return parsed!.At(store, Now);
    }

    [Fact]
    public void What_is_packed_is_unpacked_the_same()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(
            ArbMap.Default.GeneratorFor<(ushort, double)>().ListOf().ToArbitrary(),
            samples =>
            {
                var chunk = new SampleChunk();
                var (expected, at) = (new List<MetricPoint>(), 1_700_000_000_000L);
                foreach (var (gap, value) in samples.Take(SampleChunk.Most))
                {
                    at += gap % 7 == 0 ? 1000 : gap % 5 == 0 ? gap * 1_000_000L : gap;
                    chunk.Add(at, value);
                    expected.Add(new(at, value));
                }

                var read = new List<MetricPoint>();
                chunk.Copy().Read(long.MinValue, long.MaxValue, read);
                chunk.Seal();
                var again = new List<MetricPoint>();
                chunk.Read(long.MinValue, long.MaxValue, again);
                return read.SequenceEqual(expected) && again.SequenceEqual(expected);
            }));
    }

    [Fact]
    public void A_counter_each_second_takes_a_few_bytes_a_sample()
    {
        var store = new MetricStore(time);
        for (var i = 0; i < 3600; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1000 + (i % 3)));
            store.Add([new(Requests, i * 17 / 100.0, Now)]);
        }

        (store.Figures().Bytes / (double)store.Figures().Samples).ShouldBeLessThan(10);
        Ask(store, "rate(requests[30s])").ShouldHaveSingleItem().Points[0].Value.ShouldBe(0.17, 0.01);
    }

    [Fact]
    public void Samples_older_than_the_window_go_and_series_with_them()
    {
        var store = new MetricStore(time, new() { Window = TimeSpan.FromMinutes(10) });
        var other = new MetricSeries("other", "1", MetricKind.Gauge);
        store.Add([new(Requests, 1, Now)]);
        for (var i = 0; i < 30; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            store.Add([new(other, i, Now)]);
        }

        store.Figures().Series.ShouldBe(1);
        store.Read(MetricSelector.Of("requests"), 0, Now).ShouldBeEmpty();
        store.Figures().Evicted.ShouldBe(0, "it went in its time");
    }

    [Fact]
    public void Series_and_bytes_are_bounded_and_what_is_dropped_is_counted()
    {
        var store = new MetricStore(time, new() { Series = 10, Bytes = 40_000 });
        var series = Enumerable.Range(0, 12).Select(i => new MetricSeries("m", "1", MetricKind.Gauge, ("n", $"{i}"))).ToArray();
        for (var i = 0; i < 2000; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            store.Add([.. series.Select(s => new MetricSample(s, Math.Sin(i) * i, Now))]);
            store.Figures().Bytes.ShouldBeLessThan(45_000);
        }

        var figures = store.Figures();
        figures.Series.ShouldBe(10);
        figures.Refused.ShouldBe(2 * 2000);
        figures.Taken.ShouldBe(10 * 2000);
        figures.Evicted.ShouldBe(figures.Taken - figures.Samples);
        store.Read(MetricSelector.Of("m"), Now, Now).Count.ShouldBe(10, "the newest stay");
    }

    [Fact]
    public void What_is_not_newer_is_refused()
    {
        var store = new MetricStore(time);
        store.Add([new(Requests, 1, 1000), new(Requests, 2, 1000), new(Requests, 2, 999), new(Requests, double.NaN, 1001), new(Requests, 3, 1002)]);
        (store.Figures().Taken, store.Figures().Refused).ShouldBe((3, 2));
    }

    [Fact]
    public void A_rate_takes_a_smaller_value_for_a_new_beginning()
    {
        var store = new MetricStore(time);
        foreach (var value in new double[] { 100, 110, 5, 15 })
        {
            time.Advance(TimeSpan.FromSeconds(5));
            store.Add([new(Requests, value, Now)]);
        }

        Ask(store, "rate(requests)").ShouldHaveSingleItem().Points[0].Value.ShouldBe((10 + 5 + 10) / 15.0);
        time.Advance(TimeSpan.FromSeconds(16));
        Ask(store, "rate(requests)").ShouldBeEmpty("nothing grew within the range that anybody saw");
        Ask(store, "requests").ShouldHaveSingleItem().Points[0].Value.ShouldBe(15, "the last value is looked for further back");
    }

    [Theory]
    [InlineData("requests", true)]
    [InlineData("requests{}", true)]
    [InlineData("requests{service.name=\"web\"}", true)]
    [InlineData("requests{service.name!=\"web\"}", false)]
    [InlineData("requests{service.name=~\"w.*\", host.name!~'b|c',}", true)]
    [InlineData("requests{service.name=~\"w\"}", false)]
    [InlineData("requests{absent=\"\"}", true)]
    [InlineData("{host.name=\"a\"}", true)]
    [InlineData("other", false)]
    public void Selectors_select(string text, bool selects)
    {
        MetricSelector.TryParse(text, out var selector, out var wrong).ShouldBeTrue(wrong);
        selector!.Matches(Requests).ShouldBe(selects);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("a{b}")]
    [InlineData("a{b=c}")]
    [InlineData("a{b=\"c}")]
    [InlineData("a{b=\"c\" d=\"e\"}")]
    [InlineData("a{b=~\"(\"}")]
    [InlineData("a{b=~\"(?<=x)\"}")]
    [InlineData("a b")]
    [InlineData("rate(a[0s])")]
    [InlineData("rate(a[1d])")]
    [InlineData("rate(a[x])")]
    public void What_is_no_query_is_told(string text)
    {
        var (query, wrong) = MetricQuery.Parse(text);
        query.ShouldBeNull();
        wrong.ShouldNotBeEmpty();
    }

    [Fact]
    public void No_text_breaks_the_reading_of_queries() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(
        Gen.Elements("rate(", "a.b", "{", "}", "=", "=~", "!~", "\"", "'", ",", "[", "]", ")", "5s", "\\", " ", "(?<", "*").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
        text => MetricQuery.Parse(text) is var (query, wrong) && (query is null) == (wrong.Length > 0)));

    [Fact]
    public async Task Batches_arrive_whole_also_at_a_receiver_that_forgot_and_after_an_outage()
    {
        var store = new MetricStore(time);
        var intake = new BatchIntake(store);
        var (down, posts) = (false, 0);
        var shipper = new MetricShipper(
            (body, _) =>
            {
                Interlocked.Increment(ref posts);
                return down ? throw new HttpRequestException("refused") : Task.FromResult(Volatile.Read(ref intake).Take("a", Codec.Decode<MetricBatch>(body)));
            },
            time);
        using var stop = new CancellationTokenSource();
        var running = shipper.RunAsync(stop.Token);
        void Send(double value)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            shipper.Add([new(Requests, value, Now)]);
        }

        Send(1);
        await Until.HoldsAsync(() => store.Figures().Taken == 1);
        Volatile.Write(ref intake, new BatchIntake(store));
        Send(2);
        await Until.HoldsAsync(() => store.Figures().Taken == 2);
        down = true;
        var before = posts;
        Send(3);
        await Until.HoldsAsync(() => posts > before);
        down = false;
        await Until.HoldsAsync(() => store.Figures().Taken == 3, () => time.AdvanceToNext());
        store.Figures().Refused.ShouldBe(0);
        store.Read(MetricSelector.Of("requests"), 0, Now).ShouldHaveSingleItem().Points.Select(p => p.Value).ShouldBe([1, 2, 3]);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Beyond_a_minute_of_outage_the_oldest_are_dropped_and_counted()
    {
        var shipper = new MetricShipper((_, _) => throw new HttpRequestException("never asked"), time);
        for (var i = 0; i < MetricShipper.MostWaiting + 5; i++)
        {
            shipper.Add([new(Requests, i, i)]);
        }

        shipper.Dropped.ShouldBe(5);
    }

    [Fact]
    public void A_batch_that_makes_no_sense_harms_nothing()
    {
        var store = new MetricStore(time);
        var intake = new BatchIntake(store);
        intake.Take("a", new() { Epoch = 1, AtMs = 5, Series = [new(1, null!, "1", MetricKind.Gauge, ["odd"])], Values = [1, 2, 3] }).Again.ShouldBeFalse("its series can never be stored");
        intake.Take("a", new() { Epoch = 1, AtMs = 5, Values = [9e300, 2] }).Again.ShouldBeTrue();
        store.Figures().Taken.ShouldBe(0);
    }

    [Fact]
    public void The_view_of_hosts_and_instances_is_made_of_samples()
    {
        var store = new MetricStore(time);
        MetricSeries Host(string name, MetricKind kind, params (string, string)[] labels) => new(name, "1", kind, [("host.name", "h"), .. labels]);
        var instance = ((string, string)[])[("host.name", "h"), ("service.name", "web"), ("service.instance.id", "web-1"), ("service.version", "1.2.3")];
        for (var i = 0; i <= 20; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            store.Add(
            [
                new(Host("system.cpu.logical.count", MetricKind.Gauge), 2, Now),
                new(Host("system.cpu.time", MetricKind.Counter, ("cpu.mode", "idle")), i * 0.5, Now),
                new(Host("system.memory.limit", MetricKind.Gauge), 1000, Now),
                new(Host("system.memory.linux.available", MetricKind.Gauge), 250, Now),
                new(new("process.memory.usage", "By", MetricKind.Gauge, instance), 77, Now),
                new(new("process.cpu.time", "s", MetricKind.Counter, [.. instance, ("cpu.mode", "user")]), i * 0.75, Now),
                new(new("process.cpu.time", "s", MetricKind.Counter, [.. instance, ("cpu.mode", "system")]), i * 0.25, Now),
                new(new("dotnet.gc.last_collection.heap.size", "By", MetricKind.Gauge, instance), 5, Now),
                new(new("dotnet.gc.pause.time", "s", MetricKind.Counter, instance), i * 0.1, Now),
            ]);
        }

        var view = RuntimeBuilder.Build(store, [], time.GetUtcNow());
        var host = view.Hosts.ShouldHaveSingleItem();
        (host.Name, host.Cpu!.Value, host.Steal).ShouldBe(("h", 0.75, null));
        host.Trends.Memory.Count.ShouldBe(RuntimeBuilder.TrendSteps);
        host.Trends.Memory[^1].ShouldBe(0.75);
        host.Trends.Memory[0].ShouldBeNull("nothing was known five minutes ago");
        var one = view.Instances.ShouldHaveSingleItem();
        (one.Name, one.Service, one.Version, one.Host, one.Memory).ShouldBe(("web-1", "web", "1.2.3", "h", 77));
        one.Cpu!.Value.ShouldBe(1, 1e-9);
        one.DotNet!.Paused!.Value.ShouldBe(0.1, 1e-9);
    }
}
