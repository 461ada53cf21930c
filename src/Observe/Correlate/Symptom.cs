using Mainstay.Core.Kinds;

namespace Mainstay.Observe.Correlate;

/// <summary>How something shows that it is not well.</summary>
public enum SymptomKind
{
    Errors,
    Latency,
    Backlog,
    Down,

    /// <summary>One instance is slower than its peers.</summary>
    Outlier,

    /// <summary>A rule of the users' own holds.</summary>
    Rule,
}

/// <summary>Something that users or callers feel.</summary>
/// <param name="Subject"><c>route/NAME</c>, <c>service/NAME</c> or <c>queue/NAME</c>.</param>
/// <param name="Text">In words.</param>
/// <param name="Since">When it began.</param>
/// <param name="Step">The step in which it began.</param>
/// <param name="Now">The figure that shows it.</param>
public sealed record Symptom(string Subject, SymptomKind Kind, Criticality Criticality, string Text, DateTimeOffset Since, long Step, Deviation Now);

/// <summary>Finds what is not well, without any configuration: by how far rate, errors and durations are from what is usual. Pure.</summary>
public static class SymptomFinder
{
    /// <summary>All symptoms: routes first, then services, then queues, each by name; of one subject the errors before the latency.</summary>
    public static IReadOnlyList<Symptom> All(Picture seen) =>
    [
        .. seen.Routes.Select(r => OfRoute(seen, r.Name)).OfType<Symptom>(),
        .. seen.Nodes.Values.OrderBy(n => n.Id, StringComparer.Ordinal).Select(n => OfNode(seen, n)).OfType<Symptom>(),
    ];

    /// <summary>The symptom of a route; null where it is well.</summary>
    public static Symptom? OfRoute(Picture seen, string name)
    {
        var route = seen.Routes.FirstOrDefault(r => r.Name == name);
        return Of(seen, Subjects.Route(name), $"route {name}", route?.Criticality ?? Criticality.Medium);
    }

    /// <summary>The symptom of a service or queue; null where it is well, and for what is only ever a cause.</summary>
    public static Symptom? OfNode(Picture seen, SeenNode node) => node.Kind switch
    {
        SeenKind.Service => Down(seen, node) ?? Of(seen, Subjects.Service(node.Id), node.Id, node.Criticality) ?? Slower(seen, node),
        SeenKind.Queue => Backlog(seen, node),
        _ => null,
    };

    /// <summary>The symptom of a database, cache, queue or third party, as whoever calls it feels it; null where it is well. It is only ever a cause: of <see cref="All"/> it is no part.</summary>
    public static Symptom? OfCallee(Picture seen, SeenNode node)
    {
        var found = node.Kind == SeenKind.Service ? null : Down(seen, node) ?? Silent(seen, node) ?? seen.To(node.Id)
            .Select(e => Of(seen, Subjects.Edge(e.From, e.To), $"{e.From} → {e.To}", node.Criticality))
            .OfType<Symptom>().OrderBy(s => s.Kind).ThenByDescending(s => s.Now.Added).FirstOrDefault();
        return found is null ? null : found with { Subject = Diagnose.SubjectOf(node) };
    }

    static Symptom? Of(Picture seen, string subject, string title, Criticality criticality)
    {
        var rate = seen.Of(subject, Figure.Rate);
        if (!rate.IsKnown || rate.Now < Thresholds.LeastRate)
        {
            return null;
        }

        var errors = seen.Of(subject, Figure.ErrorRatio);
        if (errors.HasBaseline && errors.Now * rate.Now >= Thresholds.ErrorsPerSecond
            && Lasting(seen, subject, errors, Math.Max(Thresholds.ErrorRatio, Thresholds.Deviates * errors.Spread)) is { } failing)
        {
            return Make(SymptomKind.Errors, errors, failing, $"{title} fails for {Evidence.Shown(errors.Now, Figure.ErrorRatio)} of its requests, usually {Evidence.Shown(errors.Before, Figure.ErrorRatio)}");
        }

        var mean = seen.Of(subject, Figure.MeanMs);
        if (mean.HasBaseline
            && Lasting(seen, subject, mean, Math.Max(Math.Max(Thresholds.SlowMs, mean.Before * (Thresholds.SlowRatio - 1)), Thresholds.Deviates * mean.Spread)) is { } slow)
        {
            return Make(SymptomKind.Latency, mean, slow, $"{title} takes {Evidence.Shown(mean.Now, Figure.MeanMs)} on average, usually {Evidence.Shown(mean.Before, Figure.MeanMs)}");
        }

        var tail = seen.Of(subject, Figure.P99Ms);
        return tail.HasBaseline && rate.Now * 10 >= Thresholds.LeastForTail
            && Lasting(seen, subject, tail, Math.Max(Math.Max(Thresholds.SlowTailMs, tail.Before * (Thresholds.SlowTailRatio - 1)), Thresholds.Deviates * tail.Spread)) is { } late
            ? Make(SymptomKind.Latency, tail, late, $"the slowest of 100 requests to {title} takes {Evidence.Shown(tail.Now, Figure.P99Ms)}, usually {Evidence.Shown(tail.Before, Figure.P99Ms)}")
            : null;

        Symptom Make(SymptomKind kind, Deviation now, long step, string text) => new(subject, kind, criticality, text, FigureHistory.TimeOf(step - 1), step, now);
    }

