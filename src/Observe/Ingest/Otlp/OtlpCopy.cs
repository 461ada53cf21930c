using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Wire;

namespace Mainstay.Observe.Ingest.Otlp;

/// <summary>
/// Writes what a decoder of any format reads as a request of OTLP in protobuf. What was refused is not in it. One request at a time: <see cref="Begin"/>s and items, then <see cref="Take"/>.
/// </summary>
public sealed class OtlpCopy : ISpanSink, ILogSink, IPointSink
{
    readonly ProtoWriter into = new();
    int who = -1;
    int what = -1;

    /// <summary>The request, and nothing is left; empty where there was no item.</summary>
    public byte[] Take()
    {
        End();
        var all = into.Written.ToArray();
        into.Clear();
        return all;
    }

    /// <inheritdoc cref="ISpanSink.Begin"/>
    public void Begin(in ResourceView resource, in ScopeView scope)
    {
        End();
        // Resource… {resource 1 {attributes 1}, scope… 2 {scope 1 {name 1, version 2, attributes 3}, items 2}}.
        who = into.Open(1);
        var described = into.Open(1);
        Attributes(1, resource.Attributes);
        into.Close(described);
        what = into.Open(2);
        if (scope.Name.Length + scope.Version.Length + scope.Attributes.Count > 0)
        {
            var library = into.Open(1);
            into.Bytes(1, scope.Name);
            into.Bytes(2, scope.Version);
            Attributes(3, scope.Attributes);
            into.Close(library);
        }
    }

    public void Span(in SpanView span)
    {
        Anybody();
        var at = into.Open(2);
        Id(1, span.Trace);
        Id(2, span.Span);
        Maybe(3, span.State);
        if (span.Parent != 0)
        {
            Id(4, span.Parent);
        }

        into.Bytes(5, span.Name);
        into.Number(6, (ulong)span.Kind);
        into.Fixed(7, (ulong)span.Start);
        into.Fixed(8, (ulong)span.End);
        Attributes(9, span.Attributes);
        for (var i = 0; i < span.Events; i++)
        {
            var one = span.Event(i);
            var inner = into.Open(11);
            into.Fixed(1, (ulong)one.Time);
            into.Bytes(2, one.Name);
            Attributes(3, one.Attributes);
            into.Close(inner);
        }

        for (var i = 0; i < span.Links; i++)
        {
            var one = span.Link(i);
            var inner = into.Open(13);
            Id(1, one.Trace);
            Id(2, one.Span);
            Attributes(4, one.Attributes);
            into.Close(inner);
        }

        if (span.Status != SpanStatus.Unset || !span.StatusMessage.IsEmpty)
        {
            var status = into.Open(15);
            Maybe(2, span.StatusMessage);
            into.Number(3, (ulong)span.Status);
            into.Close(status);
        }

        if (span.Flags != 0)
        {
            into.Short(16, span.Flags);
        }

        into.Close(at);
    }

    public void Log(in LogView log)
    {
        Anybody();
        var at = into.Open(2);
        into.Fixed(1, (ulong)log.Time);
        into.Number(2, (ulong)log.Severity);
        Maybe(3, log.SeverityText);
        var body = into.Open(5);
        Value(log.Body);
        into.Close(body);
        Attributes(6, log.Attributes);
        if (!log.Trace.IsZero)
        {
            Id(9, log.Trace);
        }

        if (log.Span != 0)
        {
            Id(10, log.Span);
        }

        Maybe(12, log.EventName);
        into.Close(at);
    }

    /// <summary>Each point becomes a metric of its own: receivers put those of one name together.</summary>
    public void Point(in PointView point)
    {
        // OTLP has exemplars of points alone.
        if (point.IsBare)
        {
            return;
        }

        Anybody();
        var metric = into.Open(2);
        into.Bytes(1, point.Name);
        Maybe(2, point.Description);
        Maybe(3, point.Unit);
        var data = into.Open(point.Type switch { PointType.Sum => 7, PointType.Histogram => 9, PointType.ExponentialHistogram => 10, PointType.Summary => 11, _ => 5 });
        var at = into.Open(1);
        switch (point.Type)
        {
            case PointType.Histogram:
                Histogram(point);
                break;
            case PointType.ExponentialHistogram:
                Exponential(point);
                break;
            case PointType.Summary:
                Summary(point);
                break;
            default:
                Number(point);
                break;
        }

        into.Close(at);
        if (point.Type is PointType.Sum or PointType.Histogram or PointType.ExponentialHistogram)
        {
            into.Number(2, (ulong)point.Temporality);
        }

        if (point.Type == PointType.Sum)
        {
            into.Number(3, point.IsMonotonic ? 1UL : 0UL);
        }

        into.Close(data);
        into.Close(metric);
    }

    // NumberDataPoint {start 2, time 3, double 4, exemplars 5, int 6 (sfixed64), attributes 7, flags 8}.
    void Number(in PointView point)
    {
        Times(point);
        if (point.IsInteger)
        {
            into.Fixed(6, (ulong)point.Integer);
        }
        else
        {
            into.Double(4, point.Value);
        }

        Exemplars(5, point);
        Attributes(7, point.Attributes);
        Stale(8, point);
    }

