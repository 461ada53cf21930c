using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;

namespace Mainstay.Schedule.Decide;

/// <summary>
/// Decides how many instances a service is to have: what asks for most decides, within the bounds, by bounded steps, out when it has been asked for a little while and in when it has not been needed for a long
/// one. Knows nothing of its own: after a restart of who looks, what is in the store and a whole new window without need have to agree before an instance is taken away.
/// </summary>
public static class ScalingDecide
{
    // What held a wish back is told of until the wish has been gone so long.
    static readonly TimeSpan Lingers = TimeSpan.FromSeconds(15);

    public static ScalingOutcome Next(ScalingView view, DateTimeOffset now)
    {
        var service = view.Service;
        var current = service.Wanted();
        var figures = ScalingWishes.Of(view);
        if (service.Scale is { } byHand)
        {
            return new(current, current, ScalingReasons.ByHand, $"set to {byHand} by hand; 'mainstay scale {service.Name} auto' lets it scale by itself", figures);
        }

        var (least, most, window) = Bounds(service.Spec, now);
        figures = window is null ? figures : [.. figures, window];
        var wish = Wish(view, figures, current, least, now);
        var bounded = Math.Clamp(wish, least, most);
        var past = view.Past;
        if (current < least || current > most)
        {
            var to = Math.Clamp(current, least, most);
            return new(to, bounded, ScalingReasons.Bounds, $"{current} → {to}: between {least} and {most}{(window is null ? "" : " at this time")}", figures);
        }

        if (bounded > current)
        {
            return Out(view, figures, current, bounded, now);
        }

        if (bounded < current && In(view, figures, current, bounded, now) is { } less)
        {
            return less;
        }

        if (view.Known is { Reason: ScalingReasons.HeldByCause or ScalingReasons.HeldByFailure or ScalingReasons.AtMost } held && past.Between(now - Lingers) is var (_, wished) && wished > current)
        {
            return new(current, bounded, held.Reason, held.Message, figures);
        }

        return wish > most
            ? new(current, bounded, ScalingReasons.AtMost, $"{wish} would be needed, {most} may run: {Because(figures, wish)}", figures)
            : new(current, bounded, ScalingReasons.Steady, Fits(current), figures);
    }

    /// <summary>What is written of a look; null where there is nothing new to tell.</summary>
    public static Scaling? Record(ScalingView view, ScalingOutcome outcome, DateTimeOffset now)
    {
        var (known, from) = (view.Known, view.Service.Wanted());
        var changed = outcome.Wanted != from;
        if (known is not null && !changed && known.Reason == outcome.Reason && known.Wanted == outcome.Wanted)
        {
            return null;
        }

        // A change and what follows it at once are one: the number that fits now is no news.
        if (known is { Reason: ScalingReasons.Out or ScalingReasons.In or ScalingReasons.Bounds or ScalingReasons.ToZero or ScalingReasons.FromZero } && outcome.Reason == ScalingReasons.Steady && known.Wanted == outcome.Wanted)
        {
            return null;
        }

        var told = changed || outcome.Reason is ScalingReasons.HeldByCause or ScalingReasons.HeldByFailure or ScalingReasons.AtMost;
        ScalingDecision[] news = told ? [new(now, from, outcome.Wanted, outcome.Reason, outcome.Message, outcome.Figures)] : [];
        return new()
        {
            Name = view.Service.Name,
            Revision = known?.Revision ?? 0,
            Wanted = outcome.Wanted,
            Reason = outcome.Reason,
            Message = outcome.Message,
            Since = now,
            ChangedAt = changed ? now : known?.ChangedAt,
            Decisions = [.. news.Concat(known?.Decisions ?? []).Take(Scaling.MostDecisions)],
        };
    }

    static (int Least, int Most, ScalingFigure? Window) Bounds(ServiceSpec spec, DateTimeOffset now)
    {
        var (least, most) = (spec.Instances.Min, spec.Instances.Max);
        if (spec.Scale!.Schedule?.Where(w => w.Holds(now)).ToArray() is not { Length: > 0 } windows)
        {
            return (least, most, null);
        }

        // Several at a time: all of them are heeded, the least number before the highest.
        var from = Math.Clamp(windows.Max(w => w.Min) ?? least, least, most);
        var to = Math.Clamp(windows.Min(w => w.Max) ?? most, from, most);
        return (from, to, new("schedule", null, null, null, $"at this time between {from} and {to}"));
    }