    static Symptom? Down(Picture seen, SeenNode node)
    {
        var subject = Subjects.Service(node.Id);
        var up = seen.Of(subject, Figure.Up);
        if (node.Wanted == 0 || node.Ready > 0 || !up.HasBaseline || up.Before < 0.5)
        {
            return null;
        }

        var step = FirstBelow(seen, subject, 0.5);
        return seen.Figures.Step - step + 1 >= Thresholds.SymptomSteps
            ? new(subject, SymptomKind.Down, node.Criticality, $"{node.Id} has no instance that is ready, of {node.Wanted} wanted", FigureHistory.TimeOf(step - 1), step, up)
            : null;
    }

    static Symptom? Silent(Picture seen, SeenNode node)
    {
        if (node.Probe is not { } probe || seen.Of(Subjects.Probe(probe), Figure.Up) is var up && !StoreSuspects.IsSilent(up))
        {
            return null;
        }

        var step = FirstBelow(seen, Subjects.Probe(probe), StoreSuspects.Silent);
        return new(Diagnose.SubjectOf(node), SymptomKind.Down, node.Criticality, $"{probe} does not answer its probe", FigureHistory.TimeOf(step - 1), step, up);
    }

    // Being up is a value that falls: the first of the run of steps that are below.
    static long FirstBelow(Picture seen, string subject, double least)
    {
        var step = seen.Figures.Step;
        while (seen.Figures.At(subject, Figure.Up, step - 1) is { } before && before < least)
        {
            step--;
        }

        return step;
    }

    static Symptom? Slower(Picture seen, SeenNode node) => Outliers.Of(seen, node) is not { } outlier ? null : new(
        Subjects.Service(node.Id), SymptomKind.Outlier, node.Criticality,
        $"{outlier.Instance.Name} takes {Evidence.Shown(outlier.Mean.Now, Figure.MeanMs)} on average, its peers {Evidence.Shown(outlier.PeersMs, Figure.MeanMs)}",
        FigureHistory.TimeOf(outlier.First - 1), outlier.First, outlier.Mean);

    static Symptom? Backlog(Picture seen, SeenNode queue)
    {
        var subject = Subjects.Service(queue.Id);
        var backlog = seen.Of(subject, Figure.Backlog);
        var step = seen.Figures.Step;
        return backlog.HasBaseline && backlog.Now >= Thresholds.Backlog
            && Lasting(seen, subject, backlog, Math.Max(Math.Max(Thresholds.Backlog / 2, backlog.Before * (Thresholds.BacklogRatio - 1)), Thresholds.Deviates * backlog.Spread)) is { } first
            && seen.Figures.At(subject, Figure.Backlog, step) >= 0.9 * seen.Figures.At(subject, Figure.Backlog, step - 1)
            ? new($"queue/{queue.Id}", SymptomKind.Backlog, queue.Criticality, $"{Evidence.Shown(backlog.Now, Figure.Backlog)} messages wait in {queue.Id}, usually {Evidence.Shown(backlog.Before, Figure.Backlog)}", FigureHistory.TimeOf(first - 1), first, backlog)
            : null;
    }

    // The step in which a run began that goes on and is long enough.
    static long? Lasting(Picture seen, string subject, Deviation figure, double added) =>
        figure.Added > added ? seen.Figures.Since(subject, figure.Figure, figure.Before + added) : null;
}
