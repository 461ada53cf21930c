using System.Net;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
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
    IEnumerable<Intervention> Interventions);

/// <summary>Turns what is declared and where services run into the table that gateways serve.</summary>
public static class TableDecide
{
    /// <summary>The name of the front door's listener.</summary>
    public const string GatewayListener = "gateway";

    public static TableModel Next(TableView view) => new(
        view.Revision,
        [.. Front(view.Gateway), .. view.Links.OrderBy(l => l.Name, StringComparer.Ordinal).Select(l => Mesh(l, view))],
        [.. view.Routes.OrderBy(r => r.Name, StringComparer.Ordinal).Select(r => new RouteModel(r.Name, Placed(r.Spec, view.Gateway?.BaseFolder ?? "")))],
        [.. view.Endpoints.OrderBy(e => e.Name, StringComparer.Ordinal).Select(e => ClusterOf(e, view.Services.GetValueOrDefault(e.Name)))])
    {
        Interventions = [.. view.Interventions.OrderBy(i => i.Name, StringComparer.Ordinal)],
    };

    // Gateways do not know where the manifest lies.
    static RouteSpec Placed(RouteSpec spec, string baseFolder) => spec.Files is { } files && baseFolder.StartsWith('/')
        ? spec with { Files = files with { Root = System.IO.Path.GetFullPath(files.Root, baseFolder) } }
        : spec;

    static IEnumerable<ListenerModel> Front(Gateway? gateway)
    {
        if (gateway is not null && Uri.TryCreate(gateway.Listen, UriKind.Absolute, out var url))
        {
            yield return new ListenerModel(GatewayListener, url.Host.Trim('[', ']'), url.Port, ListenerKind.Gateway);
        }
    }

    static ListenerModel Mesh(MeshLink link, TableView view) => new(
        link.Name,
        IPAddress.Loopback.ToString(),
        link.Port,
        ListenerKind.Mesh,
        link.Caller,
        link.Callee,
        view.Services.GetValueOrDefault(link.Caller)?.Needs.GetValueOrDefault(link.Callee));

    static ClusterModel ClusterOf(Endpoints endpoints, ServiceSpec? spec) =>
        new(endpoints.Name, [.. endpoints.Items.Select(EndpointOf).OfType<EndpointModel>()], spec?.Traffic, spec?.Criticality ?? Criticality.Medium);

    static EndpointModel? EndpointOf(Endpoint endpoint) =>
        IPEndPoint.TryParse(endpoint.Address, out var at) ? new EndpointModel(endpoint.Instance, at.Address.ToString(), at.Port, endpoint.Version) : null;
}
