using System.Diagnostics;

namespace Mainstay.Host.Api;

/// <summary>Health checks, metrics and the version.</summary>
public sealed class Probes(string version, ApiParts parts)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/livez", "200 while the process answers.", _ => Ok()) { MediaType = "text/plain" },
        new("GET", "/healthz", "200 while the process answers and its store reads; 503 otherwise.", HealthAsync) { MediaType = "text/plain" },
        new("GET", "/readyz", "200 once the API serves what the store holds; 503 before.", ReadyAsync) { MediaType = "text/plain" },
        new("GET", "/metrics", "Metrics of the server in the Prometheus text format.", _ => Task.FromResult<Answer?>(Answer.Text(Metrics(), MetricsText.MediaType))) { MediaType = "text/plain" },
        new("GET", "/api/v1/version", "Mainstay's version.", _ => Task.FromResult<Answer?>(Answer.Json(new VersionView(version)))) { Answer = typeof(VersionView) },
    ];

    static Task<Answer?> Ok() => Task.FromResult<Answer?>(Answer.Text("ok\n"));

    async Task<Answer?> HealthAsync(Call call)
    {
        await parts.Services.Store.RangeAsync("architecture/", limit: 1, stop: call.Stop);
        return Answer.Text("ok\n");
    }

    Task<Answer?> ReadyAsync(Call call) =>
        parts.Mirror.IsFilled ? Ok() : Task.FromResult<Answer?>(ProblemAnswer.Unavailable("the server is still reading its store", "ask again in a moment"));

    string Metrics()
    {
        var text = new MetricsText();
        text.Counter("mainstay_store_commits_total", "Commits that changed something since the store was made.", parts.Services.Store.Revision);
        text.Gauge("mainstay_api_mirror_revision", "The revision that status and map show.", parts.Mirror.Revision);
        foreach (var (kind, streams) in new[] { ("clients", parts.Streams.Counters), ("internal", parts.InternalStreams.Counters) })
        {
            text.Gauge("mainstay_api_streams", "Open streams.", streams.Open, ("of", kind));
        }

        foreach (var (why, count) in Ended())
        {
            text.Counter("mainstay_api_streams_ended_total", "Streams that were refused or cut.", count, ("why", why));
        }

        text.Counter("mainstay_log_lost_total", "Writes to the server's own log that were lost, as on a full disk.", LossyWriter.Lost);
        text.Counter("mainstay_api_faults_total", "Requests that ended in a fault of the server.", parts.Dispatcher?.Faults ?? 0);
        text.Counter("mainstay_api_refused_total", "Requests that the access rules refused.", parts.Dispatcher?.Refused ?? 0);
        text.Counter("mainstay_api_report_conflicts_total", "Commits of agents' reports that were done again because something had changed.", parts.Reports.Conflicts);
        text.Counter("mainstay_gateway_requests_total", "Requests that gateways reported.", parts.Services.Edges.Requests);
        text.Counter("mainstay_edge_samples_dropped_total", "Samples not taken in because there were too many edges or instances.", parts.Services.Edges.Dropped);
        text.Counter("mainstay_gateway_batches_lost_total", "Batches that gaps in gateways' sequences show to be lost.", parts.Records.Lost);
        text.Counter("mainstay_gateway_tables_total", "Tables compiled for gateways.", parts.Tables.Made);
        text.Counter("mainstay_api_views_total", "Status and map payloads made for events.", parts.Views.Made);
        AddSamples(text);
        parts.Services.Telemetry.Write(text);
        parts.Correlator.Write(text);
        parts.Notify.Write(text);
        parts.Terms.Write(text);
        AddProcess(text);
        foreach (var add in parts.Services.Metrics)
        {
            add(text);
        }

        return text.ToString();
    }

    IEnumerable<(string Why, long Count)> Ended()
    {
        StreamCounters clients = parts.Streams.Counters, own = parts.InternalStreams.Counters;
        yield return ("refused", clients.RefusedTotal + own.RefusedTotal);
        yield return ("stalled", clients.StalledTotal + own.StalledTotal);
        yield return ("compacted", clients.LaggedTotal + own.LaggedTotal);
    }

    void AddSamples(MetricsText text)
    {
        var figures = parts.Services.Samples.Figures();
        text.Gauge("mainstay_metrics_series", "Series in the hot store.", figures.Series);
        text.Gauge("mainstay_metrics_samples", "Samples in the hot store.", figures.Samples);
        text.Gauge("mainstay_metrics_bytes", "Memory of the hot store.", figures.Bytes);
        text.Counter("mainstay_metrics_samples_total", "Samples taken into the hot store.", figures.Taken);
        text.Counter("mainstay_metrics_refused_total", "Samples not taken: too many series, out of order, or not finite.", figures.Refused);
        text.Counter("mainstay_metrics_evicted_total", "Samples dropped before their time for want of memory.", figures.Evicted);
    }

    static void AddProcess(MetricsText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Counter("process_cpu_seconds_total", "CPU time of the process.", process.TotalProcessorTime.TotalSeconds);
        text.Gauge("process_resident_memory_bytes", "Memory of the process.", process.WorkingSet64);
        text.Gauge("process_start_time_seconds", "Start of the process since the epoch.", new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        text.Gauge("dotnet_gc_heap_bytes", "Managed memory.", GC.GetTotalMemory(false));
        text.Gauge("dotnet_gc_committed_bytes", "Memory that the managed heap holds, in use or not, as of the last collection.", GC.GetGCMemoryInfo().TotalCommittedBytes);
        text.Counter("dotnet_gc_allocated_bytes_total", "Managed memory allocated.", GC.GetTotalAllocatedBytes());
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Counter("dotnet_gc_collections_total", "How often a generation was collected.", GC.CollectionCount(generation), ("generation", $"{generation}"));
        }

        text.Counter("dotnet_gc_pause_seconds_total", "How long the process stood still for collections.", GC.GetTotalPauseDuration().TotalSeconds);
    }
}

/// <summary>Mainstay's version.</summary>
public sealed record VersionView(string Version);
