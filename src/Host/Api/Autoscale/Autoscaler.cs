using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Observe;
using Mainstay.Schedule.Decide;

namespace Mainstay.Host.Api.Autoscale;

/// <summary>
/// Looks once a second at the services that declare <c>scale</c>, decides by <see cref="ScalingDecide"/>, and writes what is new with its event and audit in one commit. Costs nothing where none does. What it
/// remembers beside the store, wishes and habits, begins anew with the server, and no instance is taken away before it is whole again.
/// </summary>
public sealed class Autoscaler
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    readonly ServerServices services;
    readonly Mirror mirror;
    readonly EventNames names;
    readonly ScalingEyes eyes;
    readonly DownstreamCause downstream;
    readonly Dictionary<string, ScalingPast> pasts = new(StringComparer.Ordinal);
    readonly Lock gate = new();
    readonly Dictionary<string, ScalingOutcome> last = new(StringComparer.Ordinal);
    long serial;

    public Autoscaler(ServerServices services, Mirror mirror, Correlator correlator, EventNames names)
    {
        (this.services, this.mirror, this.names) = (services, mirror, names);
        eyes = new(services, correlator);
        downstream = new(eyes, correlator);
    }

    /// <summary>Says which services a request waits for. Default: none.</summary>
    public Func<IReadOnlySet<string>> Awaited { get; set; } = () => new HashSet<string>();

    /// <summary>What came of the last look at a service; null where it does not scale.</summary>
    public ScalingOutcome? Last(string service)
    {
        lock (gate)
        {
            return last.GetValueOrDefault(service);
        }
    }

    /// <summary>Looks until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Every, services.Time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                await LookAsync(stop);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                services.OnFault?.Invoke("scaling", fault);
            }
        }
    }

    /// <summary>One look at all of them.</summary>
    public async Task LookAsync(CancellationToken stop)
    {
        var all = mirror.Read(seen => seen.Get<Architecture>(Architecture.TheName) is not { Running: true } ? [] : seen.All<Service>()
            .Where(s => s is { Removed: false, Spec.Scale: not null })
            .Select(s => (Service: s, Known: seen.Get<Scaling>(s.Name), Instances: seen.Group<Instance>(s.Name))).ToArray());
        await ForgetAsync(stop);
        Keep(all.Select(a => a.Service.Name).ToHashSet(StringComparer.Ordinal));
        if (all.Length == 0)
        {
            return;
        }

        var now = services.Time.GetUtcNow();
        eyes.Look(now);
        var awaited = Awaited();
        foreach (var (service, known, instances) in all)
        {
            var past = pasts.TryGetValue(service.Name, out var remembered) ? remembered : pasts[service.Name] = new(now);
            var view = new ScalingView { Service = service, Known = known, Past = past, Figures = eyes.Of(service, instances, awaited.Contains(service.Name), now) };
            downstream.Note(service.Name);
            var outcome = ScalingDecide.Next(view, now);
            if (outcome.Reason == ScalingReasons.Out && downstream.Of(service.Name, view.Figures.InFlight ?? 0) is { } cause)
            {
                view = view with { Downstream = cause };
                outcome = ScalingDecide.Next(view, now);
            }

            past.Add(now, outcome.Wish, Longest(service.Spec.Scale!));
            lock (gate)
            {
                last[service.Name] = outcome;
            }

            if (ScalingDecide.Record(view, outcome, now) is { } news)
            {
                await WriteAsync(service, news, outcome, now, stop);
            }
        }
    }

    // What was decided about a service that scales no more says nothing.
    async Task ForgetAsync(CancellationToken stop)
    {
        var gone = mirror.Read(seen => seen.All<Scaling>().Where(s => seen.Get<Service>(s.Name) is not { Removed: false, Spec.Scale: not null }).ToArray());
        foreach (var one in gone)
        {
            var key = services.Kinds.Of<Scaling>().KeyOf(one.Name);
            await mirror.ReachAsync((await services.Store.CommitAsync(new([new(key, one.Revision)], [new(key, null)]), stop)).Revision, stop);
        }
    }

    /// <summary>So long wishes are remembered.</summary>
    internal static TimeSpan Longest(ScaleSpec spec) => TimeSpan.FromSeconds(15 + Math.Max(spec.Stabilisation.In.TotalSeconds, spec.Stabilisation.Out.TotalSeconds));

    async Task WriteAsync(Service service, Scaling news, ScalingOutcome outcome, DateTimeOffset now, CancellationToken stop)
    {
        var commit = ScalingCommit.Of(services.Kinds, service, news, outcome, now, names, Interlocked.Increment(ref serial));
        var result = await services.Store.CommitAsync(commit, stop);
        await mirror.ReachAsync(result.Revision, stop);
    }

    void Keep(HashSet<string> all)
    {
        if (pasts.Count == 0)
        {
            return;
        }

        foreach (var gone in pasts.Keys.Where(n => !all.Contains(n)).ToArray())
        {
            pasts.Remove(gone);
            lock (gate)
            {
                last.Remove(gone);
            }
        }

        eyes.Keep(all);
        downstream.Keep(all);
    }
}
