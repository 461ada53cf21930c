using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Mainstay.Host.Api.Telemetry;
using Mainstay.State.Decide.Flows;

namespace Mainstay.Host.Api.Flows;

/// <summary>Tells runs that have ended as traces: the run is the root, its calls are below it, and what services did for them below those. Where more end than can be told, the rest is left out.</summary>
public sealed class FlowSpans(TelemetryIntake telemetry)
{
    const int MostWaiting = 1024;
    const int MostTogether = 64;
    const int MostSpans = 500;

    readonly Channel<(FlowRun Run, IReadOnlyList<FlowRow> Rows)> ended = Channel.CreateBounded<(FlowRun, IReadOnlyList<FlowRow>)>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Ended(FlowRun run, IReadOnlyList<FlowRow> rows) => ended.Writer.TryWrite((run, rows));

    public async Task RunAsync(CancellationToken stop)
    {
        while (await ended.Reader.WaitToReadAsync(stop))
        {
            var some = new List<(FlowRun, IReadOnlyList<FlowRow>)>();
            while (some.Count < MostTogether && ended.Reader.TryRead(out var one))
            {
                some.Add(one);
            }

            await telemetry.DecodeAsync(IntakeFormat.OtlpTracesJson, Body(some), stop);
        }
    }

    // OTLP/HTTP JSON: opentelemetry-proto, trace/v1.
    static ReadOnlyMemory<byte> Body(List<(FlowRun Run, IReadOnlyList<FlowRow> Rows)> runs)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("resourceSpans");
            foreach (var flow in runs.GroupBy(r => r.Run.Flow, StringComparer.Ordinal))
            {
                writer.WriteStartObject();
                writer.WriteStartObject("resource");
                Attributes(writer, ("service.name", Core.Kinds.State.Flow.CallerOf(flow.Key)));
                writer.WriteEndObject();
                writer.WriteStartArray("scopeSpans");
                writer.WriteStartObject();
                writer.WriteStartArray("spans");
                foreach (var (run, rows) in flow)
                {
                    Spans(writer, run, rows);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    static void Spans(Utf8JsonWriter writer, FlowRun run, IReadOnlyList<FlowRow> rows)
    {
        var trace = Convert.ToHexStringLower(FlowTrace.TraceOf(run));
        var root = Convert.ToHexStringLower(FlowTrace.SpanOf(run));
        Span(writer, trace, root, null, run.Flow, 1, run.At, run.EndedAt!.Value, run.State == FlowState.Succeeded ? "" : run.Why, ("mainstay.run", run.Id), ("mainstay.state", run.State.ToString().ToLowerInvariant()));
        foreach (var row in rows.Where(r => r.Stage != FlowStage.Skipped).OrderBy(r => r.Began).Take(MostSpans))
        {
            Span(
                writer, trace, Convert.ToHexStringLower(FlowTrace.SpanOf(run, row.Path, row.Round)), root, row.Path, row.Kind is FlowActKind.Call or FlowActKind.Poll or FlowActKind.Check ? 3 : 1,
                row.Began, row.Ended ?? run.EndedAt.Value, row.Stage == FlowStage.Failed ? row.Why : "", ("mainstay.tries", row.Attempt.ToString(CultureInfo.InvariantCulture)));
        }
    }

    static void Span(Utf8JsonWriter writer, string trace, string span, string? parent, string name, int kind, DateTimeOffset from, DateTimeOffset to, string fault, params ReadOnlySpan<(string, string)> attributes)
    {
        writer.WriteStartObject();
        writer.WriteString("traceId", trace);
        writer.WriteString("spanId", span);
        if (parent is not null)
        {
            writer.WriteString("parentSpanId", parent);
        }

        writer.WriteString("name", name);
        writer.WriteNumber("kind", kind);
        writer.WriteString("startTimeUnixNano", Nanos(from));
        writer.WriteString("endTimeUnixNano", Nanos(to));
        Attributes(writer, attributes);
        if (fault.Length > 0)
        {
            writer.WriteStartObject("status");
            writer.WriteNumber("code", 2);
            writer.WriteString("message", fault);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    static void Attributes(Utf8JsonWriter writer, params ReadOnlySpan<(string Key, string Value)> all)
    {
        writer.WriteStartArray("attributes");
        foreach (var (key, value) in all)
        {
            writer.WriteStartObject();
            writer.WriteString("key", key);
            writer.WriteStartObject("value");
            writer.WriteString("stringValue", value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    static string Nanos(DateTimeOffset at) => ((at - DateTimeOffset.UnixEpoch).Ticks * 100).ToString(CultureInfo.InvariantCulture);
}
