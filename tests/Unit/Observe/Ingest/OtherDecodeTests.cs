using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Mainstay.Observe.Ingest.Alerts;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Prometheus;
using Mainstay.Observe.Ingest.Zipkin;
using Mainstay.Oracle;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>The decoders that are not OTLP's, by examples of what real senders write.</summary>
public sealed class OtherDecodeTests
{
    readonly DecodeScratch scratch = new();
    readonly Written sink = new();

    [Fact]
    public void Zipkin_spans_keep_their_halves_ids_and_tags()
    {
        var body = """
            [{"traceId":"86154a4ba6e91385","parentId":"86154a4ba6e91385","id":"4d1e00c0db9010db","kind":"CLIENT","name":"get","timestamp":1472470996199000,"duration":207000,
              "localEndpoint":{"serviceName":"frontend","ipv4":"127.0.0.1"},"remoteEndpoint":{"serviceName":"backend","ipv4":"192.168.99.101","port":9000},
              "tags":{"http.path":"/api","Mixed.Case":"a\nb"},"annotations":[{"timestamp":1472470996238000,"value":"foo"}]},
             {"traceId":"5af7183fb1d4cf5f86154a4ba6e91385","id":"4D1E00C0DB9010DB","kind":"SERVER","shared":true,"tags":{"error":"boom"},"debug":true},
             {"traceId":"0","id":"1"},{"traceId":"1","id":"zz"}]
            """u8;
        ZipkinSpans.Read(body, scratch, sink).ShouldBe(new DecodeResult(2, 2, FirstRefusal: DecodeFault.BadId));
        sink.ToString().ShouldBe("""
            resource {service.name=Text:frontend host.ip=Text:127.0.0.1} scope '' '' {}
            span 000000000000000086154a4ba6e91385 4d1e00c0db9010db 86154a4ba6e91385 Client 'get' 1472470996199000000 1472470996406000000 Unset '' '' 0 {http.path=Text:/api Mixed.Case=Text:a
            b service.peer.name=Text:backend network.peer.address=Text:192.168.99.101 network.peer.port=Integer:9000}
              event 1472470996238000000 'foo' {}
            resource {} scope '' '' {}
            span 5af7183fb1d4cf5f86154a4ba6e91385 4d1e00c0db9010db 0000000000000000 Server '' 0 0 Error 'boom' '' 0 shared {error=Text:boom}

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Prometheus_text_is_read_line_by_line()
    {
        var body = """
            # HELP http_requests_total The total.
            # TYPE http_requests_total counter
            http_requests_total{method="post",path="a\"b\\c\nd"} 1027 1395066363000
            http_requests_total { method = "get" , } 3
            # TYPE temp gauge
            temp -Inf
            # TYPE rpc histogram
            rpc_bucket{le="+Inf"} 144320
            rpc_sum 53423
            {"utf8.name", a="b"} 1
            broken{a=} 1
            broken
            untyped 1.5e3 notatime
            alone NaN
            """u8;
        PrometheusText.Read(body, scratch, sink, isOpenMetrics: false).ShouldBe(new DecodeResult(7, 3, DecodeFault.None, body.Length, DecodeFault.Malformed));
        sink.ToString().ShouldBe("""
            resource {} scope '' '' {}
            point 'http_requests_total' '' '' Sum Cumulative rising 0 1395066363000000000 {method=Text:post path=Text:a"b\c
            d}
              value 1027
            point 'http_requests_total' '' '' Sum Cumulative rising 0 0 {method=Text:get}
              value 3
            point 'temp' '' '' Gauge Unspecified 0 0 {}
              value -Infinity
            point 'rpc_bucket' '' '' Sum Cumulative rising 0 0 {le=Text:+Inf}
              value 144320
            point 'rpc_sum' '' '' Sum Cumulative rising 0 0 {}
              value 53423
            point 'utf8.name' '' '' Unknown Unspecified 0 0 {a=Text:b}
              value 1
            point 'alone' '' '' Unknown Unspecified 0 0 {}
              value NaN

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void OpenMetrics_has_units_exemplars_and_an_end()
    {
        var body = """
            # TYPE foo_seconds histogram
            # UNIT foo_seconds seconds
            foo_seconds_bucket{le="0.1"} 8 123.5 # {trace_id="5af7183fb1d4cf5f86154a4ba6e91385",span_id="4d1e00c0db9010db"} 0.054 123.25
            # EOF
            """u8;
        PrometheusText.Read(body, scratch, sink, isOpenMetrics: true).ShouldBe(new DecodeResult(1, 0, DecodeFault.None, body.Length));
        sink.ToString().ShouldBe("""
            resource {} scope '' '' {}
            point 'foo_seconds_bucket' 'seconds' '' Sum Cumulative rising 0 123500000000 {le=Text:0.1}
              value 8
              exemplar 123250000000 0.054 5af7183fb1d4cf5f86154a4ba6e91385 4d1e00c0db9010db {trace_id=Text:5af7183fb1d4cf5f86154a4ba6e91385 span_id=Text:4d1e00c0db9010db}

            """.ReplaceLineEndings("\n"));
        PrometheusText.Read(body[..^5], scratch, new Written(), isOpenMetrics: true).Fault.ShouldBe(DecodeFault.Truncated);
    }

    [Fact]
    public void Remote_write_is_unpacked_and_read()
    {
        var request = new WriteRequest
        {
            Timeseries =
            {
                new TimeSeries
                {
                    Labels = { new Label { Name = "__name__", Value = "up" }, new Label { Name = "job", Value = "node" } },
                    Samples = { new Sample { Value = 1.5, Timestamp = 1000 }, new Sample { Value = BitConverter.UInt64BitsToDouble(0x7ff0000000000002), Timestamp = 2000 } },
                    Exemplars = { new WriteExemplar { Labels = { new Label { Name = "traceID", Value = "5af7183fb1d4cf5f86154a4ba6e91385" } }, Value = 2, Timestamp = 900 } },
                },
            },
        };
        RemoteWrite.Read(Literals(request.ToByteArray()), scratch, sink, 1 << 20).ShouldBe(new DecodeResult(2, 0, DecodeFault.None, RemoteWrite.ReadPlain(request.ToByteArray(), new(), new Written()).Offset));
        var text = sink.ToString();
        text.ShouldContain("point 'up' '' '' Unknown Unspecified 0 1000000000 {job=Text:node}\n  value 1.5\n  exemplar 900000000 2 5af7183fb1d4cf5f86154a4ba6e91385");
        text.ShouldContain("Unknown Unspecified stale 0 2000000000 {job=Text:node}");
    }

    [Fact]
    public void Native_histograms_of_remote_write_are_those_of_OTLP()
    {
        TimeSeries Of(WriteHistogram histogram) => new() { Labels = { new Label { Name = "__name__", Value = "d" } }, Histograms = { histogram } };
        string Told(WriteHistogram histogram, int refused = 0)
        {
            var to = new Written();
            var result = RemoteWrite.ReadPlain(new WriteRequest { Timeseries = { Of(histogram) } }.ToByteArray(), scratch, to);
            (result.IsRead, result.Taken, result.Refused).ShouldBe((true, 1 - refused, refused));
            return string.Join('\n', to.ToString().Split('\n')[1..]).TrimEnd();
        }

        // Upper bounds 2^(n/8): buckets 1, 2 and 5 of the positive ones, -1 of the negative ones.
        Told(new()
        {
            CountInt = 11, Sum = 2.5, Schema = 3, ZeroThreshold = 0.001, ZeroCountInt = 2, Timestamp = 1000,
            PositiveSpans = { new BucketSpan { Offset = 1, Length = 2 }, new BucketSpan { Offset = 2, Length = 1 } }, PositiveDeltas = { 3, 1, -2 },
            NegativeSpans = { new BucketSpan { Offset = -1, Length = 1 } }, NegativeDeltas = { 1 },
        }).ShouldBe("point 'd' '' '' ExponentialHistogram Cumulative 0 1000000000 {}\n  count 11 sum 2.5 min - max - counts 3,4,0,0,2 bounds \n  scale 3 zero 2 0.001 positive 0 negative -2 1");
        Told(new() { CountFloat = 4, Sum = 7, Schema = -4, ZeroCountFloat = 1, PositiveSpans = { new BucketSpan { Length = 2 } }, PositiveCounts = { 1.5, 1.2 }, Timestamp = 1 })
            .ShouldBe("point 'd' '' '' ExponentialHistogram Cumulative 0 1000000 {}\n  count 4 sum 7 min - max - counts 2,1 bounds \n  scale -4 zero 1 0 positive -1 negative -1");
        Told(new() { CountInt = 5, Sum = 7, Schema = -53, PositiveSpans = { new BucketSpan { Offset = 1, Length = 2 } }, PositiveDeltas = { 2, 1 }, CustomValues = { 0.1, 0.5, 1 }, Timestamp = 1 })
            .ShouldBe("point 'd' '' '' Histogram Cumulative 0 1000000 {}\n  count 5 sum 7 min - max - counts 0,2,3,0 bounds 0.1,0.5,1");
        Told(new() { Sum = BitConverter.UInt64BitsToDouble(0x7ff0000000000002), Timestamp = 1 }).ShouldContain(" stale ");

        // Fewer counts than buckets, more buckets than bounds, a count below zero, a gap that goes back, a schema that nobody knows.
        Told(new() { PositiveSpans = { new BucketSpan { Length = 2 } }, PositiveDeltas = { 1 } }, refused: 1).ShouldBe("");
        Told(new() { Schema = -53, PositiveSpans = { new BucketSpan { Offset = 1, Length = 2 } }, PositiveDeltas = { 1, 1 }, CustomValues = { 1 } }, refused: 1).ShouldBe("");
        Told(new() { PositiveSpans = { new BucketSpan { Length = 2 } }, PositiveDeltas = { 1, -2 } }, refused: 1).ShouldBe("");
        Told(new() { PositiveSpans = { new BucketSpan { Length = 2 }, new BucketSpan { Offset = -2, Length = 1 } }, PositiveDeltas = { 1, 1, 1 } }, refused: 1).ShouldBe("");
        Told(new() { Schema = 9 }, refused: 1).ShouldBe("");
        Told(new() { PositiveSpans = { new BucketSpan { Length = 16_000 }, new BucketSpan { Offset = 16_000, Length = 16_000 } } }, refused: 1).ShouldBe("");
    }

    [Fact]
    public void Snappy_copies_reach_into_what_they_write_and_never_beyond()
    {
        // "ab" as a literal, then a copy of 8 from 2 back, then of 3 from 10 back with a two-byte offset.
        byte[] packed = [13, 0x04, (byte)'a', (byte)'b', 0x11, 2, 0x0a, 10, 0];
        Unpack(packed).ShouldBe((DecodeFault.None, "abababababaab"[..0] + "ababababab" + "aba"));
        Unpack([13, 0x04, (byte)'a', (byte)'b', 0x11, 3]).Fault.ShouldBe(DecodeFault.Malformed);
        Unpack([2, 0x08, 1, 2, 3]).Fault.ShouldBe(DecodeFault.TooLarge);
        Unpack([3, 0x08, 1]).Fault.ShouldBe(DecodeFault.Truncated);
        RemoteWrite.Read([0xff, 0xff, 0xff, 0x7f], scratch, sink, 1 << 20).Fault.ShouldBe(DecodeFault.TooLarge);
    }

    [Fact]
    public void Alerts_are_read_as_Prometheus_sends_them()
    {
        var body = """
            [{"labels":{"alertname":"Slow","job":"shop"},"annotations":{"summary":"p99 \u003e 1s"},"startsAt":"2026-01-02T03:04:05.678Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/graph"},
             {"annotations":{"no":"labels"}}]
            """u8;
        AlertList.Read(body, scratch, sink).ShouldBe(new DecodeResult(1, 1, FirstRefusal: DecodeFault.BadId));
        sink.ToString().ShouldBe("alert {alertname=Text:Slow job=Text:shop} {summary=Text:p99 > 1s} 2026-01-02T03:04:05.6780000+00:00 - 'http://p/graph'\n");
        AlertList.Read("[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"yesterday\"}]"u8, scratch, sink).Fault.ShouldBe(DecodeFault.Malformed);
    }

    // A WriteRequest that is one string of the unpacked bytes tells what was unpacked.
    (DecodeFault Fault, string Text) Unpack(byte[] packed)
    {
        var result = RemoteWrite.Read(packed, scratch, new Written(), 1 << 20);
        var into = new byte[packed[0]];
        scratch.GetType().GetField("Unpacked", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(scratch).ShouldBeOfType<byte[]>().AsSpan(0, into.Length).CopyTo(into);
        // What was unpacked here is no message: that it could be unpacked shows in a fault at a place.
        return (result.Offset > 0 || result.Fault == DecodeFault.None ? DecodeFault.None : result.Fault, Encoding.ASCII.GetString(into));
    }

    /// <summary>A snappy block of literals alone.</summary>
    internal static byte[] Literals(byte[] plain)
    {
        var output = new MemoryStream();
        for (var length = (uint)plain.Length; ; length >>= 7)
        {
            output.WriteByte((byte)(length < 0x80 ? length : (length & 0x7f) | 0x80));
            if (length < 0x80) break;
        }

        Span<byte> header = stackalloc byte[5];
        for (var at = 0; at < plain.Length; at += 60_000)
        {
            var part = plain.AsSpan(at, Math.Min(60_000, plain.Length - at));
            header[0] = 61 << 2;
            BinaryPrimitives.WriteUInt16LittleEndian(header[1..], (ushort)(part.Length - 1));
            output.Write(header[..3]);
            output.Write(part);
        }

        return output.ToArray();
    }
}
