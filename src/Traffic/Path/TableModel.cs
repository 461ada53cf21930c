using System.Text.Json;
using System.Text.Json.Serialization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>
/// All a gateway needs to know, as the server sends it: one JSON object per line, camelCase, whole and never a difference.
/// </summary>
/// <param name="Revision">Rises with every change; a table with a revision that is not newer is ignored.</param>
/// <param name="Listeners">Each name and each address with port at most once.</param>
/// <param name="Routes">For listeners of kind gateway. Each name at most once.</param>
/// <param name="Clusters">The endpoints of each service. Each service at most once.</param>
public sealed record TableModel(
    long Revision,
    IReadOnlyList<ListenerModel> Listeners,
    IReadOnlyList<RouteModel> Routes,
    IReadOnlyList<ClusterModel> Clusters)
{
    /// <summary>What is done to the traffic for a while. Each ends by its own time, also when no newer table comes.</summary>
    public IReadOnlyList<Intervention> Interventions { get; init; } = [];

    /// <summary>Addresses and ranges of proxies whose word about a client counts; null for none but those that the gateway itself was told.</summary>
    public IReadOnlyList<string>? TrustedProxies { get; init; }

    /// <summary>Who is banned for what he does; null where nobody is watched.</summary>
    public BanSpec? Bans { get; init; }

    /// <summary>The hosts whose gateways may send requests to instances of others.</summary>
    public IReadOnlyList<NodeModel> Nodes { get; init; } = [];

    /// <summary>What is to be forgotten of kept responses.</summary>
    public IReadOnlyList<CachePurge> Purges { get; init; } = [];

    /// <summary>Bytes for kept responses; null for the default.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>What cookies that name instances are signed with, in Base64; the same for all gateways. Null where no service wants them.</summary>
    public string? StickyKey { get; init; }

    /// <summary>The grants of every lock that a route or need names as its fence.</summary>
    public IReadOnlyList<FenceModel> Fences { get; init; } = [];

    /// <summary>What the proofs in tokens are made with, in Base64; null where no fence is there.</summary>
    public string? FenceKey { get; init; }

    /// <summary>Pages are told their trace, so that what their browsers report joins it.</summary>
    public bool TellsTraces { get; init; }

    /// <summary>A table without anything, revision 0.</summary>
    public static TableModel Empty { get; } = new(0, [], [], []);

    /// <summary>The table as one line of JSON.</summary>
    public string ToJson() => Codec.Text(this);

    /// <summary>Reads a table; throws <see cref="JsonException"/> for anything that is not one. Absent lists are empty.</summary>
    public static TableModel FromJson(string json)
    {
        var read = Codec.Decode<TableModel>(json);
        // What another version of the gateway wrote may be JSON and still be no table of this one.
        if ((read.Routes ?? []).Any(route => route is not { Name: not null, Spec: { Match: not null } })
            || (read.Listeners ?? []).Any(listener => listener is not { Name: not null, Address: not null })
            || (read.Clusters ?? []).Any(cluster => cluster is not { Service: not null, Endpoints: not null }))
        {
            throw new JsonException("The table is not one of this version.");
        }
        return read with { Listeners = read.Listeners ?? [], Routes = read.Routes ?? [], Clusters = read.Clusters ?? [], Interventions = read.Interventions ?? [], Purges = read.Purges ?? [], Fences = read.Fences ?? [], Nodes = read.Nodes ?? [] };
    }
}

/// <summary>The grants of a lock that fences requests.</summary>
/// <param name="Lock">The lock's name.</param>
/// <param name="Last">The number of the last grant.</param>
/// <param name="Live">The numbers of those that last; all others up to the last are over.</param>
public sealed record FenceModel(string Lock, long Last, IReadOnlyList<long> Live);

/// <summary>A line of the table stream that tells of grants between tables.</summary>
/// <param name="Fences">Every lock that fences requests.</param>
public sealed record FenceLine(IReadOnlyList<FenceModel>? Fences)
{
    /// <summary>What the line begins with.</summary>
    public const string Start = "{\"fences\"";

    /// <summary>The line as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrafficJson.Default.FenceLine);
}

/// <summary>A port the gateway listens on.</summary>
/// <param name="Name">Unique, such as <c>gateway</c> or <c>web-to-orders</c>.</param>
/// <param name="Address">An IP address, such as <c>127.0.0.1</c> or <c>::</c>.</param>
/// <param name="Port">1 to 65535; 0 takes a free one (tests).</param>
/// <param name="Kind">Gateway: routes decide. Mesh: everything goes to <paramref name="Callee"/>.</param>
/// <param name="Caller">The calling service of a mesh listener.</param>
/// <param name="Callee">The called service of a mesh listener.</param>
/// <param name="Need">The terms on which a mesh listener's caller calls; null for the defaults.</param>
/// <param name="Tls">Terms of TLS; null for plain connections.</param>
public sealed record ListenerModel(
    string Name, string Address, int Port, ListenerKind Kind, string? Caller = null, string? Callee = null, NeedSpec? Need = null,
    TlsModel? Tls = null)
{
    /// <summary>Its connections begin with a header of the PROXY protocol; null where they do not.</summary>
    public ProxyProtocolSpec? ProxyProtocol { get; init; }

    /// <summary>The mesh link that it belongs to, where that has several; null where the name says it.</summary>
    public string? Link { get; init; }

    /// <summary>True where containers in a bridge network call by it too: see <see cref="Mesh.BridgeDoors"/>. Null otherwise.</summary>
    public bool? Bridged { get; init; }

    /// <summary>Ranges of addresses from which it takes connections; what comes from elsewhere is closed. Its own address may be one that the host has not yet. Null for everybody.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>Which version of the callee its requests go to while both are released together: true for the new one, false for the old one. Null for the callee's own division.</summary>
    public bool? ToNew { get; init; }
}

