using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Deliver;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Autoscale;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Api.Gateways;
using Mainstay.Host.Api.Observe;
using Mainstay.Host.Api.Registry;
using Mainstay.Host.Api.State;
using Mainstay.Host.Api.Telemetry;
using Mainstay.Host.Api.Traffic;
using Mainstay.Host.Api.Views;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Query.Prom;

namespace Mainstay.Host.Api;

/// <summary>The parts of one server and their endpoints, wired by hand.</summary>
public sealed class ApiParts
{
    public ApiParts(ApiOptions options, ServerServices services)
    {
        Services = services;
        var limits = options.Limits;
        var (store, kinds, time) = services;
        Mirror = new Mirror(store, kinds, time, MirroredKinds) { OnFault = services.OnFault };
        Streams = new StreamGate(new StreamCounters(limits.Streams), time, limits);
        InternalStreams = new StreamGate(new StreamCounters(limits.Streams), time, limits);
        var events = new EventNames("api");
        var hosts = new HostWatch(store, kinds, Mirror, time, events);
        Reports = new ReportIntake(store, kinds, Mirror, hosts, time, events);
        var gateways = new GatewayNodes(store, kinds, Mirror, time);
        var policies = new PolicyBoard(store, kinds, time, events, services.OnFault);
        Records = new RecordIntake(services.Edges, services.Routes, gateways, policies, services.Telemetry.Calls, time, new BeaconIntake(services.Telemetry, time));
        Nodes = options is { Agents: not null, Authority: { } authority }
            ? new Security.NodeRules(authority, (host, key) => Mirror.Read(seen => seen.Get<HostIdentity>(host)?.Knows(key) ?? false))
            : null;
        Tables = new TableSource(Mirror, time, options.InternalToken);
        Views = new ViewEndpoints(store, Mirror, gateways, services.Edges, services.Telemetry, Streams, time, limits, () => Correlator!.Map, services.OnFault)
        {
            Cluster = services.Cluster is { } cluster ? () => ServerEndpoints.Say(cluster) : null,
        };
        var probes = new ProbeRunner(new ProbeTargets(Mirror).Now, services.Samples, time);
        var applier = services.Applier ?? DeliverPlane.Applier(store, kinds, time, options.EndPoint.Port, services.Data, text => PromParser.Parse(text).Fault?.ToString());
        var replacer = new InstanceReplacer(store, kinds, Mirror, time, events);
        Records.Judge = new ReleaseJudge(services, Mirror, applier, new PromDesk(services.Samples, time));
        var runner = new ActionRunner(services, Mirror, applier, replacer, events);
        Correlator = new Correlator(services, Mirror, probes, Views.Plain, runner, events);
        var demand = Records.Demand = new ScalingDemand(Mirror, time);
        var scaler = new Autoscaler(services, Mirror, Correlator, events) { Awaited = demand.Services };
        Notify = new NotifyLoop(services, Mirror, options.Listen);
        Terms = new TelemetryTerms(services, Mirror);
        var state = new StateParts(options, services, Mirror, events, Streams);
        var registry = new RegistryParts(services, Mirror, Streams, limits);
        Records.Staging = state.Staging;
        Background = new Background(
            services.OnFault,
            [
                .. state.Loops, .. registry.Loops, Records.Judge.RunAsync, probes.RunAsync, Correlator.RunAsync, scaler.RunAsync, Notify.RunAsync, Terms.RunAsync, Mirror.RunAsync, hosts.RunAsync,
                gateways.RunAsync, Tables.RunAsync, Tables.TellFencesAsync, new SeriesClock(services.Telemetry, Views.Plain, services.Samples, time).RunAsync,
            ]);
        Dashboard = new Dashboard(options.Dashboard);
        var lists = new KindEndpoints(store, kinds, new ResourceWatch(store, Streams, time, limits), limits);
        var desk = new PromDesk(services.Samples, time);
        byte[]? document = null;
        Routes =
        [
            new ApiRoute("GET", "/openapi/v1.json", "This document.", _ => Task.FromResult<Answer?>(new BytesAnswer(document ??= OpenApi.Make(Routes!, kinds, options.Version)))),
            .. new ChangeEndpoints(applier, limits).Routes(),
            .. replacer.Routes(),
            .. new RolloutEndpoint(Mirror, Records.Judge).Routes(),
            .. new ScalingEndpoint(Mirror, scaler).Routes(),
            .. new Rehearse.RehearsalDesk(services, Correlator, options.EndPoint.Port).Routes(),
            .. new DiffEndpoint(store, kinds).Routes(),
            .. new EventEndpoints(store, kinds, lists).Routes(),
            .. SightRoutes(probes, desk, limits),
            .. lists.Routes(),
            .. TrafficRoutes(events, policies, limits),
            .. new ResourceWrites(applier, lists).Routes(),
            .. new JobEndpoints(store, kinds, time, events).Routes(),
            .. state.Routes,
            .. registry.Routes,
            .. Views.Routes(),
            .. new PastEndpoints(Views, Correlator, services.Samples, time).Routes(),
            .. new CauseEndpoints(Correlator).Routes(),
            .. new IncidentEndpoints(store, kinds, Mirror, runner, time, events).Routes(),
            .. MachineRoutes(options, hosts, events, limits),
            .. new Probes(options.Version, this).Routes(),
        ];
    }

