using System.Globalization;
using System.Runtime.InteropServices;
using Mainstay.Observe.Ingest.Model;
using Mainstay.Observe.Store.Metrics;

namespace Mainstay.Observe.Numbers;

/// <summary>Whose calls are counted.</summary>
public enum CallsOf : byte
{
    /// <summary>A route of the gateway: its name.</summary>
    Route,

    /// <summary>A caller and its callee, and who counted: <c>mesh</c> or <c>traces</c>.</summary>
    Edge,

    /// <summary>A service and an instance of it, as gateway and mesh see them.</summary>
    Instance,

    /// <summary>A service, an operation and an instance, as spans tell.</summary>
    Operation,
}

/// <summary>One line of the books.</summary>
/// <param name="A">The route, the caller or the service.</param>
/// <param name="B">The callee, the instance or the operation.</param>
/// <param name="C">Who counted, or the operation's instance.</param>
public readonly record struct CallsKey(CallsOf Of, string A, string B = "", string C = "");

/// <summary>
/// Rate, errors and durations as series that only grow, written every ten seconds: <c>http.server.request.*</c> of the gateway's routes, <c>traces_service_graph_request_*</c> of
/// edges, <c>mesh.server.request.*</c> of instances, <c>traces.span.metrics.*</c> of operations. Durations are histograms over <see cref="BoundsSeconds"/>, alike in all series, so that they can be added up. Safe for any number of callers.
/// </summary>
/// <param name="sink">Takes the samples.</param>
/// <param name="exemplars">Takes the slowest trace of an operation's ten seconds.</param>
/// <param name="most">The most lines; what has no room is counted as dropped. Default 2048, which is 43,000 series.</param>
public sealed class CallSeries(IMetricSink sink, ExemplarRing exemplars, int most = 2048)
{
    /// <summary>Between two samples.</summary>
    public const int Seconds = 10;

    // What was silent so long is written no more: queries look back five minutes.
    const int SilentMs = 300_000;

    // What was silent for an hour is forgotten and would begin anew.
    const int GoneMs = 3_600_000;

    readonly Lock gate = new();
    readonly Dictionary<CallsKey, Line> lines = [];
    readonly List<MetricSample> samples = [];
    long dropped;

    /// <summary>The upper bounds of the histograms: those of OpenTelemetry's conventions, and three below them.</summary>
    public static IReadOnlyList<double> BoundsSeconds { get; } = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    /// <summary>Calls that were not counted because there were too many lines.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    /// <summary>Adds calls.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="calls">How many.</param>
    /// <param name="errors">How many of them failed.</param>
    /// <param name="latency">Seconds and how many took so long.</param>
    /// <param name="atMs">Now.</param>
    public void Add(CallsKey key, long calls, long errors, IEnumerable<(double Seconds, long Count)> latency, long atMs)
    {
        lock (gate)
        {
            if (LineOf(key, atMs) is { } line)
            {
                line.Add(calls, errors, atMs);
                foreach (var (seconds, count) in latency)
                {
                    line.Add(seconds, count);
                }
            }
            else
            {
                dropped += calls;
            }
        }
    }

    /// <summary>Remembers the trace that stands for a duration.</summary>
    public void Exemplar(CallsKey key, double seconds, TraceId trace, long atMs)
    {
        lock (gate)
        {
            if (!trace.IsZero && LineOf(key, atMs) is { } line)
            {
                exemplars.Add(new(line.BucketOf(seconds), seconds, atMs, trace, 0));
            }
        }
    }

    /// <summary>Writes how everything stands; to be called every ten seconds.</summary>
    public void Write(long atMs)
    {
        lock (gate)
        {
            samples.Clear();
            foreach (var (key, line) in lines)
            {
                if (line.LastMs <= atMs - GoneMs)
                {
                    lines.Remove(key);
                }
                else if (line.LastMs > atMs - SilentMs)
                {
                    line.Write(samples, atMs);
                }
            }

            sink.Add(CollectionsMarshal.AsSpan(samples));
        }
    }

