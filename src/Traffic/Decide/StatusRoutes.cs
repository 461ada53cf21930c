using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Traffic.Decide;

/// <summary>Where accepted requests are asked after: routes like all others, behind the guard of the route that accepted. No route that people declare can have their names.</summary>
public static class StatusRoutes
{
    /// <summary>The path of a route's accepted requests, without the request's id.</summary>
    public static string PathOf(string route) => $"/.mainstay/requests/{route}/";

    /// <summary>The route of its status; none for a route that accepts nothing.</summary>
    internal static IEnumerable<RouteModel> Of(RouteModel route)
    {
        if (route.Spec.Async is null) yield break;
        yield return new RouteModel("~requests." + route.Name, new RouteSpec
        {
            Match = new() { Host = route.Spec.Match.Host, Path = PathOf(route.Name) + "{id}/{**rest}", Methods = ["GET", "DELETE"] },
            Respond = new() { Status = 404 },
            Guard = route.Spec.Guard,
            Cors = route.Spec.Cors,
            Criticality = route.Spec.Criticality,
        })
        { TellsOf = route.Name, Later = route.Spec.Async };
    }
}
