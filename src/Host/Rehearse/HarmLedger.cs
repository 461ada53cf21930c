using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Host.Rehearse;

/// <summary>Adds up who is hurt, moment by moment.</summary>
sealed class HarmLedger
{
    readonly SortedDictionary<string, Sum> services = new(StringComparer.Ordinal);
    readonly SortedDictionary<string, Sum> routes = new(StringComparer.Ordinal);
    double seconds;

    /// <summary>Finds who is hurt as everything is now.</summary>
    /// <param name="loaded">The services.</param>
    /// <param name="seen">For the routes.</param>
    public Moment At(IReadOnlyDictionary<string, LoadedService> loaded, Snapshot seen)
    {
        var model = new LoadModel(loaded);
        var hurt = new List<(Sum Sum, Harm Harm, bool Without, string? Through)>();
        foreach (var service in loaded.Values)
        {
            var harm = model.Of(service.Name);
            var without = service is { Answering: 0, IsOff: false, IsOnDemand: false };
            if (without || !harm.IsNone)
            {
                hurt.Add((SumOf(services, service.Name), harm, without, model.Way(service)));
            }
        }

        var now = new SortedDictionary<string, Harm>(StringComparer.Ordinal);
        foreach (var route in seen.All<Route>())
        {
            var harm = now[route.Name] = RehearsedLoad.Of(route.Spec, model);
            if (!harm.IsNone)
            {
                hurt.Add((SumOf(routes, route.Name), harm, harm.Fails > 0.999, null));
            }
        }

        return new(model, now, (at, span) =>
        {
            seconds += span;
            foreach (var (sum, harm, without, through) in hurt)
            {
                sum.Add(at, span, harm, without, through);
            }
        });
    }

    /// <summary>Who is hurt at one time.</summary>
    /// <param name="Model">What becomes of requests then.</param>
    /// <param name="Routes">Of each route, also where nobody is hurt.</param>
    /// <param name="Add">Takes a stretch of time in which it stays so: when it begins and how long it lasts, in seconds.</param>
    internal sealed record Moment(LoadModel Model, IReadOnlyDictionary<string, Harm> Routes, Action<double, double> Add);

    /// <summary>The services that are hurt, the worst first.</summary>
    public IReadOnlyList<Hurt> Services(Snapshot seen, Func<string, double> rateOf) =>
        [.. Order(services.Select(s => s.Value.Of(s.Key, seen.Get<Service>(s.Key)?.Spec.Criticality ?? Criticality.Medium, seconds, rateOf(s.Key))))];

    /// <summary>The routes that are hurt, the worst first.</summary>
    public IReadOnlyList<Hurt> Routes(Snapshot seen, Func<string, double> rateOf) =>
        [.. Order(routes.Select(r => r.Value.Of(r.Key, CriticalityOf(seen.Get<Route>(r.Key), seen), seconds, rateOf(r.Key))))];

    /// <summary>What it costs the objectives.</summary>
    public IReadOnlyList<SpentBudget> Objectives(Snapshot seen) =>
    [
        .. seen.All<Objective>().Where(o => o.Spec.Availability is not null && routes.ContainsKey(o.Spec.Route)).OrderBy(o => o.Name, StringComparer.Ordinal)
            .Select(o => new SpentBudget(o.Name, o.Spec.Route, Math.Round(routes[o.Spec.Route].Failing / (o.Spec.Window.TotalSeconds * (1 - o.Spec.Availability!.Value.Fraction)), 4)))
            .Where(o => o.Spent > 0),
    ];

    static Criticality CriticalityOf(Route? route, Snapshot seen) =>
        route?.Spec.Criticality ?? route?.Spec.Services.Select(s => seen.Get<Service>(s)?.Spec.Criticality ?? Criticality.Medium).DefaultIfEmpty(Criticality.Medium).Max() ?? Criticality.Medium;

    static IEnumerable<Hurt> Order(IEnumerable<Hurt> all) =>
        all.OrderByDescending(h => h.Fails > 0 ? 2 : h.Waits > 0 ? 1 : 0).ThenByDescending(h => h.Criticality).ThenByDescending(h => h.Fails).ThenByDescending(h => h.Waits).ThenBy(h => h.Name, StringComparer.Ordinal);

    static Sum SumOf(SortedDictionary<string, Sum> all, string name) => all.TryGetValue(name, out var sum) ? sum : all[name] = new();

    sealed class Sum
    {
        readonly SortedDictionary<string, double> ways = new(StringComparer.Ordinal);
        double without;
        double waits;
        double lesser;
        double worst;
        double worstAt;

        /// <summary>Seconds in which everything fails, or as much of longer ones as fails.</summary>
        public double Failing { get; private set; }

        public void Add(double at, double span, in Harm harm, bool isWithout, string? through)
        {
            without += isWithout ? span : 0;
            Failing += harm.Fails * span;
            waits += harm.Waits * span;
            lesser += harm.Lesser * span;
            if (harm.Fails > worst)
            {
                (worst, worstAt) = (harm.Fails, at);
            }

            if (through is not null)
            {
                ways[through] = ways.GetValueOrDefault(through) + span;
            }
        }

        public Hurt Of(string name, Criticality criticality, double seconds, double rate) => new(
            name, criticality, Math.Round(without, 2), Part(Failing, seconds), Part(waits, seconds), Part(lesser, seconds), Math.Round(worst, 4), Math.Round(worstAt, 2),
            rate > 0 ? Math.Round(rate, 2) : null, rate > 0 ? Math.Round(rate * Failing, 1) : null, ways.OrderByDescending(w => w.Value).Select(w => w.Key).FirstOrDefault());

        static double Part(double of, double seconds) => seconds > 0 ? Math.Round(of / seconds, 5) : 0;
    }
}
