using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>Where a target lies, for the compile steps of its gates.</summary>
/// <param name="About">As interventions and notices name it: <c>route/NAME</c> or <c>need/CALLER.CALLEE</c>.</param>
/// <param name="Listener">The listener whose requests come there.</param>
/// <param name="Route">Null in the mesh.</param>
/// <param name="Cluster">Where it leads.</param>
/// <param name="Terms">The route's or need's terms.</param>
/// <param name="Model">The whole table.</param>
/// <param name="Policies">What outlives a table.</param>
internal sealed record TargetPlace(
    string About, ListenerModel Listener, RouteModel? Route, Cluster Cluster, CallSpec Terms, TableModel Model, PolicyBook Policies)
{
    public string AboutService => $"service/{Cluster.Service}";

    /// <summary>What requests here are worth when they do not say it themselves: the route's word, the calling service's, else that of the called.</summary>
    public Criticality Criticality =>
        Route is not null ? Route.Spec.Criticality ?? Cluster.Criticality
        : Model.Clusters.FirstOrDefault(c => c.Service == Listener.Caller)?.Criticality ?? Cluster.Criticality;

    /// <summary>Whether any service admits by level, so that requests are to carry theirs.</summary>
    public bool UsesLevels => Model.Clusters.Any(c => c.Traffic?.Levels is not null) || Model.Interventions.Any(i => i.Admit is not null);
}
