using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Drivers;
using Mainstay.Traffic.Drivers.Tls;
using Mainstay.Traffic.Path.Guards;
using Mainstay.Traffic.Policies;
using Endpoint = Mainstay.Traffic.Path.Endpoint;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Compiles tables, and keeps what lives longer than one of them: endpoints with their connections, turns, series.
/// What of a model cannot be used is left out and reported; the rest works.
/// </summary>
internal sealed class TableCompiler(PathLimits limits, SeriesBook book, PolicyBook policies, int lanes = 1)
{
    private Dictionary<(string Service, EndpointModel Model, UpstreamProtocol Protocol, UpstreamTls? Tls, ProxyVersion? Introduction), Endpoint> endpoints = [];
    private readonly Dictionary<string, Turn> turns = [];
    private byte[][] identityHeaders = [];
    private Dictionary<string, SplitSpec> splits = [];
    private TableModel compiled = TableModel.Empty;
    private TlsClient? mesh;
    private CacheCompiler caches = new(policies, TableModel.Empty);

    /// <summary>The endpoints of the last compiled table.</summary>
    public IReadOnlyCollection<Endpoint> Endpoints => endpoints.Values;

    /// <summary>Compiles a table.</summary>
    /// <param name="model">The model.</param>
    /// <param name="gone">Endpoints that are in it no longer, to be retired once the table is live.</param>
    public RouteTable Compile(TableModel model, out IReadOnlyList<Endpoint> gone)
    {
        var problems = new List<string>();
        var before = endpoints;
        endpoints = [];
        book.BeginTable();
        policies.BeginTable();
        var clusters = new Dictionary<string, Cluster>();
        compiled = model;
        caches = new CacheCompiler(policies, model);
        mesh = policies.Gateway?.Mesh?.Terms is { } terms ? policies.Of("mesh", terms, () => new TlsClient("", terms.Client, policies.Gateway, application: HostIdentity.MeshProtocol)) : null;
        foreach (var cluster in model.Clusters)
        {
            if (!clusters.TryAdd(cluster.Service, Compile(cluster, before, problems))) problems.Add($"cluster '{cluster.Service}' is there twice");
        }
        splits = model.Clusters.DistinctBy(cluster => cluster.Service).Select(cluster => (cluster.Service, Split: SidesOf(cluster) ?? cluster.Split))
            .Where(cluster => cluster.Split is not null).ToDictionary(cluster => cluster.Service, cluster => cluster.Split!);
        var routes = Order(model.Routes, problems);
        identityHeaders = GuardCompiler.IdentityHeaders(model.Routes);
        var listeners = new Dictionary<string, ListenerTable>();
        foreach (var listener in model.Listeners)
        {
            if (!listeners.TryAdd(listener.Name, Compile(listener, routes, clusters))) problems.Add($"listener '{listener.Name}' is there twice");
        }
        gone = [.. before.Where(pair => !endpoints.ContainsKey(pair.Key)).Select(pair => pair.Value)];
        return new RouteTable(model.Revision, listeners, problems);
    }

    /// <summary>The routes that can be read, in their order of precedence.</summary>
    private static List<ReadRoute> Order(IReadOnlyList<RouteModel> routes, List<string> problems)
    {
        var read = new List<ReadRoute>();
        var names = new HashSet<string>();
        foreach (var route in routes)
        {
            var (template, problem) = PathTemplate.Of(route.Spec.Match);
            // What the server sends was checked there; a table on disk may be of another version.
            problem ??= route.Spec.Match.Validate().Concat(route.Spec.Split?.Validate() ?? []).FirstOrDefault()?.What;
            if (!names.Add(route.Name)) problem = "the name is there twice";
            if (template is not null && problem is null) read.Add(new ReadRoute(route, template));
            else problems.Add($"route '{route.Name}': {problem}");
        }
        read.Sort(RouteOrder.Instance);
        return read;
    }

