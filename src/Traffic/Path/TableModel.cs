using System.Text.Json;
using System.Text.Json.Serialization;

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
    /// <summary>A table without anything, revision 0.</summary>
    public static TableModel Empty { get; } = new(0, [], [], []);

    /// <summary>The table as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrafficJson.Default.TableModel);

    /// <summary>Reads a table; throws <see cref="JsonException"/> for anything that is not one. Absent lists are empty.</summary>
    public static TableModel FromJson(string json)
    {
        var read = JsonSerializer.Deserialize(json, TrafficJson.Default.TableModel) ?? throw new JsonException("The table is null.");
        return read with { Listeners = read.Listeners ?? [], Routes = read.Routes ?? [], Clusters = read.Clusters ?? [] };
    }
}

/// <summary>A port the gateway listens on.</summary>
/// <param name="Name">Unique, such as <c>gateway</c> or <c>web-to-orders</c>.</param>
/// <param name="Address">An IP address, such as <c>127.0.0.1</c> or <c>::</c>.</param>
/// <param name="Port">1 to 65535; 0 takes a free one (tests).</param>
/// <param name="Kind">Gateway: routes decide. Mesh: everything goes to <paramref name="Callee"/>.</param>
/// <param name="Caller">The calling service of a mesh listener.</param>
/// <param name="Callee">The called service of a mesh listener.</param>
public sealed record ListenerModel(
    string Name, string Address, int Port, ListenerKind Kind, string? Caller = null, string? Callee = null);

/// <summary>What a listener does with a request.</summary>
public enum ListenerKind
{
    Gateway,
    Mesh,
}

/// <summary>A rule: requests that match go to a service.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Match">What it applies to.</param>
/// <param name="To">The service.</param>
/// <param name="Timeout">From the sent request to the response's head; null for the default of <see cref="PathLimits.Response"/>.</param>
/// <param name="Retry">Null for the default: <see cref="PathLimits.Attempts"/> tries, on connect failures only.</param>
public sealed record RouteModel(string Name, MatchModel Match, string To, TimeSpan? Timeout = null, RetryModel? Retry = null);

/// <summary>What a route applies to; every given part must match.</summary>
/// <param name="Path">A template: literal segments, <c>{name}</c> for one segment, <c>{**name}</c> at the end for the rest (none included). Case matters.</param>
/// <param name="Host">The host without port, in any case; null for every host.</param>
/// <param name="Methods">Null or empty for every method.</param>
public sealed record MatchModel(string Path, string? Host = null, IReadOnlyList<string>? Methods = null);

/// <summary>When a request is tried again.</summary>
/// <param name="Attempts">Tries in all, the first included; 1 to 10.</param>
/// <param name="On">
/// <c>connect</c> (always meant: nothing was sent), and statuses such as <c>502</c> and <c>503</c>, for which only safe methods are tried again.
/// </param>
public sealed record RetryModel(int Attempts, IReadOnlyList<string>? On = null);

/// <summary>The endpoints of a service.</summary>
/// <param name="Service">Unique among the clusters.</param>
/// <param name="Endpoints">Each instance at most once; may be empty, then requests get 503.</param>
/// <param name="Balance">How one endpoint is picked.</param>
/// <param name="Version">The service's version, for information.</param>
public sealed record ClusterModel(
    string Service, IReadOnlyList<EndpointModel> Endpoints, Balance Balance = Balance.PowerOfTwo, string? Version = null);

/// <summary>Where one instance can be reached.</summary>
/// <param name="Instance">The instance's id.</param>
/// <param name="Host">An IP address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Version">The instance's version, for the records.</param>
public sealed record EndpointModel(string Instance, string Host, int Port, string? Version = null);

/// <summary>How one of several endpoints is picked.</summary>
public enum Balance
{
    /// <summary>Of two taken at random, the one with fewer requests in flight.</summary>
    PowerOfTwo,

    /// <summary>One after the other.</summary>
    RoundRobin,
}

/// <summary>The wire form of what server and gateway exchange.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TableModel))]
[JsonSerializable(typeof(RecordBatch))]
[JsonSerializable(typeof(IReadOnlyList<RecordBatch>))]
[JsonSerializable(typeof(ReadyFile))]
internal sealed partial class TrafficJson : JsonSerializerContext;
