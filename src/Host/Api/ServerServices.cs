using Mainstay.Core.Kinds;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Host.Api.Gateways;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Roles;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Store.Logs;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Observe.Store.Traces;
using Mainstay.State.Flows;

namespace Mainstay.Host.Api;

/// <summary>What the Admin API stands on; the server's role makes it.</summary>
/// <param name="Store">Not disposed by the API.</param>
/// <param name="Kinds">What it serves.</param>
/// <param name="Time">The clock of everything but Kestrel's own timeouts.</param>
public sealed record ServerServices(IStore Store, KindRegistry Kinds, TimeProvider Time)
{
    /// <summary>The cluster that the server is in; null is in none.</summary>
    public Cluster.ClusterKeeper? Cluster { get; init; }

    /// <summary>Where the store is, for people.</summary>
    public string StoreName { get; init; } = "in memory";

    /// <summary>Called with where and what went wrong inside; the client gets a problem without the details. Default: counted in <c>/metrics</c> alone.</summary>
    public Action<string, Exception>? OnFault { get; init; }

    /// <summary>What carries out every change of what is declared. Default: one over the store, with the local disk.</summary>
    public Applier? Applier { get; init; }

    /// <summary>The data folder, where logs are; null serves none.</summary>
    public string? Data { get; init; }

    /// <summary>Where runs of flows are, if other servers are to go on with them; null keeps them in the data folder.</summary>
    public SharedFlows? Flows { get; init; }

    /// <summary>Where messages of queues lie. Default: as the environment says.</summary>
    public QueuePlaces Queues { get; init; } = QueuePlaces.FromEnvironment();

    /// <summary>What the keys of secrets are sealed with; null for none.</summary>
    public string? SecretsPassphrase { get; init; }

    /// <summary>Where the gateways' records go. Default: a new one.</summary>
    public EdgeStatistics Edges { get; init; } = new(Time, RecordIntake.Scale);

    /// <summary>The figures of routes. Default: a new one.</summary>
    public EdgeStatistics Routes { get; init; } = new(Time, RecordIntake.Scale, maxEdges: 16384);

    /// <summary>Where all samples go. Default: a new one, in memory.</summary>
    public IMetricStore Samples { get; init; } = new MetricStore(Time);

    /// <summary>What takes telemetry in. Default: a new one.</summary>
    public TelemetryIntake Telemetry { get => field ??= new(Time, Samples, kept: Traces, logs: Logs); init; }

    /// <summary>Keeps traces on disk; null for memory alone.</summary>
    public TraceStore? Traces { get; init; }

    /// <summary>Keeps log records on disk; null for memory alone.</summary>
    public LogStore? Logs { get; init; }

    /// <summary>Add the metrics of other parts, for example the loops' counters, to <c>/metrics</c>.</summary>
    public IReadOnlyList<Action<MetricsText>> Metrics { get; init; } = [];
}