    Line? LineOf(CallsKey key, long atMs)
    {
        if (!lines.TryGetValue(key, out var line) && lines.Count < most)
        {
            lines[key] = line = new(key, atMs);
        }

        return line;
    }

    sealed class Line
    {
        readonly MetricSeries failed;
        readonly MetricSeries? total;
        readonly MetricSeries sumSeries;
        readonly MetricSeries countSeries;
        readonly MetricSeries[] buckets;
        readonly long[] counts = new long[BoundsSeconds.Count + 1];
        readonly long beganMs;
        long calls;
        long errors;
        double sum;
        bool isWritten;

        public Line(CallsKey key, long nowMs)
        {
            (beganMs, LastMs) = (nowMs, nowMs);
            var (duration, failures, labels) = key.Of switch
            {
                CallsOf.Route => ("http.server.request.duration", "http.server.request.failed", new (string, string)[] { ("service.name", "gateway"), ("http.route", key.A) }),
                CallsOf.Edge => ("traces_service_graph_request_server", "traces_service_graph_request_failed_total", [("client", key.A), ("server", key.B), ("source", key.C)]),
                CallsOf.Instance => ("mesh.server.request.duration", "mesh.server.request.failed", [("service.name", key.A), ("service.instance.id", key.B)]),
                _ => ("traces.span.metrics.duration", "traces.span.metrics.failed", [("service.name", key.A), ("span.name", key.B), ("service.instance.id", key.C)]),
            };
            failed = new(failures, "{request}", MetricKind.Counter, labels);
            total = key.Of switch
            {
                CallsOf.Edge => new("traces_service_graph_request_total", "{request}", MetricKind.Counter, labels),
                CallsOf.Operation => new("traces.span.metrics.calls", "{call}", MetricKind.Counter, labels),
                _ => null,
            };
            sumSeries = new(duration + "_sum", "s", MetricKind.Counter, labels);
            countSeries = new(duration + "_count", "s", MetricKind.Counter, labels);
            buckets = new MetricSeries[counts.Length];
            for (var i = 0; i < buckets.Length; i++)
            {
                var le = i < BoundsSeconds.Count ? BoundsSeconds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                buckets[i] = new(duration + "_bucket", "s", MetricKind.Counter, [.. labels, ("le", le)]);
            }
        }

        public long LastMs { get; private set; }

        public void Add(long more, long wrong, long atMs)
        {
            (calls, errors, LastMs) = (calls + more, errors + wrong, atMs);
        }

        public void Add(double seconds, long count)
        {
            counts[IndexOf(seconds)] += count;
            sum += seconds * count;
        }

        public MetricSeries BucketOf(double seconds) => buckets[IndexOf(seconds)];

        // Its first sample is a zero before it, or the calls until then would never be seen as growth.
        public void Write(List<MetricSample> into, long atMs)
        {
            if (!isWritten)
            {
                isWritten = true;
                var before = Math.Min(beganMs, atMs - (Seconds * 1000));
                foreach (var series in (ReadOnlySpan<MetricSeries?>)[failed, total, sumSeries, countSeries, .. buckets])
                {
                    if (series is not null)
                    {
                        into.Add(new(series, 0, before));
                    }
                }
            }

            into.Add(new(failed, errors, atMs));
            if (total is not null)
            {
                into.Add(new(total, calls, atMs));
            }

            long cumulative = 0;
            for (var i = 0; i < buckets.Length; i++)
            {
                cumulative += counts[i];
                into.Add(new(buckets[i], cumulative, atMs));
            }

            into.Add(new(sumSeries, sum, atMs));
            into.Add(new(countSeries, cumulative, atMs));
        }

        static int IndexOf(double seconds)
        {
            var at = 0;
            while (at < BoundsSeconds.Count && seconds > BoundsSeconds[at])
            {
                at++;
            }

            return at;
        }
    }
}
