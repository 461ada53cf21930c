using System.Globalization;
using System.Text;
using Mainstay.Observe.Ingest.Alerts;
using Mainstay.Observe.Ingest.Model;

namespace Mainstay.Tests.Observe.Ingest;

/// <summary>A sink that writes down everything it is told, a line each.</summary>
sealed class Written : ISpanSink, ILogSink, IPointSink, IAlertSink
{
    readonly StringBuilder text = new();

    /// <summary>How many things it was told.</summary>
    public int Lines { get; private set; }

    public override string ToString() => text.ToString();

    public void Begin(in ResourceView resource, in ScopeView scope) =>
        Line($"resource {List(resource.Attributes)} scope {Text(scope.Name)} {Text(scope.Version)} {List(scope.Attributes)}");

    public void Span(in SpanView span)
    {
        Line($"span {span.Trace} {span.Span:x16} {span.Parent:x16} {span.Kind} {Text(span.Name)} {span.Start} {span.End} {span.Status} {Text(span.StatusMessage)} {Text(span.State)} {span.Flags}{(span.Shared ? " shared" : "")} {List(span.Attributes)}");
        for (var i = 0; i < span.Events; i++)
        {
            var one = span.Event(i);
            Line($"  event {one.Time} {Text(one.Name)} {List(one.Attributes)}");
        }

        for (var i = 0; i < span.Links; i++)
        {
            var one = span.Link(i);
            Line($"  link {one.Trace} {one.Span:x16} {List(one.Attributes)}");
        }
    }

    public void Log(in LogView log) =>
        Line($"log {log.Time} {log.Severity} {Text(log.SeverityText)} {log.Body.Kind} {log.Body.ToString()} {log.Trace} {log.Span:x16} {Text(log.EventName)} {List(log.Attributes)}");

    public void Point(in PointView point)
    {
        Line($"point {Text(point.Name)} {Text(point.Unit)} {Text(point.Description)} {point.Type} {point.Temporality}{(point.IsMonotonic ? " rising" : "")}{(point.IsStale ? " stale" : "")} {point.Start} {point.Time} {List(point.Attributes)}");
        if (point.Type is PointType.Gauge or PointType.Sum or PointType.Unknown)
        {
            Line(point.IsInteger ? $"  integer {point.Integer}" : $"  value {Number(point.Value)}");
        }
        else
        {
            Line($"  count {point.Count} sum {Maybe(point.Sum)} min {Maybe(point.Min)} max {Maybe(point.Max)} counts {string.Join(",", point.Counts.ToArray())} bounds {string.Join(",", point.Bounds.ToArray().Select(Number))}");
        }

        if (point.Type == PointType.ExponentialHistogram)
        {
            Line($"  scale {point.Scale} zero {point.ZeroCount} {Number(point.ZeroThreshold)} positive {point.PositiveOffset} negative {point.NegativeOffset} {string.Join(",", point.NegativeCounts.ToArray())}");
        }

        for (var i = 0; i < point.Exemplars; i++)
        {
            var one = point.Exemplar(i);
            Line($"  exemplar {one.Time} {Number(one.Value)} {one.Trace} {one.Span:x16} {List(one.Attributes)}");
        }
    }

    public void Alert(in AlertView alert) =>
        Line($"alert {List(alert.Labels)} {List(alert.Annotations)} {Moment(alert.StartsAt)} {Moment(alert.EndsAt)} {Text(alert.Generator)}");

    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Maybe(double? value) => value is { } number ? Number(number) : "-";

    static string Moment(DateTimeOffset? time) => time?.ToString("O", CultureInfo.InvariantCulture) ?? "-";

    static string Text(ReadOnlySpan<byte> utf8) => $"'{Encoding.UTF8.GetString(utf8)}'";

    static string List(AttributeList attributes)
    {
        var parts = new List<string>();
        for (var i = 0; i < attributes.Count; i++)
        {
            var one = attributes[i];
            parts.Add($"{Encoding.UTF8.GetString(one.Key)}={one.Kind}:{one.ToString()}");
        }

        return "{" + string.Join(" ", parts) + "}";
    }

    void Line(string line)
    {
        Lines++;
        text.Append(line).Append('\n');
    }
}
