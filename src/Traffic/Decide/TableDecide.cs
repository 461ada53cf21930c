using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.State;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;
using Endpoint = Mainstay.Core.Kinds.Schedule.Endpoint;
using Gateway = Mainstay.Core.Kinds.Traffic.Gateway;

namespace Mainstay.Traffic.Decide;

/// <summary>What a gateway's table is made of, as of one revision.</summary>
/// <param name="Revision">The newest change among all that follows.</param>
/// <param name="Gateway">Null where none is declared.</param>
public sealed record TableView(
    long Revision,
    Gateway? Gateway,
    IEnumerable<Route> Routes,
    IEnumerable<MeshLink> Links,
    IEnumerable<Endpoints> Endpoints,
    IReadOnlyDictionary<string, ServiceSpec> Services,
    IEnumerable<Intervention> Interventions)
{
    /// <summary>What is to be forgotten of kept responses.</summary>
    public IEnumerable<CachePurge> Purges { get; init; } = [];

    /// <summary>The zones of instances, by their names, where they are known.</summary>
    public IReadOnlyDictionary<string, string> Zones { get; init; } = new Dictionary<string, string>();

    /// <summary>How instances on hosts with a gateway of their own are reached, by their names.</summary>
    public IReadOnlyDictionary<string, ViaModel> Ways { get; init; } = new Dictionary<string, ViaModel>();

    /// <summary>The hosts that have joined.</summary>
    public IEnumerable<HostIdentity> Hosts { get; init; } = [];

    /// <summary>A lock by its name; null where nobody has asked for it yet.</summary>
    public Func<string, NamedLock?> Locks { get; init; } = static _ => null;

    /// <summary>What only this installation knows, and every gateway of it: keys of gateways are derived of it. Null for none.</summary>
    public string? Secret { get; init; }
}

/// <summary>Turns what is declared and where services run into the table that gateways serve.</summary>
public static class TableDecide
{
    /// <summary>The name of the front door's listener.</summary>
    public const string GatewayListener = "gateway";

    /// <summary>The name of the listener of <see cref="GatewayTls.Listen"/>.</summary>
    public const string SecureListener = "gateway-tls";

    /// <summary>The locks that routes and needs name as fences.</summary>
    public static IEnumerable<string> FencesOf(IEnumerable<Route> routes, IEnumerable<ServiceSpec> services) =>
        routes.Select(r => r.Spec.Fence).Concat(services.SelectMany(s => s.Needs.Values).Select(n => n.Fence)).OfType<FenceSpec>()
            .Select(f => f.Lock).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>What gateways are told of a lock.</summary>
    public static FenceModel FenceOf(string name, NamedLock? seen) => new(name, seen?.Token ?? 0, [.. seen?.Holds.Select(h => h.Token) ?? []]);

    public static TableModel Next(TableView view)
    {
        var splits = view.Endpoints.Where(e => e.Split is not null).ToDictionary(e => e.Name, e => e.Split!, StringComparer.Ordinal);
        return Next(view, splits, Together(splits.Values));
    }

    // What switches together does so in one table: nobody is ahead of the last.
    static Dictionary<string, int> Together(IEnumerable<EndpointSplit> splits)
    {
        var least = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var split in splits)
        {
            if (split.Group is { } group)
            {
                least[group] = Math.Min(least.GetValueOrDefault(group, int.MaxValue), split.Weight);
            }
        }

