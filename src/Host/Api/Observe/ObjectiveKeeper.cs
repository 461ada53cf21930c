using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Host.Api.Traffic;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Ingest;

namespace Mainstay.Host.Api.Observe;

/// <summary>How all objectives stand.</summary>
public sealed record ObjectivesView(DateTimeOffset At, IReadOnlyList<ObjectiveStanding> Items);

/// <summary>Counts for objectives once a step, keeps the counts in a file each minute, and says which of them spend their budget too fast.</summary>
public sealed class ObjectiveKeeper
{
    static readonly TimeSpan KeepEvery = TimeSpan.FromMinutes(1);

    readonly ServerServices services;
    readonly Mirror mirror;
    readonly ObjectiveFile? file;
    readonly Lock gate = new();
    readonly Dictionary<string, ObjectiveMeter> meters = new(StringComparer.Ordinal);
    DateTimeOffset keptAt;

    /// <param name="services">Where it counts.</param>
    /// <param name="mirror">Where objectives are read.</param>
    /// <param name="kept">What was counted before, by objective. Default: what is in its file.</param>
    public ObjectiveKeeper(ServerServices services, Mirror mirror, IReadOnlyDictionary<string, ObjectiveRecord>? kept = null)
    {
        (this.services, this.mirror) = (services, mirror);
        keptAt = services.Time.GetUtcNow();
        file = services.Data is { } data ? new(Path.Combine(data, "telemetry", "objectives.json")) : null;
        foreach (var (name, record) in kept ?? file?.Read() ?? new Dictionary<string, ObjectiveRecord>())
        {
            meters[name] = ObjectiveMeter.From(record);
        }
    }

    /// <summary>How they stand, by name.</summary>
    public ObjectivesView View()
    {
        var now = services.Time.GetUtcNow();
        var (objectives, incidents) = mirror.Read(seen => (seen.All<Objective>().OrderBy(o => o.Name, StringComparer.Ordinal).ToList(), seen.All<Incident>().ToList()));
        lock (gate)
        {
            return new(now, [.. objectives.Select(o => ObjectiveJudge.Of(o, meters.GetValueOrDefault(o.Name) ?? new(), incidents, now))]);
        }
    }

    /// <summary>Counts a step; gives the symptoms of those that spend too fast.</summary>
    /// <param name="routes">The figures of routes of the last ten seconds.</param>
    /// <param name="seen">For how much routes matter and the number of the step.</param>
    public IReadOnlyList<Symptom> Count(IReadOnlyDictionary<string, EdgeFigures> routes, Picture seen)
    {
        var objectives = mirror.Read(s => s.All<Objective>().OrderBy(o => o.Name, StringComparer.Ordinal).ToList());
        var symptoms = new List<Symptom>();
        lock (gate)
        {
            foreach (var objective in objectives)
            {
                var meter = meters.TryGetValue(objective.Name, out var known) ? known : meters[objective.Name] = new();
                if (routes.TryGetValue(objective.Spec.Route, out var figures))
                {
                    // Each figure is of ten seconds and taken every five: every request is counted twice, half each time.
                    var requests = figures.RequestsPerSecond * Thresholds.StepSeconds;
                    meter.Add(seen.At, requests, requests * figures.ErrorRatio, requests * SlowShare(objective.Spec));
                }

                symptoms.AddRange(Burning(objective, ObjectiveJudge.Of(objective, meter, [], seen.At), seen));
            }

            foreach (var gone in meters.Keys.Except(objectives.Select(o => o.Name)).ToArray())
            {
                // Before the first list nothing is known to be gone.
                if (mirror.IsFilled)
                {
                    meters.Remove(gone);
                }
            }
        }

        Keep(seen.At);
        return symptoms;
    }

    /// <summary>Counts a step; gives what spends too fast with why, as that of its route.</summary>
    public IEnumerable<Found> Felt(IReadOnlyDictionary<string, EdgeFigures> routes, Picture seen) => Count(routes, seen).Select(s =>
        new Found(s, Diagnose.Of(seen, s with { Subject = $"route/{mirror.Read(known => known.Get<Objective>(s.Subject["objective/".Length..]))?.Spec.Route}" })));

    /// <summary>What was counted so far, by objective.</summary>
    public Dictionary<string, ObjectiveRecord> Kept()
    {
        lock (gate)
        {
            return meters.ToDictionary(m => m.Key, m => m.Value.Kept(), StringComparer.Ordinal);
        }
    }

    double SlowShare(ObjectiveSpec spec)
    {
        if (spec.P99 is not { } most)
        {
            return 0;
        }

        var counts = services.Routes.Distribution(new(TrafficBuilder.RouteEdge, spec.Route), [most.TotalMilliseconds]);
        return counts[0] + counts[1] > 0 ? (double)counts[1] / (counts[0] + counts[1]) : 0;
    }

    static IEnumerable<Symptom> Burning(Objective objective, ObjectiveStanding standing, Picture seen)
    {
        var level = seen.Routes.FirstOrDefault(r => r.Name == objective.Spec.Route)?.Criticality ?? Criticality.Medium;
        foreach (var indicator in standing.Indicators)
        {
            if (indicator.Burns.FirstOrDefault(b => b.Firing) is { } burn)
            {
                var text = FormattableString.Invariant(
                    $"objective {objective.Name} spends its budget of {(indicator.Of == "latency" ? "slow requests" : "errors")} {burn.ShortBurn:0.#} times as fast as it may, {indicator.BudgetLeft * 100:0.#}% of it is left");
                yield return new(
                    $"objective/{objective.Name}", indicator.Of == "latency" ? SymptomKind.Latency : SymptomKind.Errors, level, text, seen.At - burn.Short, seen.Figures.Step, Deviation.Unknown(Figure.ErrorRatio));
                yield break;
            }
        }
    }

    void Keep(DateTimeOffset now)
    {
        if (file is null || now - keptAt < KeepEvery)
        {
            return;
        }

        keptAt = now;
        var all = Kept();
        if (all.Count > 0 && file.Write(all) is { } why)
        {
            services.OnFault?.Invoke("objectives", new IOException(why));
        }
    }
}
