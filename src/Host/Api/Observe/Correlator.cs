using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Traffic;
using Mainstay.Observe.Correlate;
using Mainstay.Observe.Drivers;
using Mainstay.Observe.Ingest;
using Mainstay.Observe.Numbers;
using Mainstay.Observe.Query;

namespace Mainstay.Host.Api.Observe;

/// <summary>
/// Looks at everything that is measured once a step, keeps an hour of it, and answers why something is slow and who is hurt. What it finds about the map it keeps for the
/// map, and writes an event when a finding appears.
/// </summary>
public sealed class Correlator
{
    const int StatementSeconds = 20;
    const int PathSeconds = 300;
    const int MostPaths = 100;
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    readonly ServerServices services;
    readonly Mirror mirror;
    readonly ProbeRunner probes;
    readonly Func<MapView> map;
    readonly EventNames names;
    readonly Lock gate = new();
    readonly FigureHistory figures = new();
    readonly FigureRecorder recorder;
    readonly EdgeLedger ledger;
    readonly ChangeNotes noted;
    readonly List<SeenChange> changes = [];
    readonly IncidentKeeper incidents;
    readonly LongMemory memory;
    readonly HashSet<string> told = new(StringComparer.Ordinal);
    Picture? picture;
    long steps;

    public Correlator(ServerServices services, Mirror mirror, ProbeRunner probes, Func<MapView> map, ActionRunner runner, EventNames names)
    {
        (this.services, this.mirror, this.probes, this.map, this.names) = (services, mirror, probes, map, names);
        recorder = new(figures, services.Samples);
        incidents = new(services, mirror, runner, names);
        Objectives = new(services, mirror);
        Rules = new(services, mirror);
        ledger = new(services.Time.GetUtcNow());
        memory = new(services);
        noted = new(services.Time);
        figures.Long.Restore(memory.Usual());
        changes.AddRange(memory.Changes());
        mirror.Subscribe(_ => 0, noted.Note);
    }

    /// <summary>What is wrong with who depends on whom, as of the last step.</summary>
    public MapJudgement Map { get; private set; } = new([], new Dictionary<string, Criticality>());

    /// <summary>Counts for objectives.</summary>
    public ObjectiveKeeper Objectives { get; }

    /// <summary>Looks at the users' own rules.</summary>
    public RuleKeeper Rules { get; }

