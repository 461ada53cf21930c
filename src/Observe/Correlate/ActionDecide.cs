using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;

namespace Mainstay.Observe.Correlate;

/// <summary>
/// Decides which suggested action is carried out without asking, and what came of those that were. Guards: the service's mode is act, the cause is likely, the incident is not just
/// beginning, one action at a time for each incident, and so many an hour for each service. Pure.
/// </summary>
public static class ActionDecide
{
    /// <summary>A cause less likely than this is not acted on.</summary>
    public const double LeastConfidence = 0.6;

    /// <summary>What an action does is judged after this long, counted from when the instances that it moves have come and gone; an intervention that has not helped is then ended.</summary>
    public static readonly TimeSpan VerdictAfter = TimeSpan.FromSeconds(90);

    /// <summary>How long an intervention lasts that nobody ends.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromMinutes(10);

    /// <summary>Instances that have not come or gone after this long are no longer waited for.</summary>
    public static readonly TimeSpan MostUnderWay = TimeSpan.FromMinutes(10);

    static readonly TimeSpan Beginning = TimeSpan.FromSeconds(10);

    /// <summary>Whether an action is one that can be carried out.</summary>
    public static bool CanBeDone(IncidentAction action) => action.Do is "scale" or "restart" or "replace" or "eject" or "rollback" or "admit" or "degrade" && action.Argument is not null;

    /// <summary>What was done about an incident, and after it what is suggested by its cause: also again what helped before the trouble came back, never what did not help.</summary>
    public static IReadOnlyList<IncidentAction> Advised(Incident incident, Snapshot seen)
    {
        var past = incident.Actions.Where(a => a.State != ActionState.Suggested).ToList();
        var advised = Advice.For(incident, seen).Where(a => !past.Exists(p => p.State != ActionState.Helped && p.Do == a.Do && p.About == a.About && p.Argument == a.Argument)).ToList();
        return [.. past, .. advised.Index().Select(a => a.Item with { Id = $"a{past.Count + a.Index + 1}" })];
    }

    /// <summary>The action to carry out now; null for none.</summary>
    public static IncidentAction? Next(Incident incident, Snapshot seen, DateTimeOffset now)
    {
        if (incident is not { State: not IncidentState.Resolved, Causes: [{ Confidence: >= LeastConfidence }, ..] } || now - incident.Opened < Beginning || incident.Actions.Any(a => a.State == ActionState.Done))
        {
            return null;
        }

        return incident.Actions.FirstOrDefault(a => a.State == ActionState.Suggested && CanBeDone(a) && IsAllowed(a, seen, now));
    }

    /// <summary>The incident with verdicts over what was done; the same where there is nothing to say yet.</summary>
    public static Incident Judged(Incident incident, Snapshot seen, DateTimeOffset now)
    {
        if (!incident.Actions.Any(a => IsRipe(incident, a, seen, now)))
        {
            return incident;
        }

        return incident with
        {
            Actions = [.. incident.Actions.Select(a => !IsRipe(incident, a, seen, now) ? a : incident.State == IncidentState.Resolved
                ? a with { State = ActionState.Helped, Verdict = $"nothing was felt any more {Seconds((incident.Ended ?? now) - a.At!.Value)} after it" }
                : a with { State = ActionState.DidNotHelp, Verdict = $"the trouble went on {Seconds(now - a.At!.Value)} after it{(a.Intervention is null ? "" : "; it was ended")}" })],
        };
    }

    /// <summary>The mode of whatever an action is about.</summary>
    public static InterventionsSpec ModeOf(IncidentAction action, Snapshot seen) => ServiceOf(action, seen)?.Spec.Interventions ?? new();

    static bool IsAllowed(IncidentAction action, Snapshot seen, DateTimeOffset now)
    {
        var mode = ModeOf(action, seen);
        var service = ServiceOf(action, seen)?.Name;
        var done = seen.All<Incident>().SelectMany(i => i.Actions).Count(a => a.At > now - TimeSpan.FromHours(1) && ServiceOf(a, seen)?.Name == service);
        return mode.Mode == InterventionMode.Act && done < mode.PerHour;
    }

    static Service? ServiceOf(IncidentAction action, Snapshot seen) => action.About.Split('/', 2) switch
    {
        ["service", var name] => seen.Get<Service>(name),
        ["route", var name] => seen.Get<Route>(name)?.Spec.Services.Select(seen.Get<Service>).FirstOrDefault(),
        _ => null,
    };

    static bool IsRipe(Incident incident, IncidentAction action, Snapshot seen, DateTimeOffset now) =>
        action is { State: ActionState.Done, At: { } at }
        && (incident.State == IncidentState.Resolved || now - at >= MostUnderWay || (!IsUnderWay(action, seen) && now - Settled(action, at, seen) >= VerdictAfter));

    // Instances take their time to come and go; what they do is not judged before.
    static bool IsUnderWay(IncidentAction action, Snapshot seen) =>
        IsMove(action) && ((action.Do == "replace" && seen.Get<Instance>(action.Argument ?? "") is not null)
            || (ServiceOf(action, seen) is { Removed: false, Status: var status } && (status.State != Lifecycle.Run || status.Ready < status.Wanted)));

    static DateTimeOffset Settled(IncidentAction action, DateTimeOffset at, Snapshot seen) =>
        IsMove(action) && ServiceOf(action, seen) is { } service
            ? seen.Group<Instance>(service.Name).Select(i => i.Status.ReadyAt ?? at).Append(service.Status.Since).Append(at).Max()
            : at;

    static bool IsMove(IncidentAction action) => action.Do is "scale" or "restart" or "replace" or "rollback";

    static string Seconds(TimeSpan span) => $"{(int)Math.Max(0, span.TotalSeconds)} s";
}
