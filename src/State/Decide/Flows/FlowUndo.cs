using Mainstay.Core.Kinds.State;

namespace Mainstay.State.Decide.Flows;

/// <summary>A flow within a flow, as far as it decides in which order things are taken back.</summary>
/// <param name="Path">The step that it is.</param>
/// <param name="Undo">The order that it declares; null for the reverse of the order in which steps were done.</param>
/// <param name="Around">The flow within which it is; null for the run's own.</param>
sealed record FlowLevel(string Path, IReadOnlyList<string>? Undo, FlowLevel? Around);

/// <summary>A step that was done and can be taken back.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Step">As declared.</param>
/// <param name="Scope">What its compensation sees.</param>
/// <param name="Order">Its place among what was done.</param>
/// <param name="Level">The flow that it is a step of; null for the run's own.</param>
sealed record FlowUndo(string Path, FlowStep Step, FlowScope Scope, int Order, FlowLevel? Level)
{
    /// <summary>
    /// What is taken back first, first. What was done last, unless an order is declared. A flow within that declares one of its own is taken back as a whole, in its place by the last of its steps; the steps of any other are
    /// taken back among those around them.
    /// </summary>
    public static IReadOnlyList<FlowUndo> InOrder(FlowLevel? level, IReadOnlyList<string>? order, IReadOnlyList<FlowUndo> all, IReadOnlyList<FlowLevel> levels)
    {
        var here = all.Where(u => IsWithin(u.Level, level)).ToList();
        var whole = levels.Where(l => l.Undo is not null && IsWithin(l, level) && l != level && OutermostOrdered(l.Around, level) is null).ToList();
        var units = here.Where(u => OutermostOrdered(u.Level, level) is null).Select(u => (u.Order, Name: u.Level == level ? u.Step.Name : null, Steps: (IReadOnlyList<FlowUndo>)[u])).ToList();
        foreach (var part in whole)
        {
            var steps = InOrder(part, part.Undo, here, levels);
            if (steps.Count > 0)
            {
                units.Add((steps.Max(s => s.Order), null, steps));
            }
        }

        var place = (order ?? []).Select((name, i) => (name, i)).ToDictionary(o => o.name, o => o.i, StringComparer.Ordinal);
        return [.. units.OrderBy(u => u.Name is { } name ? place.GetValueOrDefault(name, int.MaxValue) : int.MaxValue).ThenByDescending(u => u.Order).SelectMany(u => u.Steps)];
    }

    static bool IsWithin(FlowLevel? one, FlowLevel? around)
    {
        for (var at = one; ; at = at.Around)
        {
            if (at == around)
            {
                return true;
            }

            if (at is null)
            {
                return false;
            }
        }
    }

    // The outermost flow with an order of its own, from a step's own flow up to, and without, the one that is looked at.
    static FlowLevel? OutermostOrdered(FlowLevel? from, FlowLevel? until)
    {
        FlowLevel? found = null;
        for (var at = from; at is not null && at != until; at = at.Around)
        {
            found = at.Undo is null ? found : at;
        }

        return found;
    }
}