    // HistogramDataPoint {start 2, time 3, count 4, sum 5, bucket_counts 6, explicit_bounds 7, exemplars 8, attributes 9, flags 10, min 11, max 12}.
    void Histogram(in PointView point)
    {
        Times(point);
        into.Fixed(4, point.Count);
        Maybe(5, point.Sum);
        foreach (var count in point.Counts)
        {
            into.Fixed(6, count);
        }

        foreach (var bound in point.Bounds)
        {
            into.Double(7, bound);
        }

        Exemplars(8, point);
        Attributes(9, point.Attributes);
        Stale(10, point);
        Maybe(11, point.Min);
        Maybe(12, point.Max);
    }

    // ExponentialHistogramDataPoint {attributes 1, start 2, time 3, count 4, sum 5, scale 6 (sint32), zero_count 7, positive 8, negative 9, flags 10, exemplars 11, min 12, max 13, zero_threshold 14}.
    void Exponential(in PointView point)
    {
        Attributes(1, point.Attributes);
        Times(point);
        into.Fixed(4, point.Count);
        Maybe(5, point.Sum);
        into.Number(6, Zigzag(point.Scale));
        into.Fixed(7, point.ZeroCount);
        Buckets(8, point.PositiveOffset, point.Counts);
        Buckets(9, point.NegativeOffset, point.NegativeCounts);
        Stale(10, point);
        Exemplars(11, point);
        Maybe(12, point.Min);
        Maybe(13, point.Max);
        into.Double(14, point.ZeroThreshold);
    }

    // SummaryDataPoint {start 2, time 3, count 4, sum 5, quantile_values 6 {quantile 1, value 2}, attributes 7, flags 8}.
    void Summary(in PointView point)
    {
        Times(point);
        into.Fixed(4, point.Count);
        Maybe(5, point.Sum);
        for (var i = 0; i + 1 < point.Bounds.Length; i += 2)
        {
            var at = into.Open(6);
            into.Double(1, point.Bounds[i]);
            into.Double(2, point.Bounds[i + 1]);
            into.Close(at);
        }

        Attributes(7, point.Attributes);
        Stale(8, point);
    }

    void Buckets(int field, int offset, ReadOnlySpan<ulong> counts)
    {
        var at = into.Open(field);
        into.Number(1, Zigzag(offset));
        foreach (var count in counts)
        {
            into.Number(2, count);
        }

        into.Close(at);
    }

    // Exemplar {time 2, double 3, span_id 4, trace_id 5, filtered_attributes 7}.
    void Exemplars(int field, in PointView point)
    {
        for (var i = 0; i < point.Exemplars; i++)
        {
            var one = point.Exemplar(i);
            var at = into.Open(field);
            into.Fixed(2, (ulong)one.Time);
            into.Double(3, one.Value);
            if (!one.Trace.IsZero)
            {
                Id(4, one.Span);
                Id(5, one.Trace);
            }

            Attributes(7, one.Attributes);
            into.Close(at);
        }
    }

    void Times(in PointView point)
    {
        if (point.Start != 0)
        {
            into.Fixed(2, (ulong)point.Start);
        }

        into.Fixed(3, (ulong)point.Time);
    }

    void Stale(int field, in PointView point)
    {
        if (point.IsStale)
        {
            into.Number(field, 1);
        }
    }

    void Attributes(int field, AttributeList attributes)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            var one = attributes[i];
            var at = into.Open(field);
            into.Bytes(1, one.Key);
            var value = into.Open(2);
            Value(one);
            into.Close(value);
            into.Close(at);
        }
    }

    // AnyValue {string 1, bool 2, int 3, double 4, bytes 7}; lists and maps go as the JSON that they are kept as.
    void Value(in AttributeView value)
    {
        switch (value.Kind)
        {
            case AttributeKind.Text or AttributeKind.Json:
                into.Bytes(1, value.Text);
                break;
            case AttributeKind.Flag:
                into.Number(2, value.Flag ? 1UL : 0UL);
                break;
            case AttributeKind.Integer:
                into.Number(3, (ulong)value.Integer);
                break;
            case AttributeKind.Number:
                into.Double(4, value.Number);
                break;
            case AttributeKind.Bytes:
                into.Bytes(7, value.Text);
                break;
        }
    }

    void Maybe(int field, ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            into.Bytes(field, text);
        }
    }

    void Maybe(int field, double? value)
    {
        if (value is { } number)
        {
            into.Double(field, number);
        }
    }

    void Id(int field, TraceId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, id.High);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], id.Low);
        into.Bytes(field, bytes);
    }

    void Id(int field, ulong id)
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        into.Bytes(field, bytes);
    }

    void Anybody()
    {
        if (what < 0)
        {
            Begin(default, default);
        }
    }

    void End()
    {
        if (what >= 0)
        {
            into.Close(what);
            into.Close(who);
            what = who = -1;
        }
    }

    static ulong Zigzag(int value) => (uint)((value << 1) ^ (value >> 31));
}
