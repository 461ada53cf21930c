using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Mainstay.Oracle;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>Writes messages of the stock protobuf library as <see cref="Written"/> would, and as OTLP's JSON.</summary>
static class OtlpOracle
{
    static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(TraceRequest request) => Lines(from r in request.ResourceSpans from s in r.ScopeSpans from line in s.Spans.SelectMany(Span).Prepend(Begin(r.Resource, s.Scope)) select line);

    public static string Write(LogRequest request) => Lines(from r in request.ResourceLogs from s in r.ScopeLogs from line in s.LogRecords.Select(Log).Prepend(Begin(r.Resource, s.Scope)) select line);

    public static string Write(MetricRequest request) => Lines(from r in request.ResourceMetrics from s in r.ScopeMetrics from line in s.Metrics.SelectMany(Metric).Prepend(Begin(r.Resource, s.Scope)) select line);

    static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));

    static string Begin(Resource? resource, Scope? scope) => $"resource {List(resource?.Attributes)} scope '{scope?.Name}' '{scope?.Version}' {List(scope?.Attributes)}";

    static IEnumerable<string> Span(Span span) =>
    [
        $"span {Hex(span.TraceId)} {Hex(span.SpanId)} {(span.ParentSpanId.IsEmpty ? new string('0', 16) : Hex(span.ParentSpanId))} {(Mainstay.Observe.Ingest.Model.SpanKind)span.Kind} '{span.Name}' {span.StartTimeUnixNano} {span.EndTimeUnixNano} {(Mainstay.Observe.Ingest.Model.SpanStatus)(span.Status?.Code ?? 0)} '{span.Status?.Message}' '{span.TraceState}' {span.Flags} {List(span.Attributes)}",
        .. span.Events.Select(e => $"  event {e.TimeUnixNano} '{e.Name}' {List(e.Attributes)}"),
        .. span.Links.Select(l => $"  link {Hex(l.TraceId)} {Hex(l.SpanId)} {List(l.Attributes)}"),
    ];

    static string Log(LogRecord log) =>
        $"log {log.TimeUnixNano} {log.SeverityNumber} '{log.SeverityText}' {Value(log.Body).Replace(":", " ", 1)} {Hex(log.TraceId)} {Hex(log.SpanId)} '{log.EventName}' {List(log.Attributes)}";

    static string Replace(this string text, string what, string with, int times)
    {
        var at = text.IndexOf(what, StringComparison.Ordinal);
        return times == 1 && at >= 0 ? text[..at] + with + text[(at + what.Length)..] : text;
    }

    static IEnumerable<string> Metric(Metric metric)
    {
        var head = $"point '{metric.Name}' '{metric.Unit}' '{metric.Description}'";
        return metric.DataCase switch
        {
            Mainstay.Oracle.Metric.DataOneofCase.Gauge => metric.Gauge.DataPoints.SelectMany(p => Number($"{head} Gauge Unspecified", p)),
            Mainstay.Oracle.Metric.DataOneofCase.Sum => metric.Sum.DataPoints.SelectMany(p => Number($"{head} Sum {Temporality(metric.Sum.AggregationTemporality)}{(metric.Sum.IsMonotonic ? " rising" : "")}", p)),
            Mainstay.Oracle.Metric.DataOneofCase.Histogram => metric.Histogram.DataPoints.SelectMany(p => Histogram($"{head} Histogram {Temporality(metric.Histogram.AggregationTemporality)}", p)),
            Mainstay.Oracle.Metric.DataOneofCase.ExponentialHistogram => metric.ExponentialHistogram.DataPoints.SelectMany(p => Exponential($"{head} ExponentialHistogram {Temporality(metric.ExponentialHistogram.AggregationTemporality)}", p)),
            Mainstay.Oracle.Metric.DataOneofCase.Summary => metric.Summary.DataPoints.SelectMany(p => Summary($"{head} Summary Unspecified", p)),
            _ => [],
        };
    }

    static Mainstay.Observe.Ingest.Model.Temporality Temporality(int value) => (Mainstay.Observe.Ingest.Model.Temporality)value;

    static IEnumerable<string> Number(string head, NumberPoint p) =>
    [
        $"{head}{((p.Flags & 1) != 0 ? " stale" : "")} {p.StartTimeUnixNano} {p.TimeUnixNano} {List(p.Attributes)}",
        p.ValueCase == NumberPoint.ValueOneofCase.AsInt ? $"  integer {p.AsInt}" : $"  value {Written.Number(p.AsDouble)}",
        .. p.Exemplars.Select(Exemplar),
    ];

    static IEnumerable<string> Histogram(string head, HistogramPoint p) =>
    [
        $"{head} {p.StartTimeUnixNano} {p.TimeUnixNano} {List(p.Attributes)}",
        $"  count {p.Count} sum {(p.HasSum ? Written.Number(p.Sum) : "-")} min {(p.HasMin ? Written.Number(p.Min) : "-")} max {(p.HasMax ? Written.Number(p.Max) : "-")} counts {string.Join(",", p.BucketCounts)} bounds {string.Join(",", p.ExplicitBounds.Select(Written.Number))}",
        .. p.Exemplars.Select(Exemplar),
    ];

    static IEnumerable<string> Exponential(string head, ExponentialPoint p) =>
    [
        $"{head} {p.StartTimeUnixNano} {p.TimeUnixNano} {List(p.Attributes)}",
        $"  count {p.Count} sum {Written.Number(p.Sum)} min - max - counts {string.Join(",", p.Positive.BucketCounts)} bounds ",
        $"  scale {p.Scale} zero {p.ZeroCount} {Written.Number(p.ZeroThreshold)} positive {p.Positive.Offset} negative {p.Negative.Offset} {string.Join(",", p.Negative.BucketCounts)}",
        .. p.Exemplars.Select(Exemplar),
    ];

    static IEnumerable<string> Summary(string head, SummaryPoint p) =>
    [
        $"{head} {p.StartTimeUnixNano} {p.TimeUnixNano} {List(p.Attributes)}",
        $"  count {p.Count} sum {Written.Number(p.Sum)} min - max - counts  bounds {string.Join(",", p.QuantileValues.SelectMany(q => new[] { q.Quantile_, q.Value }).Select(Written.Number))}",
    ];

    static string Exemplar(Exemplar e) =>
        $"  exemplar {e.TimeUnixNano} {Written.Number(e.ValueCase == Mainstay.Oracle.Exemplar.ValueOneofCase.AsInt ? e.AsInt : e.AsDouble)} {Hex(e.TraceId)} {Hex(e.SpanId)} {List(e.FilteredAttributes)}";

    static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);

    static string List(RepeatedField<KeyValue>? attributes) => "{" + string.Join(" ", (attributes ?? []).Select(a => $"{a.Key}={Value(a.Value)}")) + "}";

    static string Value(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => $"Text:{value.StringValue}",
        AnyValue.ValueOneofCase.BoolValue => $"Flag:{(value.BoolValue ? "true" : "false")}",
        AnyValue.ValueOneofCase.IntValue => $"Integer:{value.IntValue}",
        AnyValue.ValueOneofCase.DoubleValue => $"Number:{Written.Number(value.DoubleValue)}",
        AnyValue.ValueOneofCase.BytesValue => $"Bytes:{Convert.ToBase64String(value.BytesValue.Span)}",
        AnyValue.ValueOneofCase.ArrayValue or AnyValue.ValueOneofCase.KvlistValue => $"Json:{Plain(value)}",
        _ => "Empty:",
    };

    // As a decoder writes nested values: JSON with the fewest escapes.
    static string Plain(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => Quoted(value.StringValue),
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        AnyValue.ValueOneofCase.IntValue => value.IntValue.ToString(CultureInfo.InvariantCulture),
        AnyValue.ValueOneofCase.DoubleValue => Written.Number(value.DoubleValue),
        AnyValue.ValueOneofCase.BytesValue => $"\"{Convert.ToBase64String(value.BytesValue.Span)}\"",
        AnyValue.ValueOneofCase.ArrayValue => $"[{string.Join(",", value.ArrayValue.Values.Select(Plain))}]",
        AnyValue.ValueOneofCase.KvlistValue => $"{{{string.Join(",", value.KvlistValue.Values.Select(v => $"{Quoted(v.Key)}:{Plain(v.Value)}"))}}}",
        _ => "null",
    };

    static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").Replace("\t", "\\u0009") + "\"";

    /// <summary>OTLP's JSON of a message: protobuf's own mapping, but with ids as hexadecimal digits.</summary>
    public static byte[] Json(IMessage message)
    {
        var node = JsonNode.Parse(new JsonFormatter(JsonFormatter.Settings.Default).Format(message))!;
        Ids(node);
        return JsonSerializer.SerializeToUtf8Bytes(node, Relaxed);
    }

    static void Ids(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) Ids(item);
        }
        else if (node is JsonObject owner)
        {
            foreach (var (name, value) in owner.ToList())
            {
                if (name is "traceId" or "spanId" or "parentSpanId") owner[name] = Convert.ToHexString(Convert.FromBase64String((string)value!));
                else Ids(value);
            }
        }
    }
}