/// <summary>The terms on which a listener speaks TLS. Files are PEM, named by absolute paths, and read again when they change.</summary>
/// <param name="Certificates">Chosen by the name that the client asks for; the first one where none fits. At least one.</param>
/// <param name="Minimum">The lowest version: <c>1.2</c> (default) or <c>1.3</c>.</param>
/// <param name="ClientAuthority">A file with the authorities of client certificates; null to ask for none.</param>
/// <param name="RequireClient">Refuse clients without a certificate.</param>
public sealed record TlsModel(
    IReadOnlyList<CertificateModel> Certificates, string Minimum = TlsModel.Tls12, string? ClientAuthority = null, bool RequireClient = false)
{
    /// <summary>From a connection's start to the end of its handshake; null for the path's own limit.</summary>
    public TimeSpan? HandshakeTime { get; init; }

    /// <summary>Handshakes that may be under way.</summary>
    public int MostHandshakes { get; init; } = 1000;

    /// <summary>The only application protocol (RFC 7301) that is spoken; null for those of HTTP.</summary>
    public string? Application { get; init; }

    public const string Tls12 = "1.2";
    public const string Tls13 = "1.3";
}

/// <summary>A certificate, followed by those between it and its root, and its private key.</summary>
public sealed record CertificateModel(string Certificate, string Key);

/// <summary>What a listener does with a request.</summary>
public enum ListenerKind
{
    Gateway,
    Mesh,

    /// <summary>Gateways of other hosts reach this host's instances by it.</summary>
    Ingress,
}

/// <summary>A rule: requests that match go to a service, on its terms.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Spec">As it is declared.</param>
public sealed record RouteModel(string Name, RouteSpec Spec)
{
    /// <summary>What is sent to it are browsers' reports, for the server.</summary>
    public bool TakesReports { get; init; }

    /// <summary>It tells how the accepted requests of this route stand.</summary>
    public string? TellsOf { get; init; }

    /// <summary>The terms on which they were accepted.</summary>
    public AsyncSpec? Later { get; init; }
}

/// <summary>The endpoints of a service.</summary>
/// <param name="Service">Unique among the clusters.</param>
/// <param name="Endpoints">Each instance at most once; may be empty, then requests get 503.</param>
/// <param name="Traffic">How requests are spread over them; null for the defaults.</param>
/// <param name="Criticality">How much the business depends on the service.</param>
public sealed record ClusterModel(
    string Service, IReadOnlyList<EndpointModel> Endpoints, TrafficSpec? Traffic = null, Criticality Criticality = Criticality.Medium)
{
    /// <summary>How requests are divided among its versions, where no route or need says so itself. Null for no division.</summary>
    public SplitSpec? Split { get; init; }

    /// <summary>It runs only while it is used: where it has no endpoint, requests wait until it is started.</summary>
    public bool OnDemand { get; init; }

    /// <summary>Its instances end before those that take their place start. True while they do: requests wait; false at any other time. Null where they do not.</summary>
    public bool? Awaited { get; init; }

    /// <summary>How requests are divided between the instances of an old and a new version while a release is under way; null while none is. Counts before <see cref="Split"/>.</summary>
    public EndpointSplit? Release { get; init; }
}

/// <summary>Where one instance can be reached.</summary>
/// <param name="Instance">The instance's id.</param>
/// <param name="Host">An IP address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Version">The instance's version, for the records.</param>
/// <param name="Zone">The zone of the host that it runs on; null where that is not known.</param>
public sealed record EndpointModel(string Instance, string Host, int Port, string? Version = null, string? Zone = null)
{
    /// <summary>The host that it runs on, where only that host's gateway reaches it; null where every gateway does.</summary>
    public ViaModel? Via { get; init; }
}

/// <summary>How gateways of other hosts reach the instances of a host: over mutual TLS with its gateway.</summary>
/// <param name="Host">The host's name. Its own gateway connects to the instance directly.</param>
/// <param name="Address">An IP address.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record ViaModel(string Host, string Address, int Port);

/// <summary>A host that has joined.</summary>
/// <param name="Host">Its name.</param>
/// <param name="Keys">SHA-256 of the public keys that its gateway may show, in hexadecimal.</param>
public sealed record NodeModel(string Host, IReadOnlyList<string> Keys);

/// <summary>The wire form of what gateways tell the server; tables are in the notation of resources, which they are made of.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordBatch))]
[JsonSerializable(typeof(IReadOnlyList<RecordBatch>))]
[JsonSerializable(typeof(ReadyFile))]
[JsonSerializable(typeof(QuestionLine))]
[JsonSerializable(typeof(FenceLine))]
[JsonSerializable(typeof(QuestionAnswer))]
internal sealed partial class TrafficJson : JsonSerializerContext;