    static int Wish(ScalingView view, IReadOnlyList<ScalingFigure> figures, int current, int least, DateTimeOffset now)
    {
        var figured = figures.Where(f => f.Name != "schedule").ToArray();
        var asks = figured.Max(f => f.Asks) ?? (figured.Length == 0 ? Math.Max(least, Math.Min(1, current)) : current);
        if (figured.Any(f => f.Asks is null))
        {
            // What is not known may be what needs them.
            asks = Math.Max(asks, current);
        }

        if (view.Service.Spec.Instances.Min > 0)
        {
            return Math.Max(1, asks);
        }

        if (view.Figures.IsAwaited)
        {
            return Math.Max(1, asks);
        }

        if (current == 0)
        {
            return asks;
        }

        var since = now - view.Service.Spec.Scale!.Idle;
        var waits = figured.Any(f => f.Name is "queue" or "query" && f.Asks is not 0);
        var isIdle = !waits && view.Past.Since <= since && !(view.Figures.LastRequest > since) && view.Figures.InFlight is null or 0 && !(view.Known?.ChangedAt > since);
        return isIdle ? 0 : Math.Max(1, asks);
    }

    static ScalingOutcome Out(ScalingView view, IReadOnlyList<ScalingFigure> figures, int current, int wish, DateTimeOffset now)
    {
        var (service, spec) = (view.Service, view.Service.Spec.Scale!);
        var because = Because(figures, wish);
        if (current == 0)
        {
            return new(wish, wish, ScalingReasons.FromZero, $"0 → {wish}: {(view.Figures.IsAwaited ? "a request waits for it" : because)}", figures);
        }

        var from = now - spec.Stabilisation.Out;
        var lasting = view.Past.Since > from ? current : Math.Min(wish, view.Past.Between(from)?.Least ?? wish);
        if (lasting <= current || view.Known?.ChangedAt + spec.Stabilisation.Out > now)
        {
            return new(current, wish, view.Known?.Reason ?? ScalingReasons.Steady, view.Known?.Message ?? Fits(current), figures);
        }

        if (service.Status.Reason is Reasons.CrashLoop or Reasons.BuildFailed or Reasons.WaitingForHost)
        {
            return new(current, wish, ScalingReasons.HeldByFailure, $"{wish} would be asked for ({because}), but new instances do not start: {service.Status.Reason}", figures);
        }

        if (view.Downstream is { } cause)
        {
            return new(current, wish, ScalingReasons.HeldByCause, $"{wish} would be asked for ({because}), but the cause lies downstream: {cause}. More instances would only ask it more", figures);
        }

        var to = Math.Min(lasting, current + (spec.Steps.Out ?? Math.Max(4, current)));
        return new(to, wish, ScalingReasons.Out, $"{current} → {to}: {because}", figures);
    }

    // Null where it has to wait.
    static ScalingOutcome? In(ScalingView view, IReadOnlyList<ScalingFigure> figures, int current, int wish, DateTimeOffset now)
    {
        var spec = view.Service.Spec.Scale!;
        if (wish == 0)
        {
            return new(0, 0, ScalingReasons.ToZero, $"{current} → 0: no request for {Durations.Format(spec.Idle)}; the first one starts it", figures);
        }

        var from = now - spec.Stabilisation.In;
        if (view.Past.Since > from || view.Known?.ChangedAt + spec.Cooldown > now || view.Service.Status.Incoming is not null)
        {
            return null;
        }

        var lasting = Math.Max(wish, view.Past.Between(from)?.Most ?? wish);
        if (lasting >= current)
        {
            return null;
        }

        var to = Math.Max(lasting, current - (spec.Steps.In ?? Math.Max(1, current / 2)));
        return new(to, wish, ScalingReasons.In, $"{current} → {to}: for {Durations.Format(spec.Stabilisation.In)} no more than {lasting} were needed", figures);
    }

    static string Because(IReadOnlyList<ScalingFigure> figures, int wish) =>
        figures.Where(f => f.Asks >= wish).MaxBy(f => f.Asks)?.Text ?? figures.MaxBy(f => f.Asks ?? 0)?.Text ?? "";

    static string Fits(int count) => count == 1 ? "1 instance fits" : $"{count} instances fit";
}