        return least;
    }

    static TableModel Next(TableView view, Dictionary<string, EndpointSplit> splits, Dictionary<string, int> together) => new(
        view.Revision,
        [.. Front(view.Gateway), .. view.Links.OrderBy(l => l.Name, StringComparer.Ordinal).SelectMany(l => Mesh(l, view, splits))],
        [
            .. view.Routes.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => new RouteModel(r.Name, Placed(r.Spec, view.Gateway?.BaseFolder ?? ""))).SelectMany(r => StatusRoutes.Of(r).Prepend(r)),
            .. view.Gateway?.Beacon is { Enabled: true } beacon ? BeaconRoutes.Of(beacon) : [],
        ],
        [.. view.Endpoints.Concat(NeverStarted(view)).OrderBy(e => e.Name, StringComparer.Ordinal).Select(e => ClusterOf(Kept(e, view.Interventions), view.Services.GetValueOrDefault(e.Name), view, together))])
    {
        Nodes = [.. view.Hosts.OrderBy(h => h.Name, StringComparer.Ordinal).Select(h => new NodeModel(h.Name, h.Before is { } before ? [h.Key, before] : [h.Key]))],
        StickyKey = view.Secret is { } secret && view.Services.Values.Any(s => s.Traffic?.Sticky is not null) ? StickyKeyOf(secret) : null,
        TrustedProxies = view.Gateway?.TrustedProxies,
        Bans = view.Gateway?.Bans,
        TellsTraces = view.Gateway?.Beacon?.Enabled ?? false,
        CacheBytes = view.Gateway?.Cache?.Memory.Bytes,
        Purges = [.. view.Purges.OrderBy(p => p.Name, StringComparer.Ordinal)],
        Fences = [.. FencesOf(view.Routes, view.Services.Values).Select(name => FenceOf(name, view.Locks(name)))],
        FenceKey = view.Secret is { } proof && FencesOf(view.Routes, view.Services.Values).Any() ? Convert.ToBase64String(FencingToken.KeyOf(proof)) : null,
        Interventions = [.. view.Interventions.OrderBy(i => i.Name, StringComparer.Ordinal)],
    };

    // RFC 5869: what is made of the secret for one purpose tells nothing about the secret.
    static string StickyKeyOf(string secret) =>
        Convert.ToBase64String(HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, salt: [], "mainstay sticky cookies"u8.ToArray()));

    // Gateways do not know where the manifest lies.
    static RouteSpec Placed(RouteSpec spec, string baseFolder) => spec.Files is { } files && baseFolder.StartsWith('/')
        ? spec with { Files = files with { Root = System.IO.Path.GetFullPath(files.Root, baseFolder) } }
        : spec;

    static IEnumerable<ListenerModel> Front(Gateway? gateway)
    {
        if (gateway is null)
        {
            yield break;
        }

        foreach (var (name, listen) in new[] { (GatewayListener, gateway.Listen), (SecureListener, gateway.Tls?.Listen) })
        {
            if (Uri.TryCreate(listen, UriKind.Absolute, out var url))
            {
                var tls = url.Scheme == Uri.UriSchemeHttps && gateway.Tls is { } terms ? TermsOf(terms, gateway.BaseFolder) : null;
                yield return new ListenerModel(name, url.Host.Trim('[', ']'), url.Port, ListenerKind.Gateway, Tls: tls) { ProxyProtocol = gateway.ProxyProtocol };
            }
        }
    }

    static TlsModel TermsOf(GatewayTls terms, string folder) => new(
        [.. terms.Certificates.Select(c => new CertificateModel(FileOf(c.Cert, folder)!, FileOf(c.Key, folder)!))],
        terms.Minimum,
        FileOf(terms.Clients?.Ca, folder),
        terms.Clients?.Require ?? false)
    {
        HandshakeTime = terms.Handshakes?.Time,
        MostHandshakes = (terms.Handshakes ?? new HandshakeSpec()).Most,
    };

    static TrafficSpec? TrafficOf(ServiceSpec? spec, string folder) => spec?.Traffic is { Tls: { } tls } traffic
        ? traffic with { Tls = tls with { Ca = FileOf(tls.Ca, folder), Cert = FileOf(tls.Cert, folder), Key = FileOf(tls.Key, folder) } }
        : spec?.Traffic;

    static string? FileOf(string? path, string folder) => path is null ? null : System.IO.Path.Combine(folder, path);

    static IEnumerable<ListenerModel> Mesh(MeshLink link, TableView view, Dictionary<string, EndpointSplit> splits)
    {
        var listener = new ListenerModel(
            link.Name, MeshLink.Address, link.Port, ListenerKind.Mesh, link.Caller, link.Callee, view.Services.GetValueOrDefault(link.Caller)?.Needs.GetValueOrDefault(link.Callee)) { Bridged = link.Bridged };
        if (link.Both != true)
        {
            return [listener];
        }

        // Of what is released together, the new version calls the new one and the old version the old one.
        var caller = splits.GetValueOrDefault(link.Caller);
        var together = caller is { Group: { } group } && splits.GetValueOrDefault(link.Callee)?.Group == group;
        var other = caller?.Other == true;
        return
        [
            listener with { ToNew = together ? !other : null },
            listener with { Name = MeshLink.OtherOf(link.Name), Address = MeshLink.OtherAddress, Link = link.Name, ToNew = together ? other : null },
        ];
    }

    static ClusterModel ClusterOf(Endpoints endpoints, ServiceSpec? spec, TableView view, Dictionary<string, int> together) =>
        new(
            endpoints.Name,
            [.. endpoints.Items.Select(e => EndpointOf(e, view.Zones.GetValueOrDefault(e.Instance), view.Ways.GetValueOrDefault(e.Instance))).OfType<EndpointModel>()],
            TrafficOf(spec, view.Gateway?.BaseFolder ?? ""),
            spec?.Criticality ?? Criticality.Medium)
        {
            Release = endpoints.Split is { Group: { } group } split ? split with { Weight = together[group] } : endpoints.Split,
            OnDemand = spec?.IsOnDemand ?? false,
            Awaited = spec is { IsVacated: true } ? endpoints.Awaited ?? false : null,
        };

    // What runs only while it is used may never have had an endpoint.
    static IEnumerable<Endpoints> NeverStarted(TableView view)
    {
        var known = view.Endpoints.Select(e => e.Name).ToHashSet(StringComparer.Ordinal);
        return view.Services.Where(s => s.Value.IsOnDemand && !known.Contains(s.Key)).Select(s => new Endpoints { Name = s.Key, Items = [] });
    }

    // Without those that are ejected, unless nobody would be left.
    static Endpoints Kept(Endpoints all, IEnumerable<Intervention> interventions)
    {
        var ejected = interventions.Where(i => i.About == $"service/{all.Name}").Select(i => i.Eject).OfType<string>().ToHashSet(StringComparer.Ordinal);
        Endpoint[] kept = ejected.Count == 0 ? [] : [.. all.Items.Where(e => !ejected.Contains(e.Instance))];
        return kept.Length > 0 ? all with { Items = kept } : all;
    }

    static EndpointModel? EndpointOf(Endpoint endpoint, string? zone, ViaModel? way) =>
        IPEndPoint.TryParse(endpoint.Address, out var at) ? new EndpointModel(endpoint.Instance, at.Address.ToString(), at.Port, endpoint.Version, zone) { Via = way } : null;
}
