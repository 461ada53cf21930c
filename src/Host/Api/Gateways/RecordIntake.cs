using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Api.Traffic;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;
using Mainstay.Traffic.Path;

namespace Mainstay.Host.Api.Gateways;

/// <summary>
/// Takes gateways' batches in: the traffic into the statistics of edges and routes and into the series of calls, the standing into the gateways' nodes, what their policies tell to the board. A batch that comes a second
/// time, because the answer to the first was lost, counts once.
/// </summary>
public sealed class RecordIntake(EdgeStatistics statistics, EdgeStatistics routes, GatewayNodes nodes, PolicyBoard policies, CallSeries calls, TimeProvider time, BeaconIntake? browsers = null)
{
    /// <summary>Of how many gateways' processes the sequence numbers are remembered.</summary>
    public const int MostRuns = 256;

    static readonly Dictionary<string, long> NoReasons = [];

    readonly Lock gate = new();
    readonly Dictionary<(string Gateway, string Run), long> sequences = [];
    long lost;

    /// <summary>The scale of the gateway's histograms.</summary>
    public static LatencyScale Scale { get; } = new(LatencyBuckets.Count, LatencyBuckets.LowerBound, LatencyBuckets.UpperBound);

    /// <summary>Who compares versions with each other; null compares none.</summary>
    public Observe.ReleaseJudge? Judge { get; set; }

    /// <summary>Who compares instances with a staged configuration and those without; null compares none.</summary>
    public Config.ConfigStager? Staging { get; set; }

    /// <summary>Who is told where requests wait; null tells nobody.</summary>
    public Autoscale.ScalingDemand? Demand { get; set; }

    /// <summary>Batches that a gap in a gateway's sequence shows to be lost.</summary>
    public long Lost => Volatile.Read(ref lost);

    /// <summary>The batch with empty lists for absent ones; null where it names no gateway.</summary>
    public static RecordBatch? Complete(RecordBatch batch) => string.IsNullOrEmpty(batch.Gateway) ? null : batch with
    {
        FailedListeners = batch.FailedListeners ?? [],
        Policies = [.. (batch.Policies ?? []).Where(p => p is { About: not null, Policy: not null, Numbers: not null })],
        Reports = [.. (batch.Reports ?? []).Where(r => r is not null)],
        Notices = [.. (batch.Notices ?? []).Where(n => n is { About: not null, Reason: not null, Message: not null })],
        Records = [.. (batch.Records ?? []).Where(r => r is not null).Select(r => r with { Latency = r.Latency ?? [], Reasons = r.Reasons ?? NoReasons })],
    };

    /// <summary>Takes one batch; false where the node could not be written and the gateway is to send it again.</summary>
    public async Task<bool> TakeAsync(RecordBatch batch, CancellationToken stop)
    {
        if (!await nodes.TakeAsync(batch, stop))
        {
            return false;
        }

        if (IsNew(batch))
        {
            Demand?.Take(batch.Policies);
            await policies.TakeAsync(batch, stop);
            foreach (var record in batch.Records)
            {
                var at = batch.At == default ? time.GetUtcNow() : batch.At;
                Add(record, at);
                AddRoute(record, at);
            }

            if (browsers is not null)
            {
                await browsers.TakeAsync(batch.Reports, batch.DroppedReports, batch.At == default ? time.GetUtcNow() : batch.At, stop);
            }
        }

        return true;
    }

    void Add(TrafficRecord record, DateTimeOffset at)
    {
        if (record.Service is { } service)
        {
            statistics.Add(new(record.Caller ?? MapView.Gateway, service, record.Instance, record.Requests, ErrorsOf(record), record.Latency), at);
            Count(new(CallsOf.Edge, record.Caller ?? MapView.Gateway, service, "mesh"), record);
            if (record.Caller is { } caller)
            {
                Judge?.AddCalls(caller, MeshLink.IsOther(record.Listener), service, record.Requests, ErrorsOf(record), record.Latency);
            }

            if (record.Instance is { } instance)
            {
                Count(new(CallsOf.Instance, service, instance), record);
                // What the other version had to answer in its place is its own error.
                Judge?.Add(service, instance, record.Requests + record.TakenOver, ErrorsOf(record) + record.TakenOver, record.Latency);
                Staging?.Add(service, instance, record.Requests, ErrorsOf(record), record.Latency);
            }
        }
    }

    void AddRoute(TrafficRecord record, DateTimeOffset at)
    {
        if (record.Route is { } route)
        {
            routes.Add(new(TrafficBuilder.RouteEdge, route, null, record.Requests, ErrorsOf(record), record.Latency), at);
            Count(new(CallsOf.Route, route), record);
        }
    }

    void Count(CallsKey of, TrafficRecord record) =>
        calls.Add(of, record.Requests, ErrorsOf(record), Scale.Durations(record.Latency), time.GetUtcNow().ToUnixTimeMilliseconds());

    // A client that went away before the answer is counted as a server's error by the gateway, and an answer that broke off by its status.
    static long ErrorsOf(TrafficRecord record)
    {
        var gone = record.Reasons.GetValueOrDefault(Problem.NameOf(Reason.ClientAborted));
        var broken = record.Reasons.GetValueOrDefault(Problem.NameOf(Reason.UpstreamAborted));
        return Math.Max(0, record.ServerErrors - gone) + broken;
    }

    bool IsNew(RecordBatch batch)
    {
        lock (gate)
        {
            // A gateway that was replaced, or has begun again, counts from 1.
            var run = (batch.Gateway, batch.Run ?? "");
            var known = sequences.TryGetValue(run, out var last);
            if (known && batch.Sequence <= last)
            {
                return false;
            }

            lost += known ? batch.Sequence - last - 1 : 0;
            if (!known && sequences.Count >= MostRuns)
            {
                sequences.Clear();
            }

            sequences[run] = batch.Sequence;
            return true;
        }
    }
}
