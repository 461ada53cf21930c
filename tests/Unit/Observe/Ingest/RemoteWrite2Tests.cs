using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Points;
using Mainstay.Observe.Ingest.Prometheus;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Oracle;
using Mainstay.Tests.Host.Api;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>Remote write 2.0, as its specification has it; the bytes are those that Google's protobuf writes.</summary>
public sealed class RemoteWrite2Tests
{
    const string Trace = "5af7183fb1d4cf5f86154a4ba6e91385";

    readonly DecodeScratch scratch = new();
    readonly Written sink = new();

    [Fact]
    public void Series_name_their_texts_by_number_and_say_of_what_type_they_are()
    {
        var request = new WriteRequest2
        {
            Symbols = { "", "__name__", "http_requests_total", "job", "node", "seconds", "latency_seconds_bucket", "le", "0.1", "trace_id", Trace, "a", "rest_seconds" },
            Timeseries =
            {
                new TimeSeries2
                {
                    LabelsRefs = { 11, 4, 1, 2, 3, 4 }, Metadata = new() { Type = 1 }, CreatedTimestamp = 500,
                    Samples = { new Sample2 { Value = 1.5, Timestamp = 1000 }, new Sample2 { Value = BitConverter.UInt64BitsToDouble(0x7ff0000000000002), Timestamp = 2000, StartTimestamp = 700 } },
                },
                new TimeSeries2 { LabelsRefs = { 1, 6, 7, 8 }, Metadata = new() { Type = 3, UnitRef = 5 }, Samples = { new Sample2 { Value = 3, Timestamp = 1000 } } },
                new TimeSeries2 { LabelsRefs = { 1, 12 }, Metadata = new() { Type = 2, UnitRef = 5 }, Samples = { new Sample2 { Value = 4, Timestamp = 1000 } } },
                new TimeSeries2 { LabelsRefs = { 1, 4 }, Metadata = new() { Type = 1, UnitRef = 5 }, Samples = { new Sample2 { Value = 5, Timestamp = 1000 } } },
                new TimeSeries2 { LabelsRefs = { 1, 4 }, Samples = { new Sample2 { Value = 6, Timestamp = 1000 } } },

                // As Prometheus sends exemplars: alone.
                new TimeSeries2 { LabelsRefs = { 1, 6, 7, 8 }, Metadata = new() { Type = 3, UnitRef = 5 }, Exemplars = { new WriteExemplar2 { LabelsRefs = { 9, 10 }, Value = 0.05, Timestamp = 900 } } },
            },
        };
        var read = Read(request);
        (read.Taken, read.Histograms, read.Exemplars, read.Refused, read.Fault).ShouldBe((6, 0, 1, 0, DecodeFault.None));
        sink.ToString().ShouldBe($$"""
            resource {} scope '' '' {}
            point 'http_requests_total' '' '' Sum Cumulative rising 500000000 1000000000 {a=Text:node job=Text:node}
              value 1.5
            point 'http_requests_total' '' '' Sum Cumulative rising stale 700000000 2000000000 {a=Text:node job=Text:node}
              value NaN
            point 'latency_seconds_bucket' 'seconds' '' Sum Cumulative rising 0 1000000000 {le=Text:0.1}
              value 3
            point 'rest_seconds' 'seconds' '' Gauge Unspecified 0 1000000000 {}
              value 4
            point 'node' '' '' Sum Cumulative rising 0 1000000000 {}
              value 5
            point 'node' '' '' Unknown Unspecified 0 1000000000 {}
              value 6
            point 'latency_seconds_bucket' 'seconds' '' Sum Cumulative rising 0 0 {le=Text:0.1}
              value 0
              exemplar 900000000 0.05 {{Trace}} 0000000000000000 {trace_id=Text:{{Trace}}}

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Native_histograms_say_when_they_began_and_exemplars_stand_with_the_first()
    {
        WriteHistogram Of(long at) => new()
        {
            CountInt = 4, Sum = 7, Schema = 0, ZeroCountInt = 1, Timestamp = at, StartTimestamp = 100, PositiveSpans = { new BucketSpan { Offset = 1, Length = 2 } }, PositiveDeltas = { 2, -1 },
        };
        var read = Read(new()
        {
            Symbols = { "", "__name__", "d", "traceID", Trace },
            Timeseries = { new TimeSeries2 { LabelsRefs = { 1, 2 }, Metadata = new() { Type = 3 }, Histograms = { Of(1000), Of(2000) }, Exemplars = { new WriteExemplar2 { LabelsRefs = { 3, 4 }, Value = 3 }, new WriteExemplar2 { Value = 1 } } } },
        });
        (read.Taken, read.Histograms, read.Exemplars, read.Refused).ShouldBe((2, 2, 1, 0), "an exemplar without a trace leads nowhere");
        sink.ToString().Split('\n')[1..].ShouldBe(
        [
            "point 'd' '' '' ExponentialHistogram Cumulative 100000000 1000000000 {}", "  count 4 sum 7 min - max - counts 2,1 bounds ", "  scale 0 zero 1 0 positive 0 negative -1 ",
            $"  exemplar 0 3 {Trace} 0000000000000000 {{traceID=Text:{Trace}}}", "  exemplar 0 1 00000000000000000000000000000000 0000000000000000 {}",
            "point 'd' '' '' ExponentialHistogram Cumulative 100000000 2000000000 {}", "  count 4 sum 7 min - max - counts 2,1 bounds ", "  scale 0 zero 1 0 positive 0 negative -1 ", "",
        ]);
    }

    [Fact]
    public void What_is_wrong_is_refused_and_the_rest_taken()
    {
        TimeSeries2 Of(params uint[] labels) => new() { LabelsRefs = { labels }, Samples = { new Sample2 { Value = 1, Timestamp = 1 } } };
        string[] symbols = ["", "__name__", "up", "job"];
        var read = Read(new() { Symbols = { symbols }, Timeseries = { Of(1, 2, 3), Of(1, 9), Of(3, 2), Of(), Of(1, 2) } });
        (read.IsRead, read.Taken, read.Refused, read.FirstRefusal).ShouldBe((true, 1, 4, DecodeFault.Malformed), "an odd number, one beyond the table, no name, no labels");
        var unit = Of(1, 2);
        unit.Metadata = new() { UnitRef = 9 };
        Read(new() { Symbols = { symbols }, Timeseries = { unit } }).Refused.ShouldBe(1);
        Read(new() { Symbols = { "up", "__name__", "up" }, Timeseries = { Of(1, 2) } }).Refused.ShouldBe(1, "the first text must be empty");
        var bytes = new WriteRequest2 { Symbols = { symbols }, Timeseries = { Of(1, 2) } }.ToByteArray();
        RemoteWrite2.ReadPlain(bytes.AsSpan(0, bytes.Length - 1), scratch, new Written()).IsRead.ShouldBeFalse();
        var many = new WriteRequest2();
        many.Symbols.AddRange(Enumerable.Repeat("", DecodeScratch.MostSymbols + 1));
        RemoteWrite2.ReadPlain(many.ToByteArray(), scratch, new Written()).Fault.ShouldBe(DecodeFault.TooMany);

        // What comes after the table may as well come before it, and a request of 1.0 has nothing that is known here.
        var turned = new WriteRequest2 { Timeseries = { Of(1, 2) } }.ToByteArray().Concat(new WriteRequest2 { Symbols = { symbols } }.ToByteArray()).ToArray();
        RemoteWrite2.ReadPlain(turned, scratch, new Written()).Taken.ShouldBe(1);
        RemoteWrite2.ReadPlain(new WriteRequest { Timeseries = { new TimeSeries { Labels = { new Label { Name = "__name__", Value = "up" } } } } }.ToByteArray(), scratch, new Written()).ShouldBe(new DecodeResult(0, 0, Offset: 0));
    }

    [Fact]
    public void Exemplars_that_come_alone_are_kept_with_their_series()
    {
        var time = new FakeTime();
        var (store, exemplars) = (new MetricStore(time), new ExemplarRing(4));
        var intake = new PointIntake(store, exemplars, time);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var one = new TimeSeries { Labels = { new Label { Name = "__name__", Value = "d_bucket" }, new Label { Name = "le", Value = "1" } } };
        var sample = one.Clone();
        sample.Samples.Add(new Sample { Value = 2, Timestamp = now });
        var exemplar = one.Clone();
        exemplar.Exemplars.Add(new WriteExemplar { Labels = { new Label { Name = "trace_id", Value = Trace } }, Value = 0.5, Timestamp = now });
        intake.Take(new WriteRequest { Timeseries = { sample, exemplar } }.ToByteArray(), (b, to) => RemoteWrite.ReadPlain(b, scratch, to)).Taken.ShouldBe(1);
        exemplars.Find(s => s.Label("le") == "1", 0, now, 10).ShouldHaveSingleItem().Trace.ToString().ShouldBe(Trace);
        store.Read(MetricSelector.Of("d_bucket"), 0, now).ShouldHaveSingleItem().Points.ShouldHaveSingleItem().Value.ShouldBe(2);
    }

    [Fact]
    public async Task A_sender_is_told_how_much_was_written_and_which_messages_there_are()
    {
        await using var api = await ApiFixture.StartAsync();
        var now = api.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var good = new TimeSeries2 { LabelsRefs = { 1, 2 }, Metadata = new() { Type = 2 }, Samples = { new Sample2 { Value = 4, Timestamp = now } } };
        var request = new WriteRequest2 { Symbols = { "", "__name__", "rooms", "trace_id", Trace }, Timeseries = { good } };
        const string two = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
        (await SendAsync(api, request, two)).ShouldBe((204, "1 0 0"));
        (await api.GetJsonAsync("prometheus/api/v1/query?query=rooms"))["data"]!["result"]!.AsArray().ShouldHaveSingleItem()!["value"]![1]!.GetValue<string>().ShouldBe("4");
        request.Timeseries.Add(new TimeSeries2 { LabelsRefs = { 1, 9 } });
        request.Timeseries.Add(new TimeSeries2 { LabelsRefs = { 1, 2 }, Exemplars = { new WriteExemplar2 { LabelsRefs = { 3, 4 }, Value = 1, Timestamp = now } } });
        request.Timeseries.Add(new TimeSeries2 { LabelsRefs = { 1, 2 }, Histograms = { new WriteHistogram { Schema = 1, Timestamp = now } } });
        (await SendAsync(api, request, two)).ShouldBe((400, "1 1 1"), "wrong in part: what was written is told, and that it need not come again");
        (await SendAsync(api, request, "application/x-protobuf;proto=io.prometheus.write.v3.Request")).ShouldBe((415, "  "));
        (await SendAsync(api, request, two, "gzip")).ShouldBe((415, "  "));
        var old = new WriteRequest { Timeseries = { new TimeSeries { Labels = { new Label { Name = "__name__", Value = "doors" } }, Samples = { new Sample { Value = 2, Timestamp = now } } } } };
        (await SendAsync(api, old, "application/x-protobuf")).ShouldBe((204, "  "));
        (await SendAsync(api, old, "application/x-protobuf; proto=prometheus.WriteRequest")).ShouldBe((204, "  "));
        api.Faults.ShouldBeEmpty();
    }

    static async Task<(int Status, string Written)> SendAsync(ApiFixture api, IMessage message, string type, string encoding = "snappy")
    {
        using var content = new ByteArrayContent(OtherDecodeTests.Literals(message.ToByteArray()));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        content.Headers.Add("Content-Encoding", encoding);
        using var answer = await api.Client.PostAsync(new Uri("api/v1/write", UriKind.Relative), content);
        string Header(string name) => answer.Headers.TryGetValues($"X-Prometheus-Remote-Write-{name}-Written", out var values) ? values.Single() : "";
        return ((int)answer.StatusCode, $"{Header("Samples")} {Header("Histograms")} {Header("Exemplars")}");
    }

    DecodeResult Read(WriteRequest2 request) => RemoteWrite2.Read(OtherDecodeTests.Literals(request.ToByteArray()), scratch, sink, 1 << 20);
}
