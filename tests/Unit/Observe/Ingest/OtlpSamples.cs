using Google.Protobuf;
using Mainstay.Oracle;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>OTLP requests drawn from a seed, with everything that the format has.</summary>
sealed class OtlpSamples(int seed)
{
    static readonly string[] Words = ["", "a", "GET /orders/{id}", "größe 尺寸 🚀", "with \"quotes\" and \\ and \n and \t", new('x', 300), "service.name", "true", "0"];

    readonly Random random = new(seed);

    public TraceRequest Traces()
    {
        var request = new TraceRequest();
        for (var r = 0; r < Some(3); r++)
        {
            var resource = new ResourceSpans { Resource = Resource(), SchemaUrl = Word() };
            for (var s = 0; s < Some(3); s++)
            {
                var scope = new ScopeSpans { Scope = Scope(), SchemaUrl = Word() };
                for (var i = 0; i < 1 + random.Next(6); i++) scope.Spans.Add(Span());
                resource.ScopeSpans.Add(scope);
            }

            request.ResourceSpans.Add(resource);
        }

        return request;
    }

    public LogRequest Logs()
    {
        var request = new LogRequest();
        for (var r = 0; r < Some(3); r++)
        {
            var resource = new ResourceLogs { Resource = Resource() };
            for (var s = 0; s < Some(3); s++)
            {
                var scope = new ScopeLogs { Scope = Scope() };
                for (var i = 0; i < 1 + random.Next(6); i++)
                {
                    var log = new LogRecord
                    {
                        TimeUnixNano = Time(), SeverityNumber = random.Next(0, 25), SeverityText = Word(), Body = Value(0), Flags = 1,
                        TraceId = Bytes(16), SpanId = Bytes(8), ObservedTimeUnixNano = Time(), EventName = Word(),
                    };
                    Fill(log.Attributes);
                    scope.LogRecords.Add(log);
                }

                resource.ScopeLogs.Add(scope);
            }

            request.ResourceLogs.Add(resource);
        }

        return request;
    }

    public MetricRequest Metrics()
    {
        var request = new MetricRequest();
        for (var r = 0; r < Some(2); r++)
        {
            var resource = new ResourceMetrics { Resource = Resource() };
            for (var s = 0; s < Some(2); s++)
            {
                var scope = new ScopeMetrics { Scope = Scope() };
                for (var i = 0; i < 6; i++) scope.Metrics.Add(Metric(i));
                resource.ScopeMetrics.Add(scope);
            }

            request.ResourceMetrics.Add(resource);
        }

        return request;
    }

    Span Span()
    {
        var span = new Span
        {
            TraceId = Bytes(16), SpanId = Bytes(8), TraceState = Word(), ParentSpanId = random.Next(2) == 0 ? ByteString.Empty : Bytes(8), Name = Word(), Kind = random.Next(0, 6),
            StartTimeUnixNano = 1_700_000_000_000_000_000, EndTimeUnixNano = 1_700_000_000_000_000_000 + (ulong)random.Next(), Flags = (uint)random.Next(),
            DroppedAttributesCount = 3,
        };
        Fill(span.Attributes);
        for (var i = 0; i < Some(3); i++)
        {
            var one = new Span.Types.Event { TimeUnixNano = Time(), Name = Word() };
            Fill(one.Attributes);
            span.Events.Add(one);
        }

        for (var i = 0; i < Some(3); i++)
        {
            var one = new Span.Types.Link { TraceId = Bytes(16), SpanId = Bytes(8), TraceState = Word(), Flags = 1 };
            Fill(one.Attributes);
            span.Links.Add(one);
        }

        if (random.Next(2) == 0) span.Status = new Status { Code = random.Next(0, 3), Message = Word() };
        return span;
    }

    Metric Metric(int type)
    {
        var metric = new Metric { Name = Word(), Description = Word(), Unit = "By" };
        switch (type)
        {
            case 0:
                metric.Gauge = Numbers();
                break;
            case 1:
                metric.Sum = Numbers();
                (metric.Sum.AggregationTemporality, metric.Sum.IsMonotonic) = (random.Next(0, 3), random.Next(2) == 0);
                break;
            case 2:
                metric.Histogram = new() { AggregationTemporality = random.Next(0, 3) };
                for (var i = 0; i < Some(3); i++) metric.Histogram.DataPoints.Add(Histogram());
                break;
            case 3:
                metric.ExponentialHistogram = new() { AggregationTemporality = random.Next(0, 3) };
                for (var i = 0; i < Some(3); i++) metric.ExponentialHistogram.DataPoints.Add(Exponential());
                break;
            case 4:
                metric.Summary = new();
                for (var i = 0; i < Some(3); i++) metric.Summary.DataPoints.Add(Summary());
                break;
        }

        return metric;
    }