    private Cluster Compile(
        ClusterModel model, Dictionary<(string, EndpointModel, UpstreamProtocol, UpstreamTls?, ProxyVersion?), Endpoint> before, List<string> problems)
    {
        var found = new List<Endpoint>();
        var (protocol, terms) = (model.Traffic?.Protocol ?? UpstreamProtocol.Http1, model.Traffic?.Tls);
        var tls = protocol is UpstreamProtocol.Https or UpstreamProtocol.H2 ? TlsOf(model.Service, terms ?? new UpstreamTls()) : null;
        foreach (var one in model.Endpoints ?? [])
        {
            var key = (model.Service, one, protocol, terms, model.Traffic?.ProxyProtocol);
            if (!IPAddress.TryParse(one.Host, out var address) || one.Port is < 1 or > 65535)
            {
                problems.Add($"endpoint '{one.Instance}' of '{model.Service}': '{one.Host}:{one.Port}' is not an IP address with a port");
                continue;
            }
            if (!before.TryGetValue(key, out var endpoint))
            {
                var at = new IPEndPoint(address, one.Port);
                endpoint = new Endpoint(model.Service, one, at, limits, lanes) { Reach = ReachOf(one, new Reach(protocol, tls, at, limits, model.Traffic?.ProxyProtocol), problems) };
                // Where nobody was before, there is nobody to leave the rest to.
                if (turns.ContainsKey(model.Service)) endpoint.Load.BornMs = policies.Gateway?.Clock.CoarseMs ?? 0;
            }
            endpoint.Load.Weight = WeightOf(one, model.Traffic);
            if (endpoints.TryAdd(key, endpoint)) found.Add(endpoint);
            else problems.Add($"endpoint '{one.Instance}' of '{model.Service}' is there twice");
        }
        var (near, zone) = ZoneOf(model, ref found);
        if (!turns.TryGetValue(model.Service, out var turn)) turns[model.Service] = turn = new Turn();
        var watch = model.Traffic?.Outliers is { } outliers
            ? policies.Of($"service/{model.Service}/outliers", outliers, () => new OutlierWatch(model.Service, outliers, policies.Gateway))
            : null;
        if (watch is null) found.ForEach(endpoint => endpoint.Load.EjectedUntilMs = 0);
        watch?.Outliers.SetMembers([.. found.Select(endpoint => endpoint.Load)], policies.Gateway?.Clock.CoarseMs ?? 0);
        return new Cluster(model.Service, [.. found], model.Traffic ?? new TrafficSpec(), model.Criticality, turn) { Watch = watch, Zone = zone, Near = near, Sticky = StickyOf(model, [.. found], problems), OnDemand = model.OnDemand, Awaited = model.Awaited };
    }

    /// <summary>Puts the endpoints of the gateway's zone first, where they are preferred and there are others.</summary>
    private (int Near, ZoneWatch? Watch) ZoneOf(ClusterModel model, ref List<Endpoint> found)
    {
        if (policies.Gateway?.Zone is not { } own || model.Traffic?.Zone is not { Enabled: true } terms) return (0, null);
        var near = found.Count(endpoint => endpoint.Zone == own);
        if (near == 0 || near == found.Count) return (0, null);
        found = [.. found.OrderBy(endpoint => endpoint.Zone != own)];
        var watch = policies.Of($"service/{model.Service}/zone", terms, () => new ZoneWatch(model.Service, own, terms, policies.Gateway));
        watch.SetMembers([.. found.Select(endpoint => endpoint.Load)], near);
        return (near, watch);
    }

    private Sticky? StickyOf(ClusterModel model, Endpoint[] found, List<string> problems)
    {
        if (model.Traffic?.Sticky is not { } spec) return null;
        var key = new byte[64];
        if (Convert.TryFromBase64String(compiled.StickyKey ?? "", key, out var length) && length >= 16) return new Sticky(model.Service, spec, key[..length], found);
        problems.Add($"cluster '{model.Service}': clients do not stay with their instance: the table has no key to sign cookies with");
        return null;
    }

    private static int WeightOf(EndpointModel endpoint, TrafficSpec? traffic) =>
        traffic?.Weights is not { } weights ? 1
        : weights.TryGetValue(endpoint.Instance, out var own) ? own
        : weights.TryGetValue(endpoint.Version ?? "", out var version) ? version : 1;

    /// <summary>Without usable files the endpoints cannot be connected to, which its problem explains.</summary>
    private TlsClient TlsOf(string service, UpstreamTls terms) =>
        policies.Of($"service/{service}/tls", terms, () => new TlsClient(service, terms, policies.Gateway));

