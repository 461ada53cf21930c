using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Deliver;

/// <summary>An architecture as the manifest declares it: the whole of what users write. Limits: 8 MiB of text, depth 32, 1,000 services, 10,000 routes.</summary>
public sealed record ArchitectureSpec
{
    /// <summary>The highest number of services.</summary>
    public const int Most = 1000;

    /// <summary>The highest number of watched servers.</summary>
    public const int MostWatched = 200;

    /// <summary>The highest number of objectives.</summary>
    public const int MostObjectives = 500;

    /// <summary>The highest number of rules which versions work together.</summary>
    public const int MostCompatible = 500;

    /// <summary>The highest number of rules.</summary>
    public const int MostRules = 500;

    /// <summary>The highest number of receivers of incidents.</summary>
    public const int MostReceivers = 50;

    /// <summary>The highest number of jobs.</summary>
    public const int MostJobs = 500;

    /// <summary>The highest number of queues.</summary>
    public const int MostQueues = 500;

    /// <summary>The highest number of flows.</summary>
    public const int MostFlows = 200;

    /// <summary>The highest number of name spaces of configuration.</summary>
    public const int MostConfig = 200;

    /// <summary>The highest number of routes.</summary>
    public const int MostRoutes = 10_000;

    /// <summary>The name of the architecture, for people. 1 to 63 characters.</summary>
    public required string Architecture { get; init; }

    /// <summary>Which of its environments this is, for example <c>dev</c>; for people. Default: none. At most 63 characters.</summary>
    public string Environment { get; init; } = "";

    /// <summary>The services by name. At least one.</summary>
    public required IReadOnlyDictionary<string, ServiceSpec> Services { get; init; }

    /// <summary>Servers that run elsewhere and are looked at, by name. Default: none. At most 200.</summary>
    public IReadOnlyDictionary<string, WatchSpec>? Watch { get; init; }

    /// <summary>How well routes are to serve, by name. Default: nothing is asked. At most 500.</summary>
    public IReadOnlyDictionary<string, ObjectiveSpec>? Objectives { get; init; }

    /// <summary>Which versions work together: each entry gives versions for some services, as comparators joined by spaces. Entries for the same services are alternatives, one of which has to hold. Default: what needs say. At most 500.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Compatible { get; init; }

    /// <summary>Conditions over what is measured that make incidents, by name. Default: none. At most 500.</summary>
    public IReadOnlyDictionary<string, RuleSpec>? Rules { get; init; }

    /// <summary>Who is told of incidents, by name. Default: nobody. At most 50.</summary>
    public IReadOnlyDictionary<string, NotifySpec>? Notify { get; init; }

    /// <summary>What runs to its end on a schedule, after other jobs or when asked, by name. Default: nothing. At most 500.</summary>
    public IReadOnlyDictionary<string, JobSpec>? Jobs { get; init; }

    /// <summary>Queues of messages between services, by name. Default: none. At most 500.</summary>
    public IReadOnlyDictionary<string, MessageQueueSpec>? Queues { get; init; }

    /// <summary>Steps over several services that end all in success or are all taken back, by name. Default: none. At most 200.</summary>
    public IReadOnlyDictionary<string, FlowSpec>? Flows { get; init; }

    /// <summary>Configuration by name space: what services read, or have in their environment. Default: none. At most 200.</summary>
    public IReadOnlyDictionary<string, ConfigSpec>? Config { get; init; }

    /// <summary>How long telemetry is kept, and where it is sent on to. Default: it stays here, for some days.</summary>
    public TelemetrySpec? Telemetry { get; init; }

    /// <summary>The front door.</summary>
    public GatewaySpec Gateway { get; init; } = new();
}

/// <summary>The system's front door: where it listens, and which requests it sends where.</summary>
public sealed record GatewaySpec
{
    /// <summary>The address it listens on, as <c>http://ADDRESS:PORT</c> with an IP address, or https with TLS. Default <c>http://127.0.0.1:8080</c>.</summary>
    public string Listen { get; init; } = Traffic.Gateway.DefaultListen;

    /// <summary>How it speaks TLS. Default: it does not.</summary>
    public GatewayTls? Tls { get; init; }

    /// <summary>Addresses and ranges (<c>10.0.0.0/8</c>) of proxies whose word about a client counts: from them alone X-Forwarded-For, -Proto and -Host are kept. Default: none. At most 1,000.</summary>
    public IReadOnlyList<string>? TrustedProxies { get; init; }

    /// <summary>Turns abnormal clients away for a while. Default: nobody is watched.</summary>
    public BanSpec? Bans { get; init; }

    /// <summary>Connections begin with a header of the PROXY protocol, at each address that it listens on: <c>true</c>, or from whom. Default: they do not.</summary>
    public ProxyProtocolSpec? ProxyProtocol { get; init; }

    /// <summary>What all cached routes share. Default: 64Mi of memory.</summary>
    public GatewayCacheSpec? Cache { get; init; }

    /// <summary>Serves pages a script that tells how they fare in browsers: <c>true</c>, or its terms. Default: it does not.</summary>
    public BeaconSpec? Beacon { get; init; }

    /// <summary>The routes by name. The most specific match wins; their order does not matter.</summary>
    public IReadOnlyDictionary<string, RouteSpec> Routes { get; init; } = new Dictionary<string, RouteSpec>();

    /// <summary>Guards that several routes use, by name: <c>guard: NAME</c> on a route stands for all of it.</summary>
    public IReadOnlyDictionary<string, GuardSpec>? Guards { get; init; }
}
