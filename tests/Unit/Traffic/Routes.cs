using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Path;

namespace Mainstay.Tests.Traffic;

/// <summary>Routes for tests.</summary>
static class Routes
{
    /// <summary>Every path goes to the service <c>s</c>.</summary>
    public static RouteModel All(Func<RouteSpec, RouteSpec>? change = null) => Of("all", "/{**rest}", "s", change);

    public static RouteModel Of(string name, string path, string to, Func<RouteSpec, RouteSpec>? change = null)
    {
        var spec = new RouteSpec { Match = new RouteMatch { Path = path }, To = to };
        return new(name, change is null ? spec : change(spec));
    }

    public static TrafficSpec RoundRobin { get; } = new() { Balance = Balance.RoundRobin };
}