    /// <summary>The way to an endpoint: direct, or through the gateway of the host that it is on, and then never in the clear.</summary>
    private Reach ReachOf(EndpointModel one, Reach reach, List<string> problems)
    {
        if (one.Via is not { } via || via.Host == policies.Gateway?.Mesh?.Terms.Host) return reach;
        if (mesh is not { } tls || !IPAddress.TryParse(via.Address, out var address) || via.Port is < 1 or > 65535)
        {
            problems.Add($"endpoint '{one.Instance}' is on {via.Host}, and there is no secured way to '{via.Address}:{via.Port}'");
            return reach.By(inner => new MeshTransport(inner, null, via, new IPEndPoint(IPAddress.Loopback, 0), one.Instance), null);
        }
        var at = new IPEndPoint(address, via.Port);
        MeshTransport? made = null;
        return reach.By(inner => made ??= new MeshTransport(inner, tls, via, at, one.Instance), tls);
    }

    private ListenerTable Compile(
        ListenerModel model, List<ReadRoute> routes, Dictionary<string, Cluster> clusters)
    {
        var unrouted = book.Of(new SeriesKey(model.Name, model.Caller, null, null, null, null));
        if (model.Kind == ListenerKind.Ingress) return new ListenerTable(model, null, null, unrouted);
        if (model.Kind == ListenerKind.Mesh)
        {
            return new ListenerTable(model, TargetOf(model, null, model.Callee ?? "", clusters), null, unrouted);
        }
        var tree = new RouteTree([.. routes.Select(route => (route, TargetOf(model, route, route.Model.Spec.To ?? "", clusters)))]);
        return new ListenerTable(model, null, tree, unrouted) { Door = Doorkeeper.Of(compiled, policies), Proxy = ProxyPreface.Of(model, policies) };
    }

    /// <summary>A service without a cluster has no endpoints: its requests get 503, which is what it is.</summary>
    private static Cluster ClusterOf(string service, Dictionary<string, Cluster> clusters) =>
        clusters.TryGetValue(service, out var cluster) ? cluster : new Cluster(service, [], new TrafficSpec(), Criticality.Medium, new Turn());

    private RouteTarget TargetOf(ListenerModel listener, ReadRoute? read, string service, Dictionary<string, Cluster> clusters, bool isPart = false)
    {
        var cluster = ClusterOf(service, clusters);
        var route = read?.Model;
        CallSpec terms = route is not null ? route.Spec : listener.Need ?? new NeedSpec();
        var about = route is not null ? $"route/{route.Name}" : $"need/{listener.Link ?? listener.Name}";
        var budget = policies.Of($"{about}/retry", terms.Retry.Budget, () => new RetryBudget(terms.Retry.Budget.Fraction));
        var retry = new RetryTerms(terms.Retry, cluster.HonoursKeys, budget);
        var edits = read is null ? null : Edits.Of(read.Model.Name, read.Model.Spec, read.Template);
        var split = SplitOf(about, service, terms, listener.ToNew);
        var place = new TargetPlace(about, listener, route, cluster, terms, compiled, policies);
        var (zone, caching) = caches.Of(place, split);
        var target = new RouteTarget(route?.Name, cluster, (long)terms.Timeout.TotalMilliseconds, retry, SeriesOf(listener, route, cluster))
        {
            About = about,
            Hedge = terms.Hedge is { } hedge ? policies.Of($"{about}/hedge", hedge, () => new HedgePolicy(about, hedge)) : null,
            Level = LevelTerms.Of(place),
            Instances = InstanceBreakers.Of(place),
            Breaker = BreakerSet.Of(place)?.Only,
            Park = ParkRoom.Of(place),
            Edits = edits,
            IdleMs = (long)(route?.Spec.Idle?.TotalMilliseconds ?? 0),
            Gates =
            [
                .. RouteGates.First(read, edits, compiled.TellsTraces),
                .. HandBanGate.Compile(place, isPart),
                // A part of an answer comes from here: the guard stands before the whole.
                .. isPart ? [] : GuardsOf(place),
                .. isPart ? [] : FenceGate.Compile(place),
                .. isPart ? [] : ValidateGate.Compile(place),
                .. new ResilienceCompiler(place, read?.Template).Gates(LimitGates.Compile(place, RouteGates.Remembered(place)), caching ?? []),
                .. RouteGates.Last(read, policies.Gateway?.Reports ?? new ReportBox(), zone is null ? split : null, spec => MirrorOf(spec, about, terms, route!.Name, clusters)),
                .. ComposeGate.Compile(route, part => TargetOf(listener, new ReadRoute(part, read!.Template), part.Spec.To!, clusters, isPart: true)),
            ],
        };
        Requests.LaterRoom.Point(target, listener.Name);
        if (target.Park is { } park) (park.Target, park.Standing) = (target, target.BreakerStanding);
        target.Fallback = FallbackOf(listener, route, target, terms, clusters, zone);
        if (zone is not null) zone.Parts = [[]];
        split?.Complete(target, other => ClusterOf(other, clusters), (own, other) => own.With(other, SeriesOf(listener, route, other), new RetryTerms(terms.Retry, other.HonoursKeys, budget)));
        if (zone is not null && split is not null) zone.Parts = [[], .. split.PartKeys];
        return target;
    }

