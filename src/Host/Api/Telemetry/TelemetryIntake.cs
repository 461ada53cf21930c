using Mainstay.Core.Kinds.Observe;
using Mainstay.Host.Api.Gateways;
using Mainstay.Observe.Forward;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Ingest.Alerts;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Ingest.Otlp;
using Mainstay.Observe.Ingest.Points;
using Mainstay.Observe.Ingest.Prometheus;
using Mainstay.Observe.Ingest.Spans;
using Mainstay.Observe.Ingest.Zipkin;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Observe.Store.Logs;
using Mainstay.Observe.Store.Traces;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>What comes in, each by its own decoder.</summary>
public enum IntakeFormat
{
    OtlpTraces,
    OtlpTracesJson,
    OtlpMetrics,
    OtlpMetricsJson,
    OtlpLogs,
    OtlpLogsJson,
    Zipkin,
    RemoteWrite,
    RemoteWrite2,
    Alerts,

    /// <summary>What browsers report by the beacon. Its spans, records and points are counted a second time as those of OTLP, which they become.</summary>
    Browser,
}

/// <summary>
/// What takes telemetry in: a budget of bytes for bodies under way, a lane for each signal on which one body after the other is decoded, and what becomes of
/// it. The answer to a sender is given after its body was decoded, so that it says what was refused.
/// </summary>
public sealed class TelemetryIntake
{
    /// <summary>The largest body when unzipped, in bytes: what OTLP recommends.</summary>
    public const int MostBodyBytes = 64 << 20;

    readonly Lane spanLane = new();
    readonly Lane pointLane = new();
    readonly Lane logLane = new();
    readonly Lane alertLane = new();
    readonly IntakeCounters[] counters = [.. Enum.GetValues<IntakeFormat>().Select(f => new IntakeCounters(f))];

    /// <param name="time">Its clock.</param>
    /// <param name="samples">Where points and the numbers of calls go. Default: a store of its own, in memory.</param>
    /// <param name="budgetBytes">What bodies under way may take together. Default 96 MiB: the largest body and half as much, so that what waits is decoded before its sender gives it up and sends it again.</param>
    /// <param name="traceBytes">Memory for the newest spans. Default 128 MiB, taken as it is needed.</param>
    /// <param name="kept">Keeps traces on disk as well. Default: in memory alone.</param>
    /// <param name="logs">Keeps log records. Default: one in memory alone.</param>
    public TelemetryIntake(TimeProvider time, IMetricSink? samples = null, long budgetBytes = 96L << 20, long traceBytes = 128L << 20, TraceStore? kept = null, LogStore? logs = null)
    {
        Budget = new(budgetBytes);
        samples ??= new MetricStore(time);
        Calls = new(samples, Exemplars);
        Points = new(samples, Exemplars, time);
        Kept = kept;
        Traces = (ITraceStore?)kept ?? new TraceWindow(traceBytes);
        Traced = new(time, RecordIntake.Scale, maxEdges: 16_384);
        Spans = new(time, Traces, Traced, LatencyBuckets.IndexOf, Calls);
        Alerts = new(time);
        Logs = logs ?? new(time);
    }

    public IntakeBudget Budget { get; }

    /// <summary>Where what was taken in waits to be sent on; null where it stays here.</summary>
    public ForwardQueue? Forward { get; set => Volatile.Write(ref field, value); }

    public ITraceStore Traces { get; }

    /// <summary>What keeps traces on disk; null where nothing does.</summary>
    public TraceStore? Kept { get; }

    /// <summary>The calls that traces show, apart from those that the mesh counted.</summary>
    public EdgeStatistics Traced { get; }

    public SpanIntake Spans { get; }

    public AlertBoard Alerts { get; }

    public LogStore Logs { get; }

    /// <summary>Turns points into series.</summary>
    public PointIntake Points { get; }

    /// <summary>The numbers of routes, edges, instances and operations as series.</summary>
    public CallSeries Calls { get; }

