using System.Text;
using Google.Protobuf;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Spans;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Observe.Store.Traces;
using Mainstay.Oracle;
using Mainstay.Traffic.Path;

namespace Mainstay.Bench.Ingest;

/// <summary>One span of ten attributes, in a batch of 512, read by the decoder with nothing behind it.</summary>
public sealed class OtlpDecode : IBenchmark
{
    readonly DecodeScratch scratch = new();
    readonly Nothing sink = new();
    byte[] body = [];

    public string Name => "ingest/otlp-decode";

    public void Setup() => body = SpanSamples.Request(512, 1).ToByteArray();

    public void Run(int iterations)
    {
        for (var done = 0; done < iterations; done += 512)
        {
            OtlpTraces.Read(body, scratch, sink);
        }
    }
}

/// <summary>The same batch by the stock library: the bytes to compare with are the same, the result is a tree of objects.</summary>
public sealed class StockParse : IBenchmark
{
    byte[] body = [];
    object? last;

    public string Name => "ingest/google-protobuf";

    public void Setup() => body = SpanSamples.Request(512, 1).ToByteArray();

    public void Run(int iterations)
    {
        for (var done = 0; done < iterations; done += 512)
        {
            last = TraceRequest.Parser.ParseFrom(body);
        }
    }

    public override string ToString() => $"{last}";
}

/// <summary>The same spans in OTLP's JSON.</summary>
public sealed class OtlpDecodeJson : IBenchmark
{
    readonly DecodeScratch scratch = new();
    readonly Nothing sink = new();
    byte[] body = [];

    public string Name => "ingest/otlp-decode-json";

    public void Setup()
    {
        var spans = SpanSamples.Request(512, 1).ResourceSpans[0].ScopeSpans[0].Spans.Select(s =>
            $$"""{"traceId":"{{Convert.ToHexString(s.TraceId.Span)}}","spanId":"{{Convert.ToHexString(s.SpanId.Span)}}","parentSpanId":"{{Convert.ToHexString(s.ParentSpanId.Span)}}","name":"{{s.Name}}","kind":{{s.Kind}},"startTimeUnixNano":"{{s.StartTimeUnixNano}}","endTimeUnixNano":"{{s.EndTimeUnixNano}}","attributes":[{{string.Join(',', s.Attributes.Select(a => $$"""{"key":"{{a.Key}}","value":{{(a.Value.HasIntValue ? $$"""{"intValue":"{{a.Value.IntValue}}"}""" : $$"""{"stringValue":"{{a.Value.StringValue}}"}""")}}}"""))}}]}""");
        body = Encoding.UTF8.GetBytes($$$"""{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeSpans":[{"scope":{"name":"x"},"spans":[{{{string.Join(',', spans)}}}]}]}]}""");
    }

    public void Run(int iterations)
    {
        for (var done = 0; done < iterations; done += 512)
        {
            if (OtlpTraces.ReadJson(body, scratch, sink).Taken != 512)
            {
                throw new InvalidOperationException("the sample is not read");
            }
        }
    }
}

/// <summary>One span all the way: decoded, counted, joined and kept in the hot window. The window is full before it is measured, as it is after some seconds of traffic.</summary>
public sealed class OtlpToWindow : IBenchmark
{
    readonly DecodeScratch scratch = new();
    readonly SpanIntake intake = new(
        TimeProvider.System, new TraceWindow(8 << 20), new EdgeStatistics(TimeProvider.System, new(LatencyBuckets.Count, LatencyBuckets.LowerBound, LatencyBuckets.UpperBound)), LatencyBuckets.IndexOf, new(new MetricStore(TimeProvider.System), new ExemplarRing()), mostWaiting: 8192);
    readonly byte[][] bodies = new byte[32][];
    int next;

    public string Name => "ingest/otlp-to-numbers-and-window";

    public void Setup()
    {
        for (var i = 0; i < bodies.Length; i++)
        {
            bodies[i] = SpanSamples.Request(512, i + 1).ToByteArray();
        }

        Run(100_000);
    }

    public void Run(int iterations)
    {
        for (var done = 0; done < iterations; done += 512)
        {
            intake.Take(bodies[next++ % bodies.Length].AsSpan(), (ReadOnlySpan<byte> body, ISpanSink sink) => OtlpTraces.Read(body, scratch, sink));
        }
    }
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
