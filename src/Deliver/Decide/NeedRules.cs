using Mainstay.Core.Graph;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Deliver.Manifest;

namespace Mainstay.Deliver.Decide;

/// <summary>What must hold between services.</summary>
static class NeedRules
{
    public static IEnumerable<Problem> Problems(ArchitectureSpec spec)
    {
        var needs = spec.Services.SelectMany(s => s.Value.Needs.Select(n => (Caller: s.Key, Callee: n.Key, Need: n.Value)));
        return needs.SelectMany(n => Each(spec, n.Caller, n.Callee)
            .Concat(Splits(spec, n.Caller, n.Callee, n.Need))
            .Concat(Fallback(spec, n.Callee, n.Need).Select(p => p.Under(PathOf(n.Caller, n.Callee))))).Concat(Cycles(spec));
    }

    public static IEnumerable<Problem> Warnings(ArchitectureSpec spec) =>
        from service in spec.Services
        where service.Value.Criticality == Criticality.Critical
        from need in service.Value.Needs
        where !need.Value.Optional && spec.Services.TryGetValue(need.Key, out var callee) && callee.Criticality < Criticality.Critical
        let level = spec.Services[need.Key].Criticality.ToString().ToLowerInvariant()
        select new Problem(
            PathOf(service.Key, need.Key),
            $"{service.Key} is critical and cannot do without {need.Key}, which is {level}",
            $"make the need optional, or {need.Key} critical");

    static IEnumerable<Problem> Each(ArchitectureSpec spec, string caller, string callee)
    {
        if (caller == callee)
        {
            yield return new(PathOf(caller, callee), $"{caller} needs itself", "remove the need");
        }
        else if (!spec.Services.TryGetValue(callee, out var service))
        {
            yield return new(PathOf(caller, callee), $"there is no service '{Words.Shown(callee)}'", Suggest(callee, spec.Services.Keys));
        }
    }

    static IEnumerable<Problem> Splits(ArchitectureSpec spec, string caller, string callee, NeedSpec need) =>
        from to in need.Split?.Services ?? []
        where !spec.Services.ContainsKey(to)
        select new Problem($"{PathOf(caller, callee)}.split.parts", $"there is no service '{Words.Shown(to)}'", Suggest(to, spec.Services.Keys));

    /// <summary>The service that answers in another's place is there, and is another.</summary>
    internal static IEnumerable<Problem> Fallback(ArchitectureSpec spec, string to, Core.Kinds.Traffic.CallSpec terms)
    {
        if (terms.Fallback?.Service is not { } service)
        {
            yield break;
        }

        if (!spec.Services.ContainsKey(service))
        {
            yield return new("fallback.service", $"there is no service '{Words.Shown(service)}'", Suggest(service, spec.Services.Keys));
        }
        else if (service == to)
        {
            yield return new("fallback.service", $"{service} cannot answer in its own place", "name another service, or give the body of an answer");
        }
    }

    /// <summary>What to do about a name that is not there.</summary>
    internal static string Suggest(string name, IEnumerable<string> services) =>
        Nearest.To(name, services) is { } nearest ? $"did you mean '{nearest}'?" : "declare it below 'services', or remove this";

    static IEnumerable<Problem> Cycles(ArchitectureSpec spec)
    {
        var graph = new DependencyGraph(spec.Services.Select(s => (s.Key, s.Value.Needs.Keys.Where(n => n != s.Key))));
        return graph.Cycles().Select(cycle => new Problem(
            PathOf(cycle[0], cycle[1]),
            $"the needs go round in a circle: {Path(cycle)}",
            "turn one of these needs round, or let one of the services publish what the other reads"));
    }

    static string Path(IReadOnlyList<string> cycle) =>
        string.Join(" → ", cycle.Count <= 12 ? cycle : [.. cycle.Take(6), $"… {cycle.Count - 12} more …", .. cycle.TakeLast(6)]);

    internal static string PathOf(string caller, string callee) => $"services.{caller}.needs.{callee}";
}