    // What joins, what runs on hosts, and the inner way of agents and gateways.
    IEnumerable<ApiRoute> MachineRoutes(ApiOptions options, HostWatch hosts, EventNames events, ApiLimits limits)
    {
        var (store, kinds, time) = Services;
        var execs = new ExecDesk(time);
        return
        [
            .. new HostEndpoints(store, kinds, Mirror, time, events).Routes(),
            .. new JoinEndpoints(store, kinds, Mirror, time, events, Nodes is null ? null : options.Authority, Nodes, $"https://{options.Agents}").Routes(),
            .. new GatewayEndpoints(Tables, Records, Mirror, InternalStreams, time, limits).Routes(),
            .. new ArtifactEndpoints(Services.Data, Mirror).Routes(),
            .. new AgentEndpoints(store, Mirror, Reports, hosts, execs, InternalStreams, time, limits).Routes(),
            .. new ExecEndpoints(store, kinds, Mirror, time, execs).Routes(),
        ];
    }

    IEnumerable<ApiRoute> TrafficRoutes(EventNames events, PolicyBoard policies, ApiLimits limits)
    {
        var (store, kinds, time) = Services;
        return
        [
            .. new InterventionEndpoints(store, kinds, Mirror, time, events).Routes(),
            .. new CacheEndpoints(store, kinds, Mirror, time, events).Routes(),
            .. new ExplainEndpoints(new QuestionDesk(Tables, Mirror, time), Mirror).Routes(),
            .. new TrafficEndpoints(Services, Mirror, policies, Streams, limits).Routes(),
        ];
    }

    // What is seen of everything: logs, traces and series.
    IEnumerable<ApiRoute> SightRoutes(ProbeRunner probes, PromDesk desk, ApiLimits limits)
    {
        var (store, kinds, time) = Services;
        return
        [
            .. new LogEndpoints(Services.Data, Mirror, Streams, time, limits).Routes(),
            .. new LogSearchEndpoints(Services.Telemetry.Logs, store, kinds, Mirror, Streams, time, limits).Routes(),
            .. new TraceEndpoints(Services.Telemetry).Routes(),
            .. new PrometheusEndpoints(Services.Telemetry).Routes(),
            .. new PromEndpoints(desk, Services.Samples, Services.Telemetry.Exemplars, time, Correlator.Rules).Routes(),
            .. new MetricEndpoints(Services.Samples, desk, time, limits).Routes(),
            .. new RuntimeEndpoints(Services, probes, Streams, limits).Routes(),
            .. new NotifyEndpoints(store, Mirror, Notify).Routes(),
        ];
    }

    // Versions, events and audits are many, large and read one by one: they stay in the store.
    static IReadOnlyList<Type> MirroredKinds { get; } =
    [
        typeof(Architecture), typeof(Service), typeof(Scaling), typeof(Instance), typeof(Build), typeof(Core.Kinds.Schedule.Host),
        typeof(Endpoints), typeof(Gateway), typeof(Route), typeof(MeshLink), typeof(Intervention), typeof(CachePurge), typeof(GatewayNode), typeof(WatchedServer),
        typeof(Incident), typeof(Receiver), typeof(Objective), typeof(AlertRule), typeof(NamedLock), typeof(ConfigSpace), typeof(Queue), typeof(ReleaseRecord), typeof(HostIdentity), typeof(Flow),
        .. RegistryParts.Kinds,
    ];

    public ServerServices Services { get; }

    public Mirror Mirror { get; }

    /// <summary>Who may come in through the door for agents; null where there is none.</summary>
    public Security.NodeRules? Nodes { get; }

    public StreamGate Streams { get; }

    public StreamGate InternalStreams { get; }

    public ReportIntake Reports { get; }

    public RecordIntake Records { get; }

    public TableSource Tables { get; }

    public ViewEndpoints Views { get; }

    public Correlator Correlator { get; }

    public NotifyLoop Notify { get; }

    public TelemetryTerms Terms { get; }

    public Background Background { get; }

    public Dashboard Dashboard { get; }

    public Dispatcher? Dispatcher { get; set; }

    public IReadOnlyList<ApiRoute> Routes { get; }
}