    /// <summary>Looks once a step until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Thresholds.StepSeconds), services.Time);
        while (await timer.WaitForNextTickAsync(stop))
        {
            try
            {
                await StepAsync(stop);
                Interlocked.Increment(ref steps);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                services.OnFault?.Invoke("correlator", fault);
            }
        }
    }

    /// <summary>The changes that are remembered, oldest first.</summary>
    public IReadOnlyList<SeenChange> Changes()
    {
        lock (gate)
        {
            return [.. changes];
        }
    }

    /// <summary>What is known now, to go on from elsewhere.</summary>
    public ObservedPast Past()
    {
        var view = View();
        lock (gate)
        {
            return new()
            {
                Figures = figures.Copy(), Edges = [.. ledger.Edges], Kinds = view.Kinds, Middleware = view.Middleware, Changes = [.. changes], Objectives = Objectives.Kept(),
                Calls = view.Map.Edges.Where(e => e.RequestsPerSecond > 0).ToDictionary(e => new EdgeKey(e.From, e.To), e => new EdgeFigures(e.RequestsPerSecond, e.ErrorRatio, e.P50Ms, e.P99Ms, e.MeanMs)),
            };
        }
    }

    /// <summary>Why something is not well; null where there is nothing of that name.</summary>
    public Diagnosis? Why(string of)
    {
        lock (gate)
        {
            return Ask(seen => Diagnose.Asked(seen, of));
        }
    }

    /// <summary>Who is hurt; null where there is nothing of that name.</summary>
    public Impact? ImpactOf(string of)
    {
        Impact? found;
        lock (gate)
        {
            found = Ask(seen => Mainstay.Observe.Correlate.ImpactOf.Resolve(seen, of) is { } target ? Mainstay.Observe.Correlate.ImpactOf.Of(seen, target) : null);
        }

        const string Statement = "statement/";
        return found is not null && found.Target.StartsWith(Statement, StringComparison.Ordinal)
            ? found with { Paths = [.. services.Telemetry.Spans.Paths(PathSeconds, MostPaths, statement: found.Target[Statement.Length..]).Where(p => p.Statement == found.Target[Statement.Length..])] }
            : found;
    }

    /// <summary>What a figure usually is; null where nothing is known.</summary>
    public double? Usual(string subject, Figure figure)
    {
        lock (gate)
        {
            return figures.Has(subject, figure) && figures.Of(subject, figure) is { HasBaseline: true } known ? known.Before : null;
        }
    }

    /// <summary>What a figure usually is in the hour of a time: of the same day of the week, otherwise of the other days; null where nothing is known.</summary>
    public double? UsualAt(string subject, Figure figure, DateTimeOffset at)
    {
        lock (gate)
        {
            return figures.Long.InRhythm(subject, figure, UsualBook.HourOf(at));
        }
    }

    /// <summary>Adds its metrics.</summary>
    public void Write(MetricsText text)
    {
        lock (gate)
        {
            text.Counter("mainstay_correlate_steps_total", "How often everything was looked at.", Volatile.Read(ref steps));
            text.Gauge("mainstay_correlate_series", "Figures followed to tell what is usual.", figures.Count);
            text.Counter("mainstay_correlate_dropped_total", "Figures not followed because there were too many.", figures.Dropped);
        }
    }

    // What the last step did not know may have been declared or called since: then it is looked once more.
    T? Ask<T>(Func<Picture, T?> question)
        where T : class
    {
        var answer = picture is null ? null : question(picture);
        if (answer is null && (picture is null || services.Time.GetUtcNow() - picture.At > Again))
        {
            picture = Look(View());
            answer = question(picture);
        }

        return answer;
    }

    Seen View()
    {
        var now = services.Time.GetUtcNow();
        return new(
            now, map(), KeyFigures.Complete(services.Samples, probes.Standing(), now),
            services.Telemetry.Spans.Top(TopOf.Statements, TopBy.Heat, StatementSeconds, FigureRecorder.MostStatements, null), services.Telemetry.Spans.Kinds());
    }

    // Under the gate.
    Picture Look(Seen view)
    {
        var beside = new PictureBuilder.Beside(view.Kinds, ledger.Edges, view.Middleware, view.Statements, changes, recorder.Queues);
        return mirror.Read(seen => PictureBuilder.Build(seen, view.Map, figures, beside));
    }

    async Task StepAsync(CancellationToken stop)
    {
        var view = View();
        var now = view.At;
        var routes = services.Routes.Edges().Where(e => e.Key.From == TrafficBuilder.RouteEdge).ToDictionary(e => e.Key.To, e => e.Value, StringComparer.Ordinal);
        List<Found> found;
        IReadOnlyList<LongUsual>? usual = null;
        IReadOnlyList<SeenChange>? changed = null;
        lock (gate)
        {
            foreach (var edge in view.Map.Edges)
            {
                ledger.See(new(edge.From, edge.To), edge.RequestsPerSecond, now);
            }

            ledger.Forget(now);
            changed = noted.TakeInto(changes) ? [.. changes] : null;
            figures.Begin(now);
            recorder.Record(view.Map, routes, ledger.Edges, view.Middleware, view.Statements);
            picture = Look(view);
            found = [.. SymptomFinder.All(picture).Select(s => new Found(s, Diagnose.Of(picture, s)))];
            if (found.Count > 0)
            {
                figures.Distrust(found.Min(f => f.Symptom.Step));
            }

            usual = memory.IsDue(now) ? figures.ToKeep(now) : null;
            found.AddRange(Objectives.Felt(routes, picture));
        }

        if (usual is not null)
        {
            memory.Keep(usual, now);
        }

        if (changed is not null)
        {
            memory.Keep(changed);
        }

        // Expressions may read much: they hold up nobody who asks why.
        found.AddRange(Rules.Look(picture).Select(s => new Found(s, Rules.Why(s, picture))));
        await incidents.TakeAsync(found, now, stop);

        await JudgeMapAsync(view.Kinds, now, stop);
    }

    async Task JudgeMapAsync(IReadOnlyDictionary<string, Mainstay.Observe.Join.PeerKind> kinds, DateTimeOffset now, CancellationToken stop)
    {
        var traced = kinds.Where(k => k.Value == Mainstay.Observe.Join.PeerKind.Service).Select(k => k.Key).ToHashSet(StringComparer.Ordinal);
        var findings = mirror.Read(seen => MapFindings.Of(seen, ledger, traced, now, path => CycleProof.Find(services.Telemetry.Traces, path)?.ToString()));
        Map = new(findings, mirror.Read(seen => MapFindings.Inherited(seen.All<Service>(), seen.All<Route>(), ledger)));
        var fresh = findings.Where(f => told.Add(f.Key)).ToList();
        told.IntersectWith(findings.Select(f => f.Key));
        if (fresh.Count > 0)
        {
            var kind = services.Kinds.Of<Event>();
            await services.Store.CommitAsync(
                new([], [.. fresh.Take(100).Select(f => names.Make(now, $"service/{(f.Kind == MapFindingKind.CriticalOnLesser ? f.Path[^1] : f.Path[0])}", f.Kind.ToString(), $"{f.Message}: {f.Remedy}", Severity.Warning)).Select(e => new Operation(kind.KeyOf(e.Name), Codec.Encode(e)))]), stop);
        }
    }

    sealed record Seen(DateTimeOffset At, MapView Map, IReadOnlyList<MiddlewareFigures> Middleware, IReadOnlyList<TopRow> Statements, IReadOnlyDictionary<string, Mainstay.Observe.Join.PeerKind> Kinds);
}

/// <summary>What was found about the map.</summary>
/// <param name="Findings">In order of kinds and names.</param>
/// <param name="Levels">How much each declared service matters, for itself or through what cannot do without it.</param>
public sealed record MapJudgement(IReadOnlyList<MapFinding> Findings, IReadOnlyDictionary<string, Criticality> Levels);
