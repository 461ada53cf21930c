using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;

namespace Mainstay.Host.Rehearse;

/// <summary>What the requests of this moment meet: the services as the load model sees them, made from what is declared, what is measured, and what the gateways serve.</summary>
/// <param name="figures">Measured at the beginning.</param>
/// <param name="factor">How many times as many requests there are.</param>
/// <param name="runs">Whether an instance's process is there.</param>
sealed class RehearsedLoad(RehearsalFigures figures, double factor, Func<string, bool> runs)
{
    readonly Dictionary<string, double> useBefore = new(StringComparer.Ordinal);
    readonly Dictionary<string, double> rates = figures.Edges.GroupBy(e => e.Key.To, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(e => e.Value.RequestsPerSecond), StringComparer.Ordinal);
    readonly Dictionary<string, double> means = figures.Edges.GroupBy(e => e.Key.To, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Sum(e => e.Value.RequestsPerSecond) is > 0 and var all ? g.Sum(e => e.Value.RequestsPerSecond * e.Value.MeanMs) / all : 0, StringComparer.Ordinal);

    /// <summary>The new version that is being released; null for none.</summary>
    public RehearsedRelease? Release { get; init; }

    /// <summary>Requests per second to a service now; 0 where none are measured.</summary>
    public double RateOf(string service) => rates.GetValueOrDefault(service) * factor;

    /// <summary>Every service as it is now.</summary>
    public Dictionary<string, LoadedService> Services(Snapshot seen, IReadOnlyDictionary<string, Endpoints> table) =>
        seen.All<Service>().Where(s => !s.Removed).ToDictionary(s => s.Name, s => Of(s, table.GetValueOrDefault(s.Name), Ejected(s, seen)), StringComparer.Ordinal);

    /// <summary>What becomes of the requests to a route.</summary>
    public static Harm Of(RouteSpec route, LoadModel model) => WaysOf(route) switch
    {
        [] => default,
        var ways when route.Split is not null => ways.Select(model.Through).Aggregate((a, b) => new(a.Fails + b.Fails, a.Waits + b.Waits, a.Lesser + b.Lesser)),
        var ways => ways.Select(model.Through).Aggregate((a, b) => Harm.Both(a, b)),
    };

    /// <summary>The ways that a route's requests take; none where it leads to no service.</summary>
    public static IReadOnlyList<LoadedCall> WaysOf(RouteSpec route)
    {
        if (route.Compose is { } compose)
        {
            return [.. compose.Calls().Select(c => Call(c.Call.To, 1, route) with { IsOptional = c.Call.Default is not null, HasFallback = false, FallbackService = null })];
        }

        if (route.To is not { } to)
        {
            return [];
        }

        var parts = route.Split?.Parts.Where(p => p.Portion > 0).ToArray() ?? [];
        var all = (double)parts.Sum(p => p.Portion);
        return parts.Length == 0 ? [Call(to, 1, route)] : [.. parts.GroupBy(p => p.To ?? to, StringComparer.Ordinal).Select(g => Call(g.Key, g.Sum(p => p.Portion) / all, route))];
    }

    static LoadedCall Call(string to, double portion, CallSpec spec) => new()
    {
        To = to, Portion = portion, Attempts = spec.Retry.Attempts,
        HasFallback = spec.Fallback is { Service: null } || spec.Degrade?.ServeStale is not null, FallbackService = spec.Fallback?.Service,
    };

    static HashSet<string> Ejected(Service service, Snapshot seen) =>
        [.. seen.All<Intervention>().Where(i => i.Eject is not null && i.About == $"service/{service.Name}").Select(i => i.Eject!)];

    LoadedService Of(Service service, Endpoints? table, HashSet<string> ejected)
    {
        var name = service.Name;
        var items = (table?.Items ?? []).Where(i => !ejected.Contains(i.Instance)).ToArray();
        var answering = items.Count(i => runs(i.Instance));
        var use = UseOf(service, answering, factor);
        var calls = service.Spec.Needs.Select(n => Call(n.Key, PortionOf(name, n.Key), n.Value) with { IsOptional = n.Value.Optional }).ToArray();
        var (fresh, faulty, slower) = Release is { } release && release.Service == name ? (release.ShareOf(service, table), release.Faulty, release.Slower) : (0, 0, 1);
        return new()
        {
            Name = name,
            Answering = answering,
            Gone = items.Length - answering,
            IsOnDemand = service.Spec.IsOnDemand,
            IsOff = service.Wanted() == 0 && !service.Spec.IsOnDemand,
            Use = use,
            UseBefore = use is null ? null : useBefore.TryGetValue(name, out var before) ? before : useBefore[name] = UseOf(service, answering, 1) ?? 0,
            Faulty = fresh * faulty,
            Slower = 1 + (fresh * (slower - 1)),
            OwnMs = Math.Max(0, means.GetValueOrDefault(name) - calls.Sum(c => c.Portion * (figures.Edges.TryGetValue(new(name, c.To), out var edge) ? edge.MeanMs : 0))),
            Calls = calls,
        };
    }

    // Only what is promised to an instance bounds it.
    double? UseOf(Service service, int answering, double times)
    {
        var given = (service.Spec.Resources?.Cpu ?? service.Spec.Container?.Cpu)?.Hundredths / 100.0;
        return given > 0 && answering > 0 && figures.Cpu.TryGetValue(service.Name, out var used) ? used * times / (answering * given.Value) : null;
    }

    // A need whose calls were not measured is taken to be called for every request.
    double PortionOf(string caller, string callee) =>
        rates.GetValueOrDefault(caller) is > 0 and var all && figures.Edges.TryGetValue(new EdgeKey(caller, callee), out var edge) ? Math.Min(1, edge.RequestsPerSecond / all) : 1;
}