    public ExemplarRing Exemplars { get; } = new();

    /// <summary>What was taken and refused, by format.</summary>
    public IReadOnlyList<IntakeCounters> Counters => counters;

    public IntakeCounters CountersOf(IntakeFormat format) => counters[(int)format];

    /// <summary>Decodes a body when its lane is free, and counts what came of it.</summary>
    /// <param name="format">How it is written.</param>
    /// <param name="body">Unpacked.</param>
    /// <param name="stop">The sender is gone.</param>
    /// <param name="isForwarded">Another Mainstay has sent it on: then this one does not.</param>
    public async Task<DecodeResult> DecodeAsync(IntakeFormat format, ReadOnlyMemory<byte> body, CancellationToken stop, bool isForwarded = false)
    {
        var lane = format switch
        {
            IntakeFormat.OtlpTraces or IntakeFormat.OtlpTracesJson or IntakeFormat.Zipkin => spanLane,
            IntakeFormat.OtlpLogs or IntakeFormat.OtlpLogsJson => logLane,
            IntakeFormat.Alerts => alertLane,
            _ => pointLane,
        };
        await lane.Turn.WaitAsync(stop);
        try
        {
            var result = Decode(format, body.Span, lane.Scratch);
            CountersOf(format).Count(result, body.Length);
            if (Forward is { } queue && !isForwarded && result is { IsRead: true, Taken: > 0 } && SignalOf(format) is { } signal && queue.Wants(signal))
            {
                queue.Add(signal, AsOtlp(format, body.Span, lane));
            }

            return result;
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    /// <summary>Adds its metrics.</summary>
    public void Write(MetricsText text)
    {
        foreach (var one in counters)
        {
            text.Counter("mainstay_ingest_requests_total", "Bodies of telemetry that came.", one.Requests, ("format", one.Name));
        }

        foreach (var (one, outcome, items) in counters.SelectMany(c => c.Items.Select(i => (c, i.Outcome, i.Count))))
        {
            text.Counter("mainstay_ingest_items_total", "Spans, points, log records and alerts, by what became of them.", items, ("format", one.Name), ("outcome", outcome));
        }

        foreach (var (one, outcome, bodies) in counters.SelectMany(c => c.Refusals.Select(r => (c, r.Outcome, r.Count))))
        {
            text.Counter("mainstay_ingest_refused_bodies_total", "Bodies that were refused as a whole.", bodies, ("format", one.Name), ("why", outcome));
        }

        foreach (var one in counters)
        {
            text.Counter("mainstay_ingest_bytes_total", "Bytes of bodies decoded, unzipped.", one.Bytes, ("format", one.Name));
        }

        text.Gauge("mainstay_ingest_budget_used_bytes", "Memory of bodies under way.", Budget.Used);
        var (traces, joins) = (Traces.Figures, Spans.Figures());
        text.Gauge("mainstay_traces_kept_spans", "Spans in the hot window.", traces.Spans);
        text.Gauge("mainstay_traces_kept_bytes", "Memory of the hot window.", traces.Bytes);
        text.Counter("mainstay_traces_forgotten_spans_total", "Spans that made room for newer ones.", traces.Forgotten);
        if (Kept is { } kept)
        {
            Write(text, kept);
        }

        text.Counter("mainstay_traces_calls_total", "Calls between nodes that spans have shown.", joins.Calls);
        text.Counter("mainstay_traces_orphans_total", "Callees' spans whose caller's did not come.", joins.Orphans);
        text.Counter("mainstay_traces_hurried_total", "Spans not waited for as long as usual, because too many waited.", joins.Hurried);
        text.Counter("mainstay_operations_dropped_total", "Numbers not counted because there were too many operations.", joins.Uncounted);
        var logs = Logs.Figures;
        text.Gauge("mainstay_logs_fresh_records", "Log records in memory, not yet sealed.", logs.Fresh);
        text.Counter("mainstay_logs_forgotten_total", "Log records that made room for newer ones before they could be sealed.", logs.Forgotten);
        text.Gauge("mainstay_logs_disk_records", "Log records in sealed blocks.", logs.Disk.Items);
        text.Gauge("mainstay_logs_disk_bytes", "Of sealed blocks.", logs.Disk.Bytes);
        text.Counter("mainstay_logs_disk_damaged_total", "Blocks and pages that could not be read.", logs.Disk.Damaged);
        text.Counter("mainstay_points_refused_total", "Points whose labels are too long to be kept.", Points.Refused);
        text.Counter("mainstay_points_forgotten_total", "How often all series of points were forgotten because there were too many.", Points.Forgotten);
        text.Counter("mainstay_exemplars_total", "Exemplars that came.", Exemplars.Added);
        text.Counter("mainstay_calls_dropped_total", "Calls not counted as series because there were too many routes, edges, instances and operations.", Calls.Dropped);
    }

    static void Write(MetricsText text, TraceStore kept)
    {
        var (disk, sampled) = (kept.Figures.Disk, kept.Sampling);
        text.Gauge("mainstay_traces_disk_spans", "Spans in sealed blocks.", disk.Items);
        text.Gauge("mainstay_traces_disk_bytes", "Of sealed blocks.", disk.Bytes);
        text.Counter("mainstay_traces_disk_damaged_total", "Blocks and pages that could not be read.", disk.Damaged);
        text.Counter("mainstay_traces_disk_unwritten_total", "Spans that could not be written.", disk.Unwritten);
        text.Gauge("mainstay_traces_waiting", "Traces that are not yet chosen or dropped.", sampled.Waiting);
        foreach (var (reason, traces) in new[]
        {
            ("error", sampled.Errors), ("slow", sampled.Slow), ("rare", sampled.Rare), ("fair", sampled.Fair), ("dropped", sampled.Dropped), ("over-budget", sampled.OverBudget),
        })
        {
            text.Counter("mainstay_traces_sampled_total", "Traces decided, by reason.", traces, ("reason", reason));
        }

        text.Counter("mainstay_traces_sampled_spans_total", "Spans of decided traces.", sampled.KeptSpans, ("kept", "yes"));
        text.Counter("mainstay_traces_sampled_spans_total", "Spans of decided traces.", sampled.DroppedSpans, ("kept", "no"));
        text.Counter("mainstay_traces_sampled_early_total", "Traces decided before their time.", sampled.Hurried);
        text.Counter("mainstay_traces_late_spans_total", "Spans that came after their trace was decided.", sampled.Late);
    }

    DecodeResult Decode(IntakeFormat format, ReadOnlySpan<byte> body, DecodeScratch scratch) => format switch
    {
        IntakeFormat.OtlpTraces => Spans.Take(body, (b, sink) => OtlpTraces.Read(b, scratch, sink)),
        IntakeFormat.OtlpTracesJson => Spans.Take(body, (b, sink) => OtlpTraces.ReadJson(b, scratch, sink)),
        IntakeFormat.Zipkin => Spans.Take(body, (b, sink) => ZipkinSpans.Read(b, scratch, sink)),
        IntakeFormat.OtlpMetrics => Points.Take(body, (b, sink) => OtlpMetrics.Read(b, scratch, sink)),
        IntakeFormat.OtlpMetricsJson => Points.Take(body, (b, sink) => OtlpMetrics.ReadJson(b, scratch, sink)),
        IntakeFormat.RemoteWrite => Points.Take(body, (b, sink) => RemoteWrite.Read(b, scratch, sink, MostBodyBytes)),
        IntakeFormat.RemoteWrite2 => Points.Take(body, (b, sink) => RemoteWrite2.Read(b, scratch, sink, MostBodyBytes)),
        IntakeFormat.OtlpLogs => OtlpLogs.Read(body, scratch, Logs),
        IntakeFormat.OtlpLogsJson => OtlpLogs.ReadJson(body, scratch, Logs),
        _ => AlertList.Read(body, scratch, Alerts),
    };

    static TelemetrySignal? SignalOf(IntakeFormat format) => format switch
    {
        IntakeFormat.OtlpTraces or IntakeFormat.OtlpTracesJson or IntakeFormat.Zipkin => TelemetrySignal.Traces,
        IntakeFormat.OtlpMetrics or IntakeFormat.OtlpMetricsJson or IntakeFormat.RemoteWrite or IntakeFormat.RemoteWrite2 => TelemetrySignal.Metrics,
        IntakeFormat.OtlpLogs or IntakeFormat.OtlpLogsJson => TelemetrySignal.Logs,
        _ => null,
    };

    // What is OTLP in protobuf goes on as it came; all else is read once more and written anew.
    static byte[] AsOtlp(IntakeFormat format, ReadOnlySpan<byte> body, Lane lane)
    {
        var (scratch, copy) = (lane.Scratch, lane.Copy);
        switch (format)
        {
            case IntakeFormat.OtlpTracesJson:
                OtlpTraces.ReadJson(body, scratch, copy);
                break;
            case IntakeFormat.Zipkin:
                ZipkinSpans.Read(body, scratch, copy);
                break;
            case IntakeFormat.OtlpMetricsJson:
                OtlpMetrics.ReadJson(body, scratch, copy);
                break;
            case IntakeFormat.RemoteWrite:
                RemoteWrite.Read(body, scratch, copy, MostBodyBytes);
                break;
            case IntakeFormat.RemoteWrite2:
                RemoteWrite2.Read(body, scratch, copy, MostBodyBytes);
                break;
            case IntakeFormat.OtlpLogsJson:
                OtlpLogs.ReadJson(body, scratch, copy);
                break;
            default:
                return body.ToArray();
        }

        return copy.Take();
    }

    sealed class Lane
    {
        public OtlpCopy Copy => field ??= new();

        public SemaphoreSlim Turn { get; } = new(1);

        public DecodeScratch Scratch { get; } = new();
    }
}

/// <summary>What was taken and refused of one format.</summary>
public sealed class IntakeCounters(IntakeFormat format)
{
    long requests;
    long bytes;
    long taken;
    long refused;
    long malformed;
    long tooLarge;
    long busy;

    public string Name { get; } = System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(format.ToString());

    /// <summary>Bodies that came, whatever became of them.</summary>
    public long Requests => Volatile.Read(ref requests);

    /// <summary>Of bodies decoded, unzipped.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    public IEnumerable<(string Outcome, long Count)> Items => [("taken", Volatile.Read(ref taken)), ("refused", Volatile.Read(ref refused))];

    public IEnumerable<(string Outcome, long Count)> Refusals =>
        [("malformed", Volatile.Read(ref malformed)), ("too-large", Volatile.Read(ref tooLarge)), ("busy", Volatile.Read(ref busy))];

    /// <summary>A body was decoded.</summary>
    public void Count(DecodeResult result, int length)
    {
        Interlocked.Increment(ref requests);
        Interlocked.Add(ref bytes, length);
        Interlocked.Add(ref taken, result.Taken);
        Interlocked.Add(ref refused, result.Refused);
        Interlocked.Add(ref malformed, result.IsRead ? 0 : 1);
    }

    /// <summary>A body was not read.</summary>
    public void Count(BodyOutcome outcome)
    {
        Interlocked.Increment(ref requests);
        switch (outcome)
        {
            case BodyOutcome.TooLarge:
                Interlocked.Increment(ref tooLarge);
                break;
            case BodyOutcome.Busy:
                Interlocked.Increment(ref busy);
                break;
            default:
                Interlocked.Increment(ref malformed);
                break;
        }
    }
}
