using Mainstay.Core.Graph;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;

namespace Mainstay.Observe.Correlate;

/// <summary>Judges who depends on whom, by what is declared and by what was seen. Pure.</summary>
public static class MapFindings
{
    /// <summary>The findings in order of kinds and names.</summary>
    /// <param name="seen">What is declared.</param>
    /// <param name="ledger">What was seen.</param>
    /// <param name="traced">Undeclared services that send traces.</param>
    /// <param name="now">The time.</param>
    /// <param name="prove">Gives a trace that goes round a cycle, or null.</param>
    public static IReadOnlyList<MapFinding> Of(
        Snapshot seen, EdgeLedger ledger, IReadOnlySet<string> traced, DateTimeOffset now, Func<IReadOnlyList<string>, string?> prove)
    {
        var services = seen.All<Service>().Where(s => !s.Removed).ToDictionary(s => s.Name, StringComparer.Ordinal);
        return
        [
            .. Cycles(services, ledger, traced, prove),
            .. Lesser(services, seen.All<Route>(), ledger),
            .. Undeclared(services, ledger),
            .. Unused(services, ledger, now),
        ];
    }

    /// <summary>How much each declared service matters, for itself or through what cannot do without it.</summary>
    public static IReadOnlyDictionary<string, Criticality> Inherited(IEnumerable<Service> services, IEnumerable<Route> routes, EdgeLedger? ledger)
    {
        var byName = services.Where(s => !s.Removed).ToDictionary(s => s.Name, StringComparer.Ordinal);
        return Inherit(byName, routes, ledger).ToDictionary(i => i.Key, i => i.Value.Level, StringComparer.Ordinal);
    }

    // A queue is where a cycle is broken, and a database calls nobody: only services count.
    static IEnumerable<MapFinding> Cycles(Dictionary<string, Service> services, EdgeLedger ledger, IReadOnlySet<string> traced, Func<IReadOnlyList<string>, string?> prove)
    {
        var live = ledger.Edges.ToLookup(e => e.From, e => e.To, StringComparer.Ordinal);
        var names = services.Keys.Concat(traced).Distinct(StringComparer.Ordinal).Where(n => n != Query.MapView.Gateway).ToList();
        var graph = new DependencyGraph(names.Select(n => (n, live[n].Concat(services.GetValueOrDefault(n)?.Spec.Needs.Keys ?? []).Where(to => to != n))));
        foreach (var path in graph.Cycles())
        {
            var flows = path.Zip(path.Skip(1)).All(e => ledger.Has(new(e.First, e.Second)));
            var trace = flows ? prove(path) : null;
            yield return new(
                MapFindingKind.Cycle, path,
                $"{string.Join(" → ", path)} depend on each other{(trace is not null ? ", and one request goes all the way round" : flows ? "; no single request was seen to go all the way round" : "; not all of it was called in the last hour")}",
                "turn one of the calls round, put what both need into a service of its own, or let one of them send a message", trace);
        }
    }

    static IEnumerable<MapFinding> Lesser(Dictionary<string, Service> services, IEnumerable<Route> routes, EdgeLedger ledger)
    {
        foreach (var (name, (level, path)) in Inherit(services, routes, ledger).OrderBy(i => i.Key, StringComparer.Ordinal))
        {
            if (level > services[name].Spec.Criticality)
            {
                var own = Word(services[name].Spec.Criticality);
                yield return new(
                    MapFindingKind.CriticalOnLesser, path,
                    $"{path[0]} is {Word(level)} and cannot do without {name}, which is only {own}{(path.Count > 2 ? $" ({string.Join(" → ", path)})" : "")}",
                    $"declare {name} as {Word(level)}, or give {path[^2]} a fallback for it (optional: true, or fallback)");
            }
        }
    }

