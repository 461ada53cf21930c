using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;

namespace Mainstay.Traffic.Path;

/// <summary>Makes the caches of a table. What is kept outlives tables, as long as what is declared about it stays the same.</summary>
internal sealed class CacheCompiler(PolicyBook policies, TableModel model)
{
    /// <summary>Without another word.</summary>
    public const long DefaultBytes = 64 * 1024 * 1024;

    private readonly Dictionary<string, List<CacheZone>> zones = [];

    /// <summary>The services of which anything is kept: whatever changes something there is to pass a cache too.</summary>
    private readonly HashSet<string> services = [.. model.Routes.Where(route => route.Spec.To is not null && Keeps(route.Spec)).Select(route => route.Spec.To!)
        .Concat(model.Listeners.Where(listener => listener.Need is { } need && Keeps(need)).Select(listener => listener.Callee ?? ""))];

    /// <summary>The gates of a target that keeps responses or changes what others keep: the split goes before, as each part's responses are its own.</summary>
    /// <param name="place">The target's place.</param>
    /// <param name="split">Divides its requests; null for no division.</param>
    public (CacheZone? Zone, Gate[] Gates) Of(TargetPlace place, SplitGate? split)
    {
        if (!services.Contains(place.Cluster.Service)) return default;
        var zone = ZoneOf(place);
        if (zone is not null && split is not null) return (zone, [split, new CacheGate(zone, SiblingsOf(place))]);
        return (zone, [new CacheGate(zone, SiblingsOf(place))]);
    }

    private static bool Keeps(CallSpec terms) => terms.Cache is not null || terms.Fallback?.LastGood is not null || terms.Degrade?.ServeStale is not null;

    /// <summary>How long the last good answers are kept.</summary>
    private static TimeSpan Good(CallSpec terms)
    {
        var stale = terms is { Cache: null, Degrade.ServeStale: { } span } ? span : TimeSpan.Zero;
        return terms.Fallback?.LastGood is { Keep: var keep } && keep > stale ? keep : stale;
    }

    private List<CacheZone> SiblingsOf(TargetPlace place) =>
        zones.TryGetValue(place.Cluster.Service, out var all) ? all : zones[place.Cluster.Service] = [];

    private CacheZone? ZoneOf(TargetPlace place)
    {
        if (!Keeps(place.Terms)) return null;
        var route = place.Route?.Spec;
        // Whatever decides what a response looks like: with other terms, what was kept is no longer what would come.
        var declared = new
        {
            place.Terms.Cache, LastGood = place.Terms.Fallback?.LastGood, place.Terms.Degrade?.ServeStale, route?.To, route?.Rewrite, route?.RequestHeaders, route?.ResponseHeaders, Cors = route?.Cors is not null, model.CacheBytes,
        };
        var store = policies.Of("gateway/cache", model.CacheBytes ?? DefaultBytes, () => new CacheStore(model.CacheBytes ?? DefaultBytes, policies.Gateway?.NextSeed() ?? 1));
        var zone = policies.Of($"{place.About}/cache", declared, () => new CacheZone(place.About, place.Terms.Cache, CacheTerms.Of(place.Terms.Cache, Good(place.Terms), place.Terms.Fallback?.LastGood?.PerClient ?? false), store));
        var siblings = SiblingsOf(place);
        if (siblings.Contains(zone)) return zone;
        siblings.Add(zone);
        zone.Obey(model.Purges.FirstOrDefault(one => one.About == place.About));
        return zone;
    }
}
