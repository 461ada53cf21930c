using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Host.Api.Agents;

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
        Background = new Background(services.OnFault, Mirror.RunAsync, hosts.RunAsync);
        Dashboard = new Dashboard(options.Dashboard);
        var watch = new ResourceWatch(store, Streams, time, limits);
        Routes =
        [
            .. new KindEndpoints(store, kinds, watch, limits).Routes(),
            .. new AgentEndpoints(Mirror, Reports, InternalStreams, time, limits).Routes(),
            .. new Probes(options.Version, this).Routes(),
        ];
    }

    // Versions, events and audits are many, large and read one by one: they stay in the store.
    static IReadOnlyList<Type> MirroredKinds { get; } =
    [
        typeof(Architecture), typeof(Service), typeof(Instance), typeof(Build), typeof(Core.Kinds.Schedule.Host),
        typeof(Endpoints), typeof(Gateway), typeof(Route), typeof(MeshLink), typeof(GatewayNode),
    ];

    public ServerServices Services { get; }

    public Mirror Mirror { get; }

    public StreamGate Streams { get; }

    public StreamGate InternalStreams { get; }

    public ReportIntake Reports { get; }

    public Background Background { get; }

    public Dashboard Dashboard { get; }

    public Dispatcher? Dispatcher { get; set; }

    public IReadOnlyList<ApiRoute> Routes { get; }
}
