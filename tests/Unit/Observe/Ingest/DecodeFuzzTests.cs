using System.Text;
using Google.Protobuf;
using Mainstay.Observe.Ingest.Alerts;
using Mainstay.Observe.Ingest.Browser;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Prometheus;
using Mainstay.Observe.Ingest.Wire;
using Mainstay.Observe.Ingest.Zipkin;
using Mainstay.Tests.Traffic;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>
/// Bodies that are changed at random never make a decoder throw, and what it tells can be read to the end. For ten minutes:
/// <c>MAINSTAY_FUZZ_SECONDS=600 dotnet run --project tests/Unit -c Release -- -class '*DecodeFuzzTests' -noLogo</c>.
/// </summary>
public sealed class DecodeFuzzTests
{
    const long MostAllocated = 64 << 20;

    delegate DecodeResult Decoder(ReadOnlySpan<byte> body, DecodeScratch scratch, Written sink);

    [Fact]
    public void OtlpTraces_in_protobuf() => Fuzz(s => new OtlpSamples(s).Traces().ToByteArray(), (b, c, w) => OtlpTraces.Read(b, c, w));

    [Fact]
    public void OtlpTraces_in_JSON() => Fuzz(s => OtlpOracle.Json(new OtlpSamples(s).Traces()), (b, c, w) => OtlpTraces.ReadJson(b, c, w));

    [Fact]
    public void OtlpMetrics_in_protobuf() => Fuzz(s => new OtlpSamples(s).Metrics().ToByteArray(), (b, c, w) => OtlpMetrics.Read(b, c, w));

    [Fact]
    public void OtlpMetrics_in_JSON() => Fuzz(s => OtlpOracle.Json(new OtlpSamples(s).Metrics()), (b, c, w) => OtlpMetrics.ReadJson(b, c, w));

    [Fact]
    public void OtlpLogs_in_protobuf() => Fuzz(s => new OtlpSamples(s).Logs().ToByteArray(), (b, c, w) => OtlpLogs.Read(b, c, w));

    [Fact]
    public void OtlpLogs_in_JSON() => Fuzz(s => OtlpOracle.Json(new OtlpSamples(s).Logs()), (b, c, w) => OtlpLogs.ReadJson(b, c, w));

    [Fact]
    public void Zipkin() => Fuzz(
        _ => """[{"traceId":"86154a4ba6e91385","parentId":"86154a4ba6e91385","id":"4d1e00c0db9010db","kind":"CLIENT","name":"g\u0065t","timestamp":1472470996199000,"duration":207000,"shared":true,"localEndpoint":{"serviceName":"frontend","ipv4":"127.0.0.1"},"remoteEndpoint":{"serviceName":"backend","port":9000},"tags":{"error":"x","n":1},"annotations":[{"timestamp":1,"value":"foo"}]}]"""u8.ToArray(),
        (b, c, w) => ZipkinSpans.Read(b, c, w));

    [Fact]
    public void Prometheus() => Fuzz(Text, (b, c, w) => PrometheusText.Read(b, c, w, false));

    [Fact]
    public void OpenMetrics() => Fuzz(Text, (b, c, w) => PrometheusText.Read(b, c, w, true));

    [Fact]
    public void Remote_write() => Fuzz(s => OtherDecodeTests.Literals(Write(s)), (b, c, w) => RemoteWrite.Read(b, c, w, 1 << 20));

    [Fact]
    public void Remote_write_unpacked() => Fuzz(Write, (b, c, w) => RemoteWrite.ReadPlain(b, c, w));

    [Fact]
    public void Remote_write_2() => Fuzz(Write2, (b, c, w) => RemoteWrite2.ReadPlain(b, c, w));

    [Fact]
    public void Alerts() => Fuzz(
        _ => """[{"labels":{"alertname":"Slow","job":"sh\"op"},"annotations":{"summary":"p99"},"startsAt":"2026-01-02T03:04:05.678Z","endsAt":null,"generatorURL":"http://p/graph"}]"""u8.ToArray(),
        (b, c, w) => AlertList.Read(b, c, w));

    [Fact]
    public void Browsers() => Fuzz(
        _ => Encoding.UTF8.GetBytes(BeaconReportTests.Sample),
        (b, c, w) =>
        {
            var (spans, logs) = (new ProtoWriter(), new ProtoWriter());
            var at = DateTimeOffset.FromUnixTimeMilliseconds(1767322985200);
            var result = BeaconReport.Read(Encoding.UTF8.GetString(b), at, spans, logs, new WebVitals(at));
            OtlpTraces.Read(spans.Written, c, w).IsRead.ShouldBeTrue();
            OtlpLogs.Read(logs.Written, c, w).IsRead.ShouldBeTrue();
            return result;
        });

    static byte[] Text(int seed) => Encoding.UTF8.GetBytes("# TYPE foo_seconds histogram\n# UNIT foo_seconds seconds\nfoo_seconds_bucket{le=\"0.1\"} 8 123.5 # {trace_id=\"5af7\"} 0.054 1\n{\"utf8.name\", a=\"b\\n\"} 1\nx{} -Inf\n# EOF\n");

