using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Observe.Ingest;

namespace Mainstay.Host.Rehearse;

/// <summary>
/// What gateways would count: requests, errors and durations of calls, routes and instances over ten seconds, as they follow from what is measured at the beginning and from what becomes of requests.
/// </summary>
/// <param name="calls">Measured at the beginning, from callers to callees.</param>
/// <param name="routes">Measured at the beginning, by public route.</param>
/// <param name="usual">The load as it was at the beginning.</param>
sealed class RehearsedFlows(IReadOnlyDictionary<EdgeKey, EdgeFigures> calls, IReadOnlyDictionary<string, EdgeFigures> routes, LoadModel usual)
{
    // Figures on the map are over so many seconds.
    const int Window = 10;

    readonly Queue<Second> seconds = new();
    readonly ILookup<string, KeyValuePair<EdgeKey, EdgeFigures>> to = calls.ToLookup(e => e.Key.To, StringComparer.Ordinal);

    /// <summary>How many times as many requests there are.</summary>
    public double Factor { get; set; } = 1;

    /// <summary>The services of the newest second.</summary>
    public IReadOnlyDictionary<string, LoadedService> Loaded { get; private set; } = new Dictionary<string, LoadedService>();

    /// <summary>The calls of a second, which last until something changes.</summary>
    /// <param name="loaded">The services.</param>
    /// <param name="seen">For the routes.</param>
    /// <param name="hurt">What becomes of requests.</param>
    public Second At(IReadOnlyDictionary<string, LoadedService> loaded, Snapshot seen, HarmLedger.Moment hurt)
    {
        var model = hurt.Model;
        Loaded = loaded;
        var scales = new Dictionary<string, double>(StringComparer.Ordinal);
        var edges = calls.ToDictionary(e => e.Key, e => Changed(e.Value, FactorOf(e.Key.From, loaded, scales), model.Met(CallOf(e.Key, loaded)), Slower(e.Key.To, model)));
        var byRoute = routes.ToDictionary(r => r.Key, r => Changed(r.Value, Factor, hurt.Routes.GetValueOrDefault(r.Key), Slower(seen.Get<Route>(r.Key), model)), StringComparer.Ordinal);
        return new(edges, byRoute, loaded.Keys.ToDictionary(s => s, s => ScaleOf(s, loaded, scales), StringComparer.Ordinal));
    }

    /// <summary>Takes in one second.</summary>
    public void Add(Second second)
    {
        do
        {
            seconds.Enqueue(second);
        }
        while (seconds.Count < Window);

        if (seconds.Count > Window)
        {
            seconds.Dequeue();
        }
    }

    /// <summary>The calls of the last seconds.</summary>
    public IReadOnlyDictionary<EdgeKey, EdgeFigures> Edges() => calls.Keys.ToDictionary(k => k, k => Mean([.. seconds.Select(s => s.Edges[k])]));

    /// <summary>The requests of the last seconds, by route.</summary>
    public IReadOnlyDictionary<string, EdgeFigures> Routes() => routes.Keys.ToDictionary(k => k, k => Mean([.. seconds.Select(s => s.Routes[k])]), StringComparer.Ordinal);

    /// <summary>How many times as many requests as at the beginning come to a service now.</summary>
    public double ScaleOf(string service) => seconds.LastOrDefault()?.Scales.GetValueOrDefault(service, Factor) ?? Factor;

    static EdgeFigures Changed(in EdgeFigures measured, double times, in Harm harm, double slower) => new(
        measured.RequestsPerSecond * times, 1 - ((1 - measured.ErrorRatio) * (1 - harm.Fails)), measured.P50Ms * slower, measured.P99Ms * slower, measured.MeanMs * slower);

    static LoadedCall CallOf(EdgeKey edge, IReadOnlyDictionary<string, LoadedService> loaded) =>
        loaded.GetValueOrDefault(edge.From)?.Calls.FirstOrDefault(c => c.To == edge.To) ?? new() { To = edge.To };

    double Slower(Route? route, LoadModel model) =>
        route is not null && RehearsedLoad.WaysOf(route.Spec) is { Count: > 0 } ways ? ways.Sum(w => w.Portion * Slower(w.To, model)) / ways.Sum(w => w.Portion) : 1;

    double Slower(string service, LoadModel model) => usual.Latency(service) is > 0 and var before ? model.Latency(service) / before : 1;

    // Who answers nothing calls nobody.
    double FactorOf(string caller, IReadOnlyDictionary<string, LoadedService> loaded, Dictionary<string, double> scales) =>
        !loaded.TryGetValue(caller, out var of) ? Factor : of.Answering == 0 ? 0 : ScaleOf(caller, loaded, scales);

    double ScaleOf(string service, IReadOnlyDictionary<string, LoadedService> loaded, Dictionary<string, double> scales)
    {
        if (scales.TryGetValue(service, out var known))
        {
            return known;
        }

        // A cycle of calls adds nothing to what comes from elsewhere.
        scales[service] = Factor;
        var all = to[service].Sum(e => e.Value.RequestsPerSecond);
        return scales[service] = all > 0 ? to[service].Sum(e => e.Value.RequestsPerSecond * FactorOf(e.Key.From, loaded, scales)) / all : Factor;
    }

    static EdgeFigures Mean(EdgeFigures[] all)
    {
        var rate = all.Sum(f => f.RequestsPerSecond);
        double Of(Func<EdgeFigures, double> figure) => rate > 0 ? all.Sum(f => f.RequestsPerSecond * figure(f)) / rate : 0;
        return all.Length == 0 ? default : new(rate / all.Length, Of(f => f.ErrorRatio), Of(f => f.P50Ms), Of(f => f.P99Ms), Of(f => f.MeanMs));
    }

    /// <summary>One second.</summary>
    /// <param name="Edges">Calls.</param>
    /// <param name="Routes">Requests, by route.</param>
    /// <param name="Scales">How many times as many requests as at the beginning come to each service.</param>
    internal sealed record Second(IReadOnlyDictionary<EdgeKey, EdgeFigures> Edges, IReadOnlyDictionary<string, EdgeFigures> Routes, IReadOnlyDictionary<string, double> Scales);
}
