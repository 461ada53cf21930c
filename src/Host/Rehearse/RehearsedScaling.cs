using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Autoscale;
using Mainstay.Observe.Ingest;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Rehearse;

/// <summary>The automatic scaling: the real decision, over today's figures as they would be with the requests and instances of the moment.</summary>
/// <param name="store">Where decisions are written.</param>
/// <param name="figures">Measured at the beginning.</param>
/// <param name="factor">How many times as many requests there are.</param>
/// <param name="usual">The load as it was at the beginning.</param>
/// <param name="began">When the rehearsal began: until then what was wanted fitted.</param>
sealed class RehearsedScaling(MemoryStore store, RehearsalFigures figures, double factor, LoadModel usual, DateTimeOffset began)
{
    static readonly TimeSpan Before = TimeSpan.FromHours(1);

    readonly Dictionary<string, ScalingPast> pasts = new(StringComparer.Ordinal);
    readonly EventNames names = new("rehearsal");
    long serial;

    /// <summary>One look at all services that scale; called once a second.</summary>
    public void Look(Snapshot seen, IReadOnlyDictionary<string, LoadedService> services, LoadModel model, DateTimeOffset now)
    {
        foreach (var service in seen.All<Service>().Where(s => s is { Removed: false, Spec.Scale: not null } && services.ContainsKey(s.Name)).OrderBy(s => s.Name, StringComparer.Ordinal))
        {
            if (!pasts.TryGetValue(service.Name, out var past))
            {
                pasts[service.Name] = past = new(began - Before);
                past.Add(began - Before, service.Wanted(), Before);
            }

            var known = seen.Get<Scaling>(service.Name);
            var view = new ScalingView { Service = service, Known = known, Past = past, Figures = FiguresOf(service, seen.Group<Instance>(service.Name), services[service.Name], model, now) };
            var outcome = ScalingDecide.Next(view, now);
            if (outcome.Reason == ScalingReasons.Out && Downstream(services[service.Name], services, model) is { } cause)
            {
                view = view with { Downstream = cause };
                outcome = ScalingDecide.Next(view, now);
            }

            past.Add(now, outcome.Wish, Autoscaler.Longest(service.Spec.Scale!));
            if (ScalingDecide.Record(view, outcome, now) is { } news)
            {
                store.Write(ScalingCommit.Of(CoreKinds.All, service, news, outcome, now, names, ++serial));
            }
        }
    }

    ScalingFigures FiguresOf(Service service, IReadOnlyList<Instance> instances, LoadedService load, LoadModel model, DateTimeOffset now)
    {
        var first = figures.Scaling.GetValueOrDefault(service.Name) ?? new();
        var latency = model.Latency(service.Name);
        var before = usual.Latency(service.Name);
        var slower = before > 0 ? latency / before : 1;
        var settled = instances.Count(i => i.Goal == InstanceGoal.Run && i.Status.State == InstanceState.Ready && i.Status.ReadyAt <= now - ScalingEyes.Settles);
        // What an instance is promised it does not exceed.
        var most = load.Use is null ? double.MaxValue : settled;
        return first with
        {
            Settled = settled,
            Cpu = settled == 0 ? null : first.Cpu * factor is { } cpu ? Math.Min(most, cpu) : null,
            Memory = settled == 0 || first.Settled == 0 ? null : first.Memory / first.Settled * settled,
            InFlight = first.InFlight * factor * slower,
            Rate = first.Rate * factor,
            P99 = first.P99 * slower,
            LastRequest = first.Rate * factor > 0 ? now : first.LastRequest,
            IsAwaited = first.Rate * factor > 0 && load.Answering == 0,
        };
    }

    // As it is told of the running system: most of the service's time is spent waiting for something that answers slower than usual.
    string? Downstream(LoadedService service, IReadOnlyDictionary<string, LoadedService> services, LoadModel model)
    {
        foreach (var call in service.Calls.OrderByDescending(c => c.Portion))
        {
            if (!services.TryGetValue(call.To, out var callee) || LoadModel.Stretch(callee) < DownstreamCause.Slower || !figures.Edges.TryGetValue(new EdgeKey(service.Name, call.To), out var edge) || edge.MeanMs <= 0)
            {
                continue;
            }

            var (waits, whole) = (call.Portion * edge.MeanMs * LoadModel.Stretch(callee), model.Latency(service.Name));
            if (whole > 0 && waits / whole >= DownstreamCause.MostOfIt)
            {
                return $"{call.To} answers {LoadModel.Stretch(callee):0.#} times as slowly";
            }
        }

        return null;
    }
}