    Numbers Numbers()
    {
        var numbers = new Numbers();
        for (var i = 0; i < Some(3); i++)
        {
            var point = new NumberPoint { StartTimeUnixNano = Time(), TimeUnixNano = Time(), Flags = (uint)random.Next(2) };
            if (random.Next(2) == 0) point.AsInt = random.NextInt64();
            else point.AsDouble = Number();
            Fill(point.Attributes);
            Fill(point.Exemplars);
            numbers.DataPoints.Add(point);
        }

        return numbers;
    }

    HistogramPoint Histogram()
    {
        var point = new HistogramPoint { StartTimeUnixNano = Time(), TimeUnixNano = Time(), Count = 7 };
        if (random.Next(2) == 0) (point.Sum, point.Min, point.Max) = (Number(), Number(), Number());
        var bounds = random.Next(0, 5);
        for (var i = 0; i < bounds; i++) point.ExplicitBounds.Add(i + 0.5);
        for (var i = 0; bounds > 0 && i <= bounds; i++) point.BucketCounts.Add((ulong)random.NextInt64());
        Fill(point.Attributes);
        Fill(point.Exemplars);
        return point;
    }

    ExponentialPoint Exponential()
    {
        var point = new ExponentialPoint
        {
            StartTimeUnixNano = Time(), TimeUnixNano = Time(), Count = 9, Scale = random.Next(-10, 20), ZeroCount = 3, ZeroThreshold = 0.001, Sum = Number(),
            Positive = new() { Offset = random.Next(-500, 500) }, Negative = new() { Offset = random.Next(-500, 500) },
        };
        for (var i = 0; i < Some(6); i++) point.Positive.BucketCounts.Add((ulong)random.NextInt64());
        for (var i = 0; i < Some(3); i++) point.Negative.BucketCounts.Add((ulong)random.Next(100));
        Fill(point.Attributes);
        Fill(point.Exemplars);
        return point;
    }

    SummaryPoint Summary()
    {
        var point = new SummaryPoint { StartTimeUnixNano = Time(), TimeUnixNano = Time(), Count = 11, Sum = 5.5 };
        for (var i = 0; i < Some(3); i++) point.QuantileValues.Add(new SummaryPoint.Types.Quantile { Quantile_ = 0.5, Value = Number() });
        Fill(point.Attributes);
        return point;
    }

    void Fill(Google.Protobuf.Collections.RepeatedField<Exemplar> into)
    {
        for (var i = 0; i < Some(2); i++)
        {
            var one = new Exemplar { TimeUnixNano = Time(), TraceId = Bytes(16), SpanId = Bytes(8) };
            if (random.Next(2) == 0) one.AsInt = random.Next();
            else one.AsDouble = 2.5;
            Fill(one.FilteredAttributes);
            into.Add(one);
        }
    }

    void Fill(Google.Protobuf.Collections.RepeatedField<KeyValue> into)
    {
        for (var i = 0; i < Some(5); i++) into.Add(new KeyValue { Key = Word(), Value = Value(0) });
    }

    Resource Resource()
    {
        var resource = new Resource();
        Fill(resource.Attributes);
        return resource;
    }

    Scope Scope()
    {
        var scope = new Scope { Name = Word(), Version = "1.2" };
        Fill(scope.Attributes);
        return scope;
    }

    AnyValue Value(int depth)
    {
        switch (random.Next(depth > 2 ? 5 : 7))
        {
            case 0: return new AnyValue { StringValue = Word() };
            case 1: return new AnyValue { BoolValue = random.Next(2) == 0 };
            case 2: return new AnyValue { IntValue = random.NextInt64(long.MinValue, long.MaxValue) };
            case 3: return new AnyValue { DoubleValue = Number() };
            case 4: return new AnyValue { BytesValue = Bytes(random.Next(0, 9)) };
            case 5:
                var array = new ArrayValue();
                for (var i = 0; i < Some(4); i++) array.Values.Add(Value(depth + 1));
                return new AnyValue { ArrayValue = array };
            default:
                var list = new KeyValueList();
                for (var i = 0; i < Some(4); i++) list.Values.Add(new KeyValue { Key = Word(), Value = Value(depth + 1) });
                return new AnyValue { KvlistValue = list };
        }
    }

    double Number() => random.Next(3) switch { 0 => random.NextDouble(), 1 => random.Next(), _ => -1.5e-9 };

    ulong Time() => (ulong)random.NextInt64(1, 2_000_000_000_000_000_000);

    ByteString Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        if (length > 0) bytes[0] |= 1;
        return ByteString.CopyFrom(bytes);
    }

    string Word() => Words[random.Next(Words.Length)];

    int Some(int most) => random.Next(0, most + 1);
}
