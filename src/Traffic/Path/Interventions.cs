using Mainstay.Core.Kinds.Traffic;

namespace Mainstay.Traffic.Path;

/// <summary>What is done to running traffic for a while, as the policies find what concerns them.</summary>
internal static class Interventions
{
    /// <summary>All that are about a route or need, or about the service that it leads to; those about the route or need itself first, the newest first.</summary>
    public static Intervention[] Of(TableModel model, string about, string service) =>
        [.. model.Interventions
            .Where(one => one.About == about || one.About == $"service/{service}")
            .OrderByDescending(one => one.About == about)
            .ThenByDescending(one => one.At)];

    /// <summary>The degradations that are thrown: on the way itself, on all ways to its service, and on all that matter as much as it, in this order.</summary>
    public static Intervention[] Degradations(TargetPlace place)
    {
        var level = $"criticality/{place.Criticality.ToString().ToLowerInvariant()}";
        return [.. Of(place.Model, place.About, place.Cluster.Service).Concat(place.Model.Interventions.Where(one => one.About == level).OrderByDescending(one => one.At)).Where(one => one.Degrade is not null)];
    }

    /// <summary>Whether it still holds; each ends by itself, whether the server is there or not.</summary>
    public static bool Holds(this Intervention intervention, Clock clock) => clock.CoarseUtc < intervention.Until;
}
