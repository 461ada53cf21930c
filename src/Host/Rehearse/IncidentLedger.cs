using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Reconcile;
using Mainstay.Host.Api.Observe;

namespace Mainstay.Host.Rehearse;

/// <summary>Follows the incidents that open in a rehearsal: as lines for people, and as a whole.</summary>
/// <param name="seen">Everything, as it is when a change is told.</param>
/// <param name="began">When the rehearsal began.</param>
sealed class IncidentLedger(Snapshot seen, DateTimeOffset began)
{
    /// <summary>Takes in a change of an incident; gives its lines.</summary>
    /// <param name="at">Seconds from the beginning.</param>
    /// <param name="before">Null where it is new.</param>
    /// <param name="after">As it is now.</param>
    public IEnumerable<(RehearsalStep Kind, string Text, Severity Severity)> Take(double at, Incident? before, Incident after)
    {
        if (before is null || (before.State == IncidentState.Resolved && after.State == IncidentState.Open))
        {
            var told = Told(after) is { Count: > 0 } names ? $"; told: {string.Join(", ", names)}" : "";
            yield return (RehearsalStep.Incident, $"{Noun(after)} {(before is null ? "opens" : "comes back")}, {after.Criticality.ToString().ToLowerInvariant()}: {after.Title}{told}", Severity.Error);
        }
        else if (before.State != IncidentState.Resolved && after.State == IncidentState.Resolved)
        {
            yield return (RehearsalStep.Incident, $"{Noun(after)} is over: {after.Title}", Severity.Info);
        }
        else if (before.Key() != after.Key())
        {
            yield return (RehearsalStep.Incident, $"{Noun(after)} has another cause: {after.Title}", Severity.Warning);
        }

        foreach (var action in after.Actions)
        {
            var old = before?.Actions.FirstOrDefault(a => a.Do == action.Do && a.About == action.About && a.Argument == action.Argument && a.Text == action.Text);
            if (old?.State != action.State)
            {
                yield return (RehearsalStep.Action, $"{Word(action.State)}: {action.Text}{(action.State == ActionState.Suggested && action.How.Length > 0 ? $" ({action.How})" : "")}{(action.Verdict.Length > 0 ? $": {action.Verdict}" : "")}",
                    action.State is ActionState.Failed or ActionState.DidNotHelp ? Severity.Error : Severity.Warning);
            }
        }
    }

    /// <summary>Those that opened since the rehearsal began, the first first.</summary>
    public IReadOnlyList<RehearsedIncident> All() =>
    [
        .. seen.All<Incident>().Where(i => i.Opened >= began).OrderBy(i => i.Opened).ThenBy(i => i.Name, StringComparer.Ordinal).Select(i => new RehearsedIncident(
            Seconds(i.Opened), i.Ended is { } end ? Seconds(end) : null, i.Title, i.Criticality, i.Causes is [{ Kind: not "unknown" }, ..] ? i.Key() : "", i.Causes is [var first, ..] ? Math.Round(first.Confidence, 2) : 0,
            i.Causes is [var cause, ..] ? cause.Evidence : [], Told(i), [.. i.Actions.Select(a => new RehearsedAction(a.State, a.At is { } at ? Seconds(at) : null, a.Text, a.How, a.Verdict))])),
    ];

    List<string> Told(Incident incident) =>
        [.. seen.All<Receiver>().Where(r => NotifyLoop.IsFor(incident, r)).Select(r => r.Name).Order(StringComparer.Ordinal)];

    // Its name is made of the time of day, which says nothing in virtual time.
    string Noun(Incident incident) => incident.Opened >= began ? "an incident" : $"incident {incident.Name}";

    static string Word(ActionState state) => state switch
    {
        ActionState.Suggested => "suggested",
        ActionState.Done => "done by itself",
        ActionState.Helped => "helped",
        ActionState.DidNotHelp => "did not help",
        _ => "could not be done",
    };

    double Seconds(DateTimeOffset at) => Math.Round((at - began).TotalSeconds, 2);
}
