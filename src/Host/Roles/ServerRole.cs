using System.Net.Sockets;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Api;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Cli;
using Mainstay.Host.Cluster;
using Mainstay.Host.Security;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Store.Logs;
using Mainstay.Observe.Store.Metrics;
using Mainstay.Observe.Store.Traces;
using Mainstay.Schedule.Decide;
using Mainstay.State.Etcd;
using Mainstay.State.Lead;
using Mainstay.Traffic.Decide;

namespace Mainstay.Host.Roles;

/// <summary>The control plane: the store, the reconcilers, the Admin API and the dashboard.</summary>
static class ServerRole
{
    public static async Task<int> RunAsync(RoleArguments arguments, TimeProvider time, CancellationToken stop, ClusterKeeper? cluster = null)
    {
        var kinds = CoreKinds.All;
        var options = new ApiOptions
        {
            Listen = arguments.Listen,
            Token = Environment.GetEnvironmentVariable("MAINSTAY_TOKEN"),
            InternalToken = arguments.Data.ReadToken(),
            Dashboard = arguments.Dashboard,
            Version = ProductVersion.Text,
            Agents = arguments.Agents,
            Authority = arguments.Agents is null ? null : NodeAuthority.Open(arguments.Data.Authority, time, LifeOf(Environment.GetEnvironmentVariable("MAINSTAY_NODE_LIFE"))),
        };
        List<Problem> problems = [.. options.Validate(), .. arguments.Telemetry.Validate(options.Token)];
        var limits = TelemetryLimits.Read(Environment.GetEnvironmentVariable, problems);
        if (problems.Count > 0)
        {
            foreach (var problem in problems)
            {
                Role.Say(time, problem.ToString());
            }

            return 2;
        }

        await using var opened = await Stores.OpenAsync(arguments.Store, arguments.Data, time, stop, cluster);
        await using var standby = new Standby(options) { Outage = () => cluster?.Outage };
        Leader? leads;
        try
        {
            leads = await Stores.LeadAsync(opened, arguments, cluster?.Name ?? Environment.MachineName, standby, line => Role.Say(time, line), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It was asked to end while it stood by.
            return 0;
        }

        using var leader = leads;
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(stop, leader?.Over ?? CancellationToken.None);
        var store = leader?.Store ?? opened;
        stop = leading.Token;
        void Fault(string where, Exception fault) => Role.Say(time, $"{where}: {fault.GetType().Name}: {fault.Message}");
        (string Name, Loop Loop) Of(IReconciler reconciler) => (reconciler.Name, new(store, kinds, reconciler, NoDriver.Instance, time) { OnFault = Fault });
        (string Name, Loop Loop)[] loops = [Of(new ServiceReconciler()), Of(new LinkReconciler(IsFree)), Of(new InterventionReconciler()), Of(new JobReconciler())];

        var traces = new TraceStore(
            new DiskFiles(arguments.Data.Traces), time, new() { Keep = limits.Traces, Sampling = new() { SpansPerSecond = limits.TraceBudget } });
        var samples = new DiskMetricStore(new DiskFiles(arguments.Data.Metrics), time, options: new() { Keep = limits.Metrics });
        var logs = new LogStore(time, new DiskFiles(arguments.Data.Records), new() { Keep = limits.Logs });
        var services = new ServerServices(store, kinds, time)
        {
            Flows = leader is not null && opened is EtcdStore shared ? new() { Store = shared.Options, Epoch = leader.Epoch, OwnEtcd = cluster is not null, Over = leader.End, MovesIn = arguments.Data.Flows } : null,
            Cluster = cluster, StoreName = Stores.NameOf(arguments.Store, arguments.Data, cluster), OnFault = Fault, Data = arguments.Data.Root, SecretsPassphrase = Environment.GetEnvironmentVariable("MAINSTAY_SECRETS_PASSPHRASE") is { Length: > 0 } passphrase ? passphrase : null, Metrics = [LoopMetrics(loops), SampleMetrics(samples)], Traces = traces, Logs = logs, Samples = samples,
        };
        var exemplars = new ExemplarLog(services.Telemetry.Exemplars, new DiskFiles(arguments.Data.Metrics), time);
        await using var api = ApiServer.Build(options, services);
        await api.StartAsync(stop);
        await using var telemetry = await TelemetryServer.StartAsync(
            arguments.Telemetry, options.Token, services.Telemetry, line => Role.Say(time, line), Fault, stop);
        await File.WriteAllTextAsync(arguments.Data.ServerFile, Codec.Text(new { pid = Environment.ProcessId, url = arguments.Listen }), stop);
        Role.Say(time, $"server at {arguments.Listen}, store {services.StoreName} at revision {store.Revision}");
        await Task.WhenAll([.. loops.Select(l => l.Loop.RunAsync(stop)), Pruner.RunAsync(store, kinds, time, Fault, stop), OwnNodeAsync(arguments, options, store, leader is not null, time, Fault, stop), KeepAsync([[traces.Write], [traces.Tick], [new InstanceLogs(arguments.Data.Root, logs, () => services.Telemetry.Forward).Tick, logs.Tick], [samples.Tick, exemplars.Tick]], time, Fault, stop)]);
        await api.StopAsync(CancellationToken.None);
        File.Delete(arguments.Data.ServerFile);
        if (leader is { Over.IsCancellationRequested: true })
        {
            Role.Say(time, $"another server leads on the store since epoch {leader.Epoch}; this one ends, and stands by when it is started again");
            return 1;
        }

        return 0;
    }

    // Each list for itself: what one seals takes a while, and nothing that comes to the others waits for it in memory.
    static Task KeepAsync(IReadOnlyList<IReadOnlyList<Action>> lists, TimeProvider time, Action<string, Exception> fault, CancellationToken stop) =>
        Task.WhenAll(lists.Select(ticks => TelemetryKeeper.RunAsync(time, fault, ticks, stop)));

    // What is no life of a certificate leaves it as it is.
    static TimeSpan? LifeOf(string? text) =>
        Durations.TryParse(text ?? "", out var life) && life >= NodeAuthority.ShortestLife && life <= NodeAuthority.Lapse ? life : null;

    // Hosts know this server by its authority, and its own host like any other.
    static async Task OwnNodeAsync(RoleArguments arguments, ApiOptions options, IStore store, bool isOneOfSeveral, TimeProvider time, Action<string, Exception> fault, CancellationToken stop)
    {
        if (options.Authority is not { } authority)
        {
            return;
        }

        if (isOneOfSeveral && !await SharedAuthority.IsSharedAsync(store, authority, stop))
        {
            Role.Say(time, $"hosts have joined with another authority than that in {arguments.Data.Authority} and do not know this server; copy 'ca' from the data folder of the server that they joined");
        }

        if (arguments.Machine.Mesh is not null)
        {
            await new OwnNode(arguments.HostName, arguments.Data, authority, store, CoreKinds.All, time).RunAsync(fault, stop);
        }
    }

    static Action<MetricsText> SampleMetrics(DiskMetricStore samples) => text =>
    {
        var disk = samples.Disk;
        text.Gauge("mainstay_metrics_disk_blocks", "Sealed blocks of samples.", disk.Blocks);
        text.Gauge("mainstay_metrics_disk_bytes", "Of sealed blocks of samples.", disk.Bytes);
        text.Gauge("mainstay_metrics_disk_log_bytes", "Of samples that are not in a block yet.", samples.LogBytes);
        text.Counter("mainstay_metrics_disk_damaged_total", "Blocks and pages of samples that could not be read.", disk.Damaged);
        text.Counter("mainstay_metrics_disk_unwritten_total", "Samples that could not be written.", disk.Unwritten);
    };

    static Action<MetricsText> LoopMetrics((string Name, Loop Loop)[] loops) => text =>
    {
        void Each(string name, string help, Func<LoopCounters, long> value)
        {
            foreach (var (loop, counters) in loops.Select(l => (l.Name, l.Loop.Counters)))
            {
                text.Counter(name, help, value(counters), ("loop", loop));
            }
        }

        Each("mainstay_loop_passes_total", "How often the reconciler was asked.", c => c.Passes);
        Each("mainstay_loop_commits_total", "Commits of the loop that succeeded.", c => c.Commits);
        Each("mainstay_loop_conflicts_total", "Commits refused because something had changed; each is tried again.", c => c.Conflicts);
        Each("mainstay_loop_failures_total", "Passes, lists and watches that failed; each is tried again.", c => c.Failures);
    };

    // A port that can be bound now may still be taken before the gateway listens: that is then reported and another one is given.
    static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The server's reconcilers act by writing alone: agents and gateways do the rest.</summary>
    sealed class NoDriver : IDriver
    {
        public static NoDriver Instance { get; } = new();

        public ValueTask DoAsync(Act act, CancellationToken stop) => ValueTask.CompletedTask;
    }
}
