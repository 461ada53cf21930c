using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>What people say of incidents: that they are at one, that one is over, that nobody is to be told. Each is an event.</summary>
public sealed class IncidentEndpoints(IStore store, KindRegistry kinds, Mirror mirror, ActionRunner runner, TimeProvider time, EventNames names)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/incidents/{name}/ack", "Says that somebody is at it.", c => ChangeAsync(c, "IncidentAcknowledged", (i, who, _, _) => i with { State = IncidentState.Acknowledged, AcknowledgedBy = who })) { Answer = typeof(Incident) },
        new("POST", "/api/v1/incidents/{name}/resolve", "Says that it is over; the same is then not told of for ten minutes.", c => ChangeAsync(c, "IncidentResolved", (i, who, now, _) => i with { State = IncidentState.Resolved, ResolvedBy = who, Ended = now }))
        {
            Answer = typeof(Incident),
        },
        new("POST", "/api/v1/incidents/{name}/silence", "Tells nobody of it for a while.", c => ChangeAsync(c, "IncidentSilenced", (i, _, now, span) => i with { SilentUntil = now + span }))
        {
            Query = [("for", "How long: 1m to 30d. Default 1h.")],
            Answer = typeof(Incident),
        },
        new("POST", "/api/v1/incidents/{name}/actions/{id}", "Carries out what is suggested.", DoAsync) { Answer = typeof(Incident) },
    ];

    async Task<Answer?> DoAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        var (name, id) = (call.Path("name"), call.Path("id"));
        if (mirror.Read(seen => seen.Get<Incident>(name)) is not { } incident || incident.Actions.FirstOrDefault(a => a.Id == id) is not { } action)
        {
            return ProblemAnswer.NotFound($"there is no action '{id}' of an incident '{name}'", $"see 'mainstay incident show {name}'");
        }

        if (action.State != ActionState.Suggested || !ActionDecide.CanBeDone(action))
        {
            return ProblemAnswer.Conflict(action.State == ActionState.Suggested ? "no command of Mainstay's does this" : "it was done already", "read what it says");
        }

        var who = Identity.Of(call.Request).Who;
        var now = time.GetUtcNow();
        var done = await runner.DoAsync(incident, action, who, now, call.Stop);
        if (done.State == ActionState.Failed)
        {
            return ProblemAnswer.Conflict($"it could not be done: {done.Verdict}", $"do it by hand: {action.How}");
        }

        var kind = kinds.Of<Incident>();
        while (await store.GetAsync(kind.KeyOf(name), call.Stop) is { } entry)
        {
            var before = (Incident)kind.Decode(entry);
            var after = before with { Actions = [done, .. before.Actions.Where(a => a.Id != id)] };
            var told = names.Make(now, $"incident/{name}", "ActionDone", $"{who}: {done.Text}");
            var result = await store.CommitAsync(new([new(entry.Key, entry.ModRevision)], [new(entry.Key, Codec.Encode(after)), new(kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told))]), call.Stop);
            await mirror.ReachAsync(result.Revision, call.Stop);
            if (result.Succeeded)
            {
                return Answer.Json(after);
            }
        }

        return ProblemAnswer.NotFound($"there is no incident '{name}' any more", "see 'mainstay incident list'");
    }

    async Task<Answer?> ChangeAsync(Call call, string reason, Func<Incident, string, DateTimeOffset, TimeSpan, Incident> change)
    {
        var span = TimeSpan.FromHours(1);
        if (reason == "IncidentSilenced" && call.Query("for") is { } text && (!Durations.TryParse(text, out span) || span < TimeSpan.FromMinutes(1) || span > TimeSpan.FromDays(30)))
        {
            return ProblemAnswer.BadRequest($"'{text}' is not a duration from 1m to 30d", "write for example 30m, 4h or 2d", []);
        }

        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        var name = call.Path("name");
        var who = Identity.Of(call.Request).Who;
        var kind = kinds.Of<Incident>();
        for (var attempt = 0; attempt < 5; attempt++)
        {
            if (await store.GetAsync(kind.KeyOf(name), call.Stop) is not { } entry)
            {
                return ProblemAnswer.NotFound($"there is no incident '{name}'", "see 'mainstay incident list'");
            }

            var before = (Incident)kind.Decode(entry);
            if (before.State == IncidentState.Resolved)
            {
                return ProblemAnswer.Conflict($"'{name}' is over already", "nothing is left to do");
            }

            var now = time.GetUtcNow();
            var after = change(before, who, now, span);
            var told = names.Make(now, $"incident/{name}", reason, $"{who}: {after.Title}", Severity.Info);
            var result = await store.CommitAsync(
                new([new(entry.Key, entry.ModRevision)], [new(entry.Key, Codec.Encode(after)), new(kinds.Of<Event>().KeyOf(told.Name), Codec.Encode(told))]), call.Stop);
            if (result.Succeeded)
            {
                return Answer.Json(after);
            }
        }

        return ProblemAnswer.Conflict($"'{name}' changes all the time", "try again");
    }
}
