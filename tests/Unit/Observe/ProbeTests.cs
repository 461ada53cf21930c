using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Collect.Probes;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Prometheus;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe;

public sealed class ProbeTests
{
    readonly ProbeSamples samples = new(("service.name", "x"));

    double? Of(string name, params (string, string)[] labels) =>
        samples.Values.Where(v => v.Series.Name == name && labels.All(l => v.Series.Label(l.Item1) == l.Item2)).Select(v => (double?)v.Value).SingleOrDefault();

    [Fact]
    public void Nginx_tells_connections_and_requests()
    {
        NginxStatus.Read("Active connections: 291 \nserver accepts handled requests\n 16630948 16630946 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n"u8, samples).ShouldBeNull();
        (Of("nginx.requests"), Of("nginx.connections_accepted"), Of("nginx.connections_handled")).ShouldBe((31070465, 16630948, 16630946));
        (Of("nginx.connections_current", ("state", "active")), Of("nginx.connections_current", ("state", "waiting"))).ShouldBe((291, 106));
        NginxStatus.Read("<html>hello</html>"u8, samples)!.ShouldContain("stub_status");
    }

    [Fact]
    public void Redis_tells_what_INFO_says()
    {
        RedisInfo.Read("# Server\r\nredis_version:7.0.15\r\nused_memory:1024\r\nmaxmemory:0\r\nkeyspace_hits:9\r\nrole:slave\r\nmaster_link_status:down\r\nmem_fragmentation_ratio:1.5\r\n# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=0\r\n"u8, samples).ShouldBeNull();
        (Of("redis.memory.used"), Of("redis.keyspace.hits"), Of("redis.memory.fragmentation_ratio")).ShouldBe((1024, 9, 1.5));
        (Of("redis.db.keys", ("db", "0")), Of("redis.replication.linked"), Of("redis.maxmemory")).ShouldBe((5, 0, null));
        RedisInfo.Read("+PONG"u8, samples).ShouldNotBeNull();
    }

    [Fact]
    public void RabbitMQ_tells_queues_and_alarms()
    {
        RabbitReport.ReadOverview("""{"rabbitmq_version":"3.10.8","object_totals":{"connections":3,"queues":1,"consumers":2}}"""u8.ToArray(), samples).ShouldBeNull();
        RabbitReport.ReadNodes("""[{"name":"r@h","mem_used":5,"mem_limit":10,"mem_alarm":true,"disk_free_alarm":false}]"""u8.ToArray(), samples).ShouldBeNull();
        RabbitReport.ReadQueues("""{"items":[{"name":"q","vhost":"/","messages_ready":7,"messages_unacknowledged":1,"consumers":2,"message_stats":{"publish":11}},5,{"name":"quiet","vhost":"/"}]}"""u8.ToArray(), samples).ShouldBeNull();
        (Of("rabbitmq.connection.count"), Of("rabbitmq.node.mem_alarm"), Of("rabbitmq.node.disk_free_alarm")).ShouldBe((3, 1, 0));
        (Of("rabbitmq.message.current", ("state", "ready")), Of("rabbitmq.message.published", ("rabbitmq.queue.name", "q"))).ShouldBe((7, 11));
        RabbitReport.ReadOverview("<html>"u8.ToArray(), samples)!.ShouldContain("rabbitmq_management");
        RabbitReport.ReadOverview("[]"u8.ToArray(), samples).ShouldNotBeNull();
    }

    static DecodeResult Exporter(byte[] page, ProbeSamples into) => PrometheusText.Read(page, new DecodeScratch(), new ExporterPoints(into), isOpenMetrics: false);

    [Fact]
    public void An_exporter_keeps_its_names_and_labels()
    {
        var read = Exporter("""
            # HELP http_requests_total The total.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 1395066363000
            # TYPE latency histogram
            latency_bucket{le="0.05"} 24054
            latency_sum 53423
            temperature -1.5e1
            odd{path="C:\\DIR\\\"x\"\n",service.name="theirs"} 1
            nothing NaN
            broken{
            broken 1x
            """u8.ToArray(), samples);
        (read.Taken, read.Refused).ShouldBe((6, 2));
        var total = samples.Values.Single(v => v.Series.Name == "http_requests_total");
        (total.Value, total.Series.Kind, total.Series.Label("method")).ShouldBe((1027, Mainstay.Observe.Store.Metrics.MetricKind.Counter, "post"));
        Of("latency_bucket", ("le", "0.05")).ShouldBe(24054);
        Of("temperature").ShouldBe(-15);
        Of("odd", ("path", "C:\\DIR\\\"x\"\n"), ("service.name", "x")).ShouldBe(1, "ours wins");
        Of("nothing").ShouldBeNull();
    }

    [Fact]
    public void No_bytes_break_a_parser() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(
        Gen.Elements("a", "{", "}", "=", "\"", "\\", ",", " ", "1", "-", ":", "\n", "# TYPE ", "Active connections:", "server accepts handled requests\n", "db0:keys=", "redis_version:", "[", "null", "{\"items\":", "é", "\0")
            .ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
        text =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var into = new ProbeSamples();
            _ = (NginxStatus.Read(bytes, into), RedisInfo.Read(bytes, into), Exporter(bytes, into));
            _ = (RabbitReport.ReadOverview(bytes, into), RabbitReport.ReadNodes(bytes, into), RabbitReport.ReadQueues(bytes, into));
            return into.Values.All(v => double.IsFinite(v.Value));
        }));

    [Fact]
    public void Series_of_one_server_are_bounded_and_counted()
    {
        for (var i = 0; i < ProbeSamples.MostSeries + 10; i++)
        {
            samples.Gauge("m", "1", i, ("n", $"{i}"));
        }

        (samples.Values.Count, samples.Dropped).ShouldBe((ProbeSamples.MostSeries, 10));
    }

    [Theory]
    [InlineData("127.0.0.1:6379", ProbeKind.Redis, "")]
    [InlineData("http://h:80", ProbeKind.Nginx, "")]
    [InlineData("cache", ProbeKind.Redis, "has no port")]
    [InlineData("http://user@h:80", ProbeKind.Nginx, "is no address")]
    [InlineData("http://h/status", ProbeKind.Nginx, "is no address")]
    [InlineData("https://h:6379", ProbeKind.Redis, "not asked over https")]
    public void Addresses_are_checked(string address, ProbeKind kind, string wrong)
    {
        var problems = new WatchSpec { Kind = kind, Address = address }.Validate().ToArray();
        if (wrong.Length == 0)
        {
            problems.ShouldBeEmpty();
        }
        else
        {
            problems.ShouldHaveSingleItem().What.ShouldContain(wrong);
        }
    }

    [Fact]
    public void Everything_wrong_with_a_watched_server_is_told_at_once() =>
        new WatchSpec { Kind = ProbeKind.Postgres, Address = "x", Path = "p", User = "", Password = "a://b", Database = "", Every = TimeSpan.FromMilliseconds(5) }
            .Validate().Select(p => p.Path).ShouldBe(["address", "path", "user", "database", "password", "every"], ignoreOrder: true);
}