    /// <summary>The two sides of a release that is under way.</summary>
    private static SplitSpec? SidesOf(ClusterModel cluster) => cluster.Release is not { New: not null } release ? null : new SplitSpec
    {
        By = release.By,
        Parts =
        [
            new SplitPart { Side = new("new", release.New), Weight = Math.Clamp(release.Weight, 0, 10_000), When = release.When },
            new SplitPart { Side = new("old", [.. cluster.Endpoints.Select(one => one.Instance).Except(release.New)]), Weight = 10_000 - Math.Clamp(release.Weight, 0, 10_000) },
        ],
    };

    /// <summary>The same with all requests to one of them.</summary>
    private static SplitSpec Only(SplitSpec sides, bool toNew) => sides with { Parts = [sides.Parts[0] with { Weight = toNew ? 10_000 : 0, When = null }, sides.Parts[1] with { Weight = toNew ? 0 : 10_000 }] };

    /// <summary>What the route or need says, else what is said of the service.</summary>
    private SplitGate? SplitOf(string about, string service, CallSpec terms, bool? toNew) =>
        terms.Split is { } own ? new SplitGate(about, own)
        : !splits.TryGetValue(service, out var ofService) ? null
        : toNew is { } side && ofService.Parts is [{ Side: not null }, _] ? new SplitGate($"service/{service}", Only(ofService, side), ofCaller: true)
        : new SplitGate($"service/{service}", ofService);

    private MirrorGate MirrorOf(MirrorSpec spec, string about, CallSpec terms, string route, Dictionary<string, Cluster> clusters) =>
        new(spec, policies.Of($"{about}/mirror", spec, () => new MirrorPolicy(about, spec.InFlight)), ClusterOf(spec.To, clusters), (long)terms.Timeout.TotalMilliseconds, route);

    private Series[] SeriesOf(ListenerModel listener, RouteModel? route, Cluster cluster)
    {
        var service = cluster.Service.Length > 0 ? cluster.Service : null;
        return [.. cluster.Endpoints
            .Select(endpoint => new SeriesKey(listener.Name, listener.Caller, route?.Name, service, endpoint.Instance, endpoint.Version))
            .Append(new SeriesKey(listener.Name, listener.Caller, route?.Name, service, null, null))
            .Select(book.Of)];
    }

    /// <summary>Who may pass.</summary>
    private Gate[] GuardsOf(TargetPlace place)
    {
        var gates = new List<Gate>();
        GuardCompiler.AddTo(gates, place.About, place.Route?.Spec, identityHeaders, policies);
        return [.. gates];
    }

    private Fallback? FallbackOf(ListenerModel listener, RouteModel? route, RouteTarget own, CallSpec terms, Dictionary<string, Cluster> clusters, CacheZone? zone)
    {
        if (terms.Fallback is not { } spec) return null;
        var good = spec.LastGood is null ? null : zone;
        if (spec.Service is null) return new Fallback(good, spec.Body is { } body ? new FixedAnswer(spec.Status, spec.ContentType, body) : null, null);
        var other = ClusterOf(spec.Service, clusters);
        return new Fallback(good, null, own.With(other, SeriesOf(listener, route, other), new RetryTerms(terms.Retry, other.HonoursKeys, own.Retry.Budget)));
    }
}
