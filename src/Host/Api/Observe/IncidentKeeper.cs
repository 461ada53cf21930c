using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>Keeps the incidents in the store equal to what is felt, and tells of each as an event.</summary>
public sealed class IncidentKeeper(ServerServices services, Mirror mirror, EventNames names)
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
            var advised = incident.State == IncidentState.Resolved ? incident : incident with { Actions = Advised(incident) };
            await CommitAsync(before, advised, Told(before, advised, now), stop);
        }

        var over = known.Where(i => i.State == IncidentState.Resolved).OrderByDescending(i => i.Opened).Skip(Incident.Kept).Take(100).ToList();
        if (over.Count > 0)
        {
            await services.Store.CommitAsync(new([], [.. over.Select(i => new Operation(KeyOf(i), null))]), stop);
        }
    }

    // What was done stays; what is only suggested follows the cause.
    IReadOnlyList<IncidentAction> Advised(Incident incident)
    {
        var done = incident.Actions.Where(a => a.State != ActionState.Suggested).ToList();
        return [.. done, .. mirror.Read(seen => Advice.For(incident, seen)).Where(a => !done.Exists(d => d.Do == a.Do && d.About == a.About))];
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