    // The greatest level wins; of equal ones the shortest path, and of those the first by name.
    static Dictionary<string, (Criticality Level, IReadOnlyList<string> Path)> Inherit(Dictionary<string, Service> services, IEnumerable<Route> routes, EdgeLedger? ledger)
    {
        var best = services.ToDictionary(s => s.Key, s => (Level: s.Value.Spec.Criticality, Path: (IReadOnlyList<string>)[s.Key]), StringComparer.Ordinal);
        var open = new Queue<string>(services.Keys.Order(StringComparer.Ordinal));
        foreach (var route in routes.OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            if (route.Spec is { Criticality: { } level, Fallback: null, To: { } to } && best.TryGetValue(to, out var own) && level > own.Level)
            {
                best[to] = (level, [$"route/{route.Name}", to]);
            }
        }

        while (open.TryDequeue(out var from))
        {
            var (level, path) = best[from];
            foreach (var to in Hard(services[from], ledger).Where(best.ContainsKey))
            {
                if (level > best[to].Level)
                {
                    best[to] = (level, [.. path, to]);
                    open.Enqueue(to);
                }
            }
        }

        return best;
    }

    /// <summary>What a service calls without another way out.</summary>
    static IEnumerable<string> Hard(Service service, EdgeLedger? ledger) =>
        service.Spec.Needs.Where(n => n.Value is { Optional: false, Fallback: null }).Select(n => n.Key)
            .Concat(ledger?.Edges.Where(e => e.From == service.Name && !service.Spec.Needs.ContainsKey(e.To)).Select(e => e.To) ?? [])
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    static IEnumerable<MapFinding> Undeclared(Dictionary<string, Service> services, EdgeLedger ledger) =>
        ledger.Edges
            .Where(e => e.From != e.To && services.ContainsKey(e.To) && services.TryGetValue(e.From, out var from) && !from.Spec.Needs.ContainsKey(e.To))
            .OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal)
            .Select(e => new MapFinding(
                MapFindingKind.UndeclaredNeed, [e.From, e.To], $"{e.From} calls {e.To}, which its manifest does not name",
                $"add '{e.To}' to the needs of {e.From} and call it by {Variable(e.To)}, or stop calling it"));

    static IEnumerable<MapFinding> Unused(Dictionary<string, Service> services, EdgeLedger ledger, DateTimeOffset now)
    {
        if (now - ledger.Since < Thresholds.UnusedAfter)
        {
            yield break;
        }

        foreach (var service in services.Values.OrderBy(s => s.Name, StringComparer.Ordinal).Where(s => ledger.Served(s.Name) >= Thresholds.UnusedRequests))
        {
            foreach (var need in service.Spec.Needs.Keys.Where(n => !ledger.Has(new EdgeKey(service.Name, n)) && !HasQueue(services, ledger, service.Name, n)).Order(StringComparer.Ordinal))
            {
                yield return new(
                    MapFindingKind.UnusedNeed, [service.Name, need],
                    $"{service.Name} declares that it needs {need}, and has not called it in {(now - ledger.Since < TimeSpan.FromHours(1) ? $"{(int)(now - ledger.Since).TotalMinutes} minutes" : "the last hour")}",
                    $"remove '{need}' from the needs of {service.Name}, if it is no longer used");
            }
        }
    }

    // A broker is called by its queues: traces name those.
    static bool HasQueue(Dictionary<string, Service> services, EdgeLedger ledger, string service, string need) =>
        services.GetValueOrDefault(need)?.Spec.Probe?.Kind == ProbeKind.Rabbitmq
        && ledger.Edges.Any(e => (e.From == service && IsQueue(e.To)) || (e.To == service && IsQueue(e.From)));

    static bool IsQueue(string node) => node.StartsWith("rabbitmq/", StringComparison.Ordinal);

    static string Variable(string service) => $"{service.ToUpperInvariant().Replace('-', '_')}_URL";

    static string Word(Criticality criticality) => criticality.ToString().ToLowerInvariant();
}