    static byte[] Write(int seed)
    {
        var random = new Random(seed);
        var request = new Oracle.WriteRequest();
        for (var i = 0; i < 3; i++)
        {
            request.Timeseries.Add(new Oracle.TimeSeries
            {
                Labels = { new Oracle.Label { Name = "__name__", Value = $"m{random.Next()}" }, new Oracle.Label { Name = "job", Value = "x" } },
                Samples = { new Oracle.Sample { Value = random.NextDouble(), Timestamp = random.Next() } },
                Histograms =
                {
                    new Oracle.WriteHistogram
                    {
                        CountInt = 9, Sum = 4, Schema = random.Next(-4, 9), ZeroCountInt = 1, Timestamp = 5,
                        PositiveSpans = { new Oracle.BucketSpan { Offset = random.Next(-9, 9), Length = 2 }, new Oracle.BucketSpan { Offset = 3, Length = 1 } }, PositiveDeltas = { 2, 1, -1 },
                        NegativeSpans = { new Oracle.BucketSpan { Offset = -2, Length = 1 } }, NegativeDeltas = { 1 },
                    },
                },
                Exemplars = { new Oracle.WriteExemplar { Labels = { new Oracle.Label { Name = "trace_id", Value = "ab" } }, Value = 2 } },
            });
        }

        return request.ToByteArray();
    }

    static byte[] Write2(int seed)
    {
        var random = new Random(seed);
        var request = new Oracle.WriteRequest2 { Symbols = { "", "__name__", $"m{random.Next()}", "job", "x", "trace_id", "ab" } };
        for (var i = 0; i < 3; i++)
        {
            request.Timeseries.Add(new Oracle.TimeSeries2
            {
                LabelsRefs = { 1, 2, 3, (uint)random.Next(8) }, CreatedTimestamp = random.Next(), Metadata = new() { Type = random.Next(8), HelpRef = 3, UnitRef = (uint)random.Next(7) },
                Samples = { new Oracle.Sample2 { Value = random.NextDouble(), Timestamp = random.Next(), StartTimestamp = 1 } },
                Histograms = { new Oracle.WriteHistogram { CountFloat = 9, Sum = 4, Schema = -53, Timestamp = 5, PositiveSpans = { new Oracle.BucketSpan { Length = 2 } }, PositiveCounts = { 2, 1 }, CustomValues = { 1 } } },
                Exemplars = { new Oracle.WriteExemplar2 { LabelsRefs = { 5, 6 }, Value = 2, Timestamp = 7 } },
            });
        }

        return request.ToByteArray();
    }

    static void Fuzz(Func<int, byte[]> sample, Decoder decode)
    {
        var scratch = new DecodeScratch();
        var (inputs, bytes) = (0L, 0L);
        foreach (var seed in FuzzTime.Seeds(11))
        {
            var random = new Random(seed);
            for (var round = 0; round < 300; round++)
            {
                var body = Change(sample(seed + (round % 20)), random);
                var sink = new Written();
                (inputs, bytes) = (inputs + 1, bytes + body.Length);
                var before = GC.GetAllocatedBytesForCurrentThread();
                var result = Decode(decode, body, scratch, sink, $"seed {seed}, round {round}");

                // Work is counted, not timed: each thing that is told takes a byte of the body or more, and what is made of it is a multiple of that.
                var unpacked = Math.Max(body.Length, scratch.Unpacked.Length);
                (sink.Lines, result.Taken + result.Refused).ShouldSatisfyAllConditions(
                    w => w.Lines.ShouldBeLessThanOrEqualTo((2 * unpacked) + 4, $"seed {seed}, round {round}"), w => w.Item2.ShouldBeLessThanOrEqualTo(unpacked, $"seed {seed}, round {round}"));
                (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(MostAllocated + (4096L * unpacked), $"seed {seed}, round {round}");
                result.Offset.ShouldBeInRange(0, Math.Max(body.Length, 1 << 20), $"seed {seed}, round {round}");
                result.IsRead.ShouldBe(result.Fault == DecodeFault.None);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{inputs} inputs, {bytes} bytes");
    }

    static DecodeResult Decode(Decoder decode, byte[] body, DecodeScratch scratch, Written sink, string which)
    {
        try
        {
            return decode(body, scratch, sink);
        }
        catch (Exception thrown)
        {
            throw new InvalidOperationException($"{which}: {Convert.ToHexString(body)}", thrown);
        }
    }

    static byte[] Change(byte[] body, Random random)
    {
        var changed = body.ToList();
        for (var changes = random.Next(1, 6); changes > 0 && changed.Count > 0; changes--)
        {
            var at = random.Next(changed.Count);
            switch (random.Next(6))
            {
                case 0:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 1:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    changed.RemoveRange(at, Math.Min(random.Next(1, 9), changed.Count - at));
                    break;
                case 3:
                    changed.InsertRange(at, changed.GetRange(at, Math.Min(random.Next(1, 40), changed.Count - at)));
                    break;
                case 4:
                    changed.Insert(at, random.Next(4) switch { 0 => 0xff, 1 => 0x7f, 2 => (byte)'"', _ => (byte)'\\' });
                    break;
                default:
                    changed.RemoveRange(at, changed.Count - at);
                    break;
            }
        }

        return [.. changed];
    }
}
