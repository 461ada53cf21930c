using Google.Protobuf;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Oracle;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>OTLP's decoders tell exactly what the stock protobuf library reads of the same bytes.</summary>
public sealed class OtlpDecodeTests
{
    readonly DecodeScratch scratch = new();

    [Fact]
    public void Traces_are_read_as_the_stock_library_reads_them()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var request = new OtlpSamples(seed).Traces();
            var count = request.ResourceSpans.Sum(r => r.ScopeSpans.Sum(s => s.Spans.Count));
            Same(seed, OtlpOracle.Write(request), count, sink => OtlpTraces.Read(request.ToByteArray(), scratch, sink));
            Same(seed, Plain(OtlpOracle.Write(request)), count, sink => OtlpTraces.ReadJson(OtlpOracle.Json(request), scratch, sink), Plain);
        }
    }

    [Fact]
    public void Logs_are_read_as_the_stock_library_reads_them()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var request = new OtlpSamples(seed).Logs();
            var count = request.ResourceLogs.Sum(r => r.ScopeLogs.Sum(s => s.LogRecords.Count));
            Same(seed, OtlpOracle.Write(request), count, sink => OtlpLogs.Read(request.ToByteArray(), scratch, sink));
            Same(seed, Plain(OtlpOracle.Write(request)), count, sink => OtlpLogs.ReadJson(OtlpOracle.Json(request), scratch, sink), Plain);
        }
    }

    [Fact]
    public void Metrics_are_read_as_the_stock_library_reads_them()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var request = new OtlpSamples(seed).Metrics();
            var expected = OtlpOracle.Write(request);
            var count = expected.Split('\n').Count(l => l.StartsWith("point ", StringComparison.Ordinal));
            Same(seed, expected, count, sink => OtlpMetrics.Read(request.ToByteArray(), scratch, sink));
            Same(seed, Plain(expected), count, sink => OtlpMetrics.ReadJson(OtlpOracle.Json(request), scratch, sink), Plain);
        }
    }

    [Fact]
    public void A_header_may_come_after_what_it_is_the_header_of()
    {
        var request = new OtlpSamples(7).Traces();
        foreach (var resource in request.ResourceSpans)
        {
            var turned = Later(new ResourceSpans { ScopeSpans = { resource.ScopeSpans } }, new ResourceSpans { Resource = resource.Resource });
            var body = Later([], Framed(1, turned));
            Same(7, OtlpOracle.Write(new TraceRequest { ResourceSpans = { resource } }), null, sink => OtlpTraces.Read(body, scratch, sink));
        }

        const string json = """{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"n","spanId":"00000000000000AB","traceId":"000000000000000000000000000000CD"}],"scope":{"name":"late"}}],"resource":{"attributes":[{"value":{"stringValue":"shop"},"key":"service.name"}]}}]}""";
        var sink = new Written();
        OtlpTraces.ReadJson(System.Text.Encoding.UTF8.GetBytes(json), scratch, sink).ShouldBe(new DecodeResult(1, 0));
        sink.ToString().ShouldStartWith("resource {service.name=Text:shop} scope 'late'");
    }

    [Fact]
    public void Spans_without_ids_are_refused_and_the_others_taken()
    {
        var request = new OtlpSamples(1).Traces();
        request.ResourceSpans.Clear();
        var good = new Span { TraceId = ByteString.CopyFrom(new byte[15].Prepend((byte)1).ToArray()), SpanId = ByteString.CopyFrom(1, 2, 3, 4, 5, 6, 7, 8), Name = "good" };
        var scope = new ScopeSpans { Spans = { good, new Span { Name = "none" }, new Span(good) { SpanId = ByteString.CopyFrom(1, 2) }, new Span(good) { TraceId = ByteString.CopyFrom(new byte[16]) }, good } };
        request.ResourceSpans.Add(new ResourceSpans { ScopeSpans = { scope } });
        var expected = new DecodeResult(2, 3, FirstRefusal: DecodeFault.BadId);
        OtlpTraces.Read(request.ToByteArray(), scratch, new Written()).ShouldBe(expected with { Offset = OtlpTraces.Read(request.ToByteArray(), scratch, new Written()).Offset });
        OtlpTraces.ReadJson(OtlpOracle.Json(request), scratch, new Written()).ShouldBe(expected);
    }

    [Fact]
    public void A_body_that_is_cut_off_says_where()
    {
        var body = new OtlpSamples(3).Traces().ToByteArray();
        body.Length.ShouldBeGreaterThan(100);
        var cut = OtlpTraces.Read(body.AsSpan(0, body.Length - 1), scratch, new Written());
        cut.Fault.ShouldBe(DecodeFault.Truncated);
        cut.Offset.ShouldBeGreaterThan(0);
        cut.Message.ShouldContain("ends within a value");
        OtlpTraces.Read("{"u8, scratch, new Written()).IsRead.ShouldBeFalse();
        OtlpTraces.ReadJson("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":\"SERVER\"}]}]}]}"u8, scratch, new Written()).Fault.ShouldBe(DecodeFault.Malformed);
    }

    [Fact]
    public void A_known_field_of_a_wrong_type_refuses_its_span_and_lists_too_deep_do()
    {
        var value = new AnyValue { IntValue = 1 };
        for (var i = 0; i < 60; i++) value = new AnyValue { ArrayValue = new ArrayValue { Values = { value } } };
        var span = new Span { TraceId = ByteString.CopyFrom(new byte[15].Prepend((byte)1).ToArray()), SpanId = ByteString.CopyFrom(1, 2, 3, 4, 5, 6, 7, 8), Attributes = { new KeyValue { Key = "deep", Value = value } } };
        var body = new TraceRequest { ResourceSpans = { new ResourceSpans { ScopeSpans = { new ScopeSpans { Spans = { span } } } } } }.ToByteArray();
        OtlpTraces.Read(body, scratch, new Written()).FirstRefusal.ShouldBe(DecodeFault.TooDeep);
        // Field 5, the name, as a varint.
        var wrong = Framed(1, Framed(2, Framed(2, [0x28, 0x01])));
        var result = OtlpTraces.Read(wrong, scratch, new Written());
        (result.Taken, result.Refused, result.FirstRefusal).ShouldBe((0, 1, DecodeFault.WrongType));
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var spans = Enumerable.Range(0, 20).SelectMany(s => new OtlpSamples(s).Traces().ResourceSpans).ToList();
        var body = new TraceRequest { ResourceSpans = { spans } }.ToByteArray();
        var json = OtlpOracle.Json(new TraceRequest { ResourceSpans = { spans } });
        var sink = new Nothing();
        for (var i = 0; i < 3; i++)
        {
            OtlpTraces.Read(body, scratch, sink);
            OtlpTraces.ReadJson(json, scratch, sink);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        OtlpTraces.Read(body, scratch, sink).IsRead.ShouldBeTrue();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200, "the assertion's own and the message's");
        before = GC.GetAllocatedBytesForCurrentThread();
        var read = OtlpTraces.ReadJson(json, scratch, sink);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(200);
        read.Taken.ShouldBeGreaterThan(20);
    }

    // Nested texts stay escaped as they came.
    static string Plain(string text) => text.Replace("\\u0009", "\\t").Replace("\\uD83D\\uDE80", "🚀");

    static void Same(int seed, string expected, int? count, Func<Written, DecodeResult> read, Func<string, string>? plain = null)
    {
        var sink = new Written();
        var result = read(sink);
        result.Message.ShouldBe("", $"seed {seed}");
        if (count is not null) result.Taken.ShouldBe(count.Value, $"seed {seed}");
        foreach (var (line, (wanted, told)) in expected.Split('\n').Zip((plain ?? (t => t))(sink.ToString()).Split('\n')).Index())
        {
            if (wanted != told) Assert.Fail($"seed {seed}, line {line}:\n{wanted}\n{told}");
        }
    }

    static byte[] Later(IMessage first, IMessage second) => [.. first.ToByteArray(), .. second.ToByteArray()];

    static byte[] Later(byte[] first, byte[] second) => [.. first, .. second];

    static byte[] Framed(int field, byte[] message)
    {
        var output = new MemoryStream();
        var writer = new CodedOutputStream(output);
        writer.WriteTag(field, WireFormat.WireType.LengthDelimited);
        writer.WriteBytes(ByteString.CopyFrom(message));
        writer.Flush();
        return output.ToArray();
    }

    sealed class Nothing : ISpanSink
    {
        public void Begin(in ResourceView resource, in ScopeView scope)
        {
        }

        public void Span(in SpanView span)
        {
        }
    }
}
