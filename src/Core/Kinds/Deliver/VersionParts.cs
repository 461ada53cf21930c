using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Core.Kinds.Deliver;

/// <summary>
/// What is declared has three shapes: as users write it (<see cref="ArchitectureSpec"/>), as a version keeps it, and as resources that the planes watch.
/// This is the one place that goes between the first and the others part by part; a map or list without entries is the same as none.
/// </summary>
public static class VersionParts
{
    /// <summary>What <paramref name="version"/> declares.</summary>
    public static ArchitectureSpec ToSpec(this ArchitectureVersion version) => new()
    {
        Architecture = version.Title,
        Environment = version.Environment,
        Services = version.Services.ToDictionary(s => s.Key, s => s.Value.Spec, StringComparer.Ordinal),
        Compatible = version.Compatible,
        Watch = version.Watch,
        Objectives = version.Objectives,
        Rules = version.Rules,
        Notify = version.Notify,
        Jobs = version.Jobs,
        Queues = version.Queues,
        Flows = version.Flows,
        Config = version.Config,
        Telemetry = version.Telemetry,
        Gateway = new()
        {
            Listen = version.Listen,
            Tls = version.Tls,
            TrustedProxies = version.TrustedProxies,
            Bans = version.Bans,
            ProxyProtocol = version.ProxyProtocol,
            Cache = version.Cache,
            Beacon = version.Beacon,
            Routes = version.Routes,
        },
    };

    /// <summary>A version that declares what <paramref name="spec"/> does; its services come with what goes with them beside the manifest.</summary>
    public static ArchitectureVersion With(this ArchitectureVersion version, ArchitectureSpec spec, IReadOnlyDictionary<string, VersionedService> services) => version with
    {
        Title = spec.Architecture,
        Environment = spec.Environment,
        Services = services,
        Compatible = Some(spec.Compatible),
        Watch = Some(spec.Watch),
        Objectives = Some(spec.Objectives),
        Rules = Some(spec.Rules),
        Notify = Some(spec.Notify),
        Jobs = Some(spec.Jobs),
        Queues = Some(spec.Queues),
        Flows = Some(spec.Flows),
        Config = Some(spec.Config),
        Telemetry = spec.Telemetry,
        Listen = spec.Gateway.Listen,
        Tls = spec.Gateway.Tls,
        TrustedProxies = spec.Gateway.TrustedProxies,
        Bans = spec.Gateway.Bans,
        ProxyProtocol = spec.Gateway.ProxyProtocol,
        Cache = spec.Gateway.Cache,
        Beacon = spec.Gateway.Beacon,
        Routes = spec.Gateway.Routes,
    };

    /// <summary>What <paramref name="gateway"/> and the routes declare.</summary>
    public static GatewaySpec ToSpec(this Gateway gateway, IReadOnlyDictionary<string, RouteSpec> routes) => new()
    {
        Listen = gateway.Listen,
        Tls = gateway.Tls,
        TrustedProxies = gateway.TrustedProxies,
        Bans = gateway.Bans,
        ProxyProtocol = gateway.ProxyProtocol,
        Cache = gateway.Cache,
        Beacon = gateway.Beacon,
        Routes = routes,
    };

    /// <summary>The gateway as <paramref name="spec"/> declares it, routes aside.</summary>
    public static Gateway With(this Gateway gateway, GatewaySpec spec) => gateway with
    {
        Listen = spec.Listen,
        Tls = spec.Tls,
        TrustedProxies = spec.TrustedProxies,
        Bans = spec.Bans,
        ProxyProtocol = spec.ProxyProtocol,
        Cache = spec.Cache,
        Beacon = spec.Beacon,
    };

    /// <summary>The architecture as <paramref name="spec"/> declares it, as far as it is no resource of its own.</summary>
    public static Architecture With(this Architecture architecture, ArchitectureSpec spec) => architecture with
    {
        Title = spec.Architecture,
        Environment = spec.Environment,
        Compatible = Some(spec.Compatible),
        Telemetry = spec.Telemetry,
    };

    static IReadOnlyDictionary<string, T>? Some<T>(IReadOnlyDictionary<string, T>? map) => map is { Count: > 0 } ? map : null;

    static IReadOnlyList<T>? Some<T>(IReadOnlyList<T>? list) => list is { Count: > 0 } ? list : null;
}
