using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Deliver;

/// <summary>An immutable, numbered version of everything that is declared. Its name is its number.</summary>
public sealed record ArchitectureVersion : Resource
{
    public required int Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Who made it: the user and the surface, for example <c>root (cli)</c>.</summary>
    public required string By { get; init; }

    /// <summary>Why, in the maker's words; or what was done, for example <c>scale web to 4</c>.</summary>
    public string Message { get; init; } = "";

    public required string Title { get; init; }

    public string Environment { get; init; } = "";

    /// <summary>Absolute folder of the manifest.</summary>
    public required string BaseFolder { get; init; }

    public IReadOnlyDictionary<string, VersionedService> Services { get; init; } = new Dictionary<string, VersionedService>();

    public string Listen { get; init; } = Gateway.DefaultListen;

    public GatewayTls? Tls { get; init; }

    public IReadOnlyList<string>? TrustedProxies { get; init; }

    public BanSpec? Bans { get; init; }

    public ProxyProtocolSpec? ProxyProtocol { get; init; }

    public GatewayCacheSpec? Cache { get; init; }

    public BeaconSpec? Beacon { get; init; }

    public IReadOnlyDictionary<string, RouteSpec> Routes { get; init; } = new Dictionary<string, RouteSpec>();

    /// <summary>Which versions work together, as declared.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>>? Compatible { get; init; }

    public IReadOnlyDictionary<string, WatchSpec>? Watch { get; init; }

    public IReadOnlyDictionary<string, ObjectiveSpec>? Objectives { get; init; }

    public IReadOnlyDictionary<string, RuleSpec>? Rules { get; init; }

    public IReadOnlyDictionary<string, NotifySpec>? Notify { get; init; }

    public IReadOnlyDictionary<string, JobSpec>? Jobs { get; init; }

    public IReadOnlyDictionary<string, MessageQueueSpec>? Queues { get; init; }

    public IReadOnlyDictionary<string, FlowSpec>? Flows { get; init; }

    public IReadOnlyDictionary<string, ConfigSpec>? Config { get; init; }

    public TelemetrySpec? Telemetry { get; init; }

    /// <summary>What differs from the version before.</summary>
    public IReadOnlyList<FieldChange> Changes { get; init; } = [];
}

/// <summary>A service in a version: its declaration, its content and its number.</summary>
/// <param name="Spec">As declared.</param>
/// <param name="Digest">Content hash of its build inputs; null where nothing is built.</param>
/// <param name="Scale">As asked for by <c>scale</c>; null where never asked.</param>
public sealed record VersionedService(ServiceSpec Spec, string? Digest, int? Scale);

/// <summary>One difference between two versions.</summary>
/// <param name="Path">Dotted: <c>services.web.instances.min</c>.</param>
/// <param name="Before">As JSON text; null where it did not exist.</param>
/// <param name="After">As JSON text; null where it no longer exists.</param>
public sealed record FieldChange(string Path, string? Before, string? After);

/// <summary>One write by a person or program: who, what, from where, before and after. The newest 10,000 are kept.</summary>
public sealed record AuditEntry : Resource
{
    public required DateTimeOffset At { get; init; }

    /// <summary>The user as far as known.</summary>
    public required string Who { get; init; }

    /// <summary>The remote address and the program.</summary>
    public required string From { get; init; }

    /// <summary>The verb: <c>apply</c>, <c>scale</c>, <c>put</c>, <c>delete</c> …</summary>
    public required string Verb { get; init; }

    /// <summary>What was written, as <c>kind/name</c>.</summary>
    public required string About { get; init; }

    /// <summary>JSON before; null where it did not exist. At most 16 KiB.</summary>
    public string? Before { get; init; }

    /// <summary>JSON after; null where it no longer exists. At most 16 KiB.</summary>
    public string? After { get; init; }
}
