using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>Keeps the incidents in the store equal to what is felt, and tells of each as an event.</summary>
public sealed class IncidentKeeper(ServerServices services, Mirror mirror, ActionRunner runner, EventNames names)
{
    readonly IncidentDesk desk = new();

    /// <summary>Takes in what is felt now.</summary>
    public async Task TakeAsync(IReadOnlyList<Found> found, DateTimeOffset now, CancellationToken stop)
    {
        var known = mirror.Read(seen => seen.All<Incident>().ToList());
        var changed = desk.Next(known, found, now);
        foreach (var incident in changed)
        {
            var before = known.Find(i => i.Name == incident.Name);
            var advised = incident.State == IncidentState.Resolved ? incident : incident with { Actions = mirror.Read(seen => ActionDecide.Advised(incident, seen)) };
            await CommitAsync(before, advised, Told(before, advised, now), stop);
        }

        await ActAsync(now, stop);
        var over = known.Where(i => i.State == IncidentState.Resolved).OrderByDescending(i => i.Opened).Skip(Incident.Kept).Take(100).ToList();
        if (over.Count > 0)
        {
            await services.Store.CommitAsync(new([], [.. over.Select(i => new Operation(KeyOf(i), null))]), stop);
        }
    }

    // Verdicts first: an action that has not helped makes room for the next.
    async Task ActAsync(DateTimeOffset now, CancellationToken stop)
    {
        foreach (var incident in mirror.Read(seen => seen.All<Incident>().Where(i => i.Actions.Count > 0 && (i.State != IncidentState.Resolved || i.Actions.Any(a => a.State == ActionState.Done))).ToList()))
        {
            var judged = mirror.Read(seen => ActionDecide.Judged(incident, seen, now));
            if (!ReferenceEquals(judged, incident))
            {
                await CommitAsync(incident, judged, names.Make(now, $"incident/{incident.Name}", "ActionJudged", judged.Actions.First(a => a.Verdict.Length > 0 && a.State is ActionState.Helped or ActionState.DidNotHelp).Verdict), stop);
                await runner.UndoAsync(judged, stop);
            }
            else if (mirror.Read(seen => ActionDecide.Next(incident, seen, now)) is { } next)
            {
                var done = await runner.DoAsync(incident, next, "mainstay", now, stop);
                await CommitAsync(
                    incident, incident with { Actions = [.. incident.Actions.Select(a => a.Id == next.Id ? done : a)] },
                    names.Make(now, $"incident/{incident.Name}", done.State == ActionState.Done ? "ActionDone" : "ActionFailed", $"{done.Text}{(done.Verdict.Length > 0 ? $": {done.Verdict}" : "")}", Severity.Warning), stop);
            }
        }
    }

    Event? Told(Incident? before, Incident after, DateTimeOffset now) =>
        before is null ? names.Make(now, $"incident/{after.Name}", "IncidentOpened", after.Title, Severity.Error)
        : before.State == IncidentState.Resolved && after.State == IncidentState.Open ? names.Make(now, $"incident/{after.Name}", "IncidentReopened", after.Title, Severity.Error)
        : before.State != IncidentState.Resolved && after.State == IncidentState.Resolved ? names.Make(now, $"incident/{after.Name}", "IncidentResolved", $"over: {after.Title}")
        : before.Key() != after.Key() ? names.Make(now, $"incident/{after.Name}", "IncidentCauseChanged", after.Title, Severity.Warning)
        : null;

    // Somebody may have acknowledged it meanwhile: then the next step sees that.
    async Task CommitAsync(Incident? before, Incident after, Event? told, CancellationToken stop)
    {
        List<Operation> operations = [new(KeyOf(after), Codec.Encode(after))];
        if (told is not null)
        {
            operations.Add(new(services.Kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told)));
        }

        var result = await services.Store.CommitAsync(new([new(KeyOf(after), before?.Revision ?? 0)], operations), stop);
        await mirror.ReachAsync(result.Revision, stop);
    }

    string KeyOf(Incident incident) => services.Kinds.Of<Incident>().KeyOf(incident.Name);
}
