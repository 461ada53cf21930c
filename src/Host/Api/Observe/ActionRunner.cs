using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Store;
using Mainstay.Deliver;
using Mainstay.Deliver.Decide;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Api.Changes;
using Mainstay.Host.Api.Traffic;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Observe;

/// <summary>Carries out what is suggested, by the same ways that people have: a scale, a restart, one instance replaced, a change undone, or an intervention with an end. Each is in the audit and an event.</summary>
public sealed class ActionRunner(ServerServices services, Mirror mirror, Applier applier, InstanceReplacer replacer, EventNames names)
{
    long serial;

    /// <summary>Carries one out; gives the action as it is then.</summary>
    /// <param name="who">Who wants it.</param>
    public async Task<IncidentAction> DoAsync(Incident incident, IncidentAction action, string who, DateTimeOffset now, CancellationToken stop)
    {
        var name = action.About[(action.About.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var author = new Author(who, "incident", $"{incident.Name}: {action.Text}");
        var why = action.Do switch
        {
            "scale" => Refusal(await applier.ScaleAsync(name, int.Parse(action.Argument!, CultureInfo.InvariantCulture), author, stop)),
            "restart" => Refusal(await applier.RestartAsync(name, author, stop)),
            "rollback" => Refusal(await applier.UndoAsync(name, author, stop)),
            "replace" => (await replacer.ReplaceAsync(action.Argument!, author, stop)).Why?.What,
            "admit" or "degrade" or "eject" => await InterveneAsync(incident, action, who, now, stop),
            _ => "no command does it",
        };
        return action with
        {
            State = why is null ? ActionState.Done : ActionState.Failed, At = now, Verdict = why ?? "",
            Intervention = why is null && action.Do is "admit" or "degrade" or "eject" ? NameOf(incident, action) : null,
        };
    }

    /// <summary>Ends the interventions of actions that have not helped.</summary>
    public async Task UndoAsync(Incident incident, CancellationToken stop)
    {
        foreach (var action in incident.Actions.Where(a => a is { State: ActionState.DidNotHelp, Intervention: not null }))
        {
            var key = services.Kinds.Of<Intervention>().KeyOf(action.Intervention!);
            if (await services.Store.GetAsync(key, stop) is { } entry)
            {
                var note = names.Make(services.Time.GetUtcNow(), action.About, "InterventionEnded", $"{action.Intervention} was ended: it did not help");
                await services.Store.CommitAsync(new([new(key, entry.ModRevision)], [new(key, null), Put(note)]), stop);
            }
        }
    }

    async Task<string?> InterveneAsync(Incident incident, IncidentAction action, string who, DateTimeOffset now, CancellationToken stop)
    {
        var one = new Intervention
        {
            Name = NameOf(incident, action), About = action.About, Reason = Cut($"incident {incident.Name}: {incident.Title}"), By = who, At = now, Until = now + ActionDecide.Lasts,
            Admit = action.Do == "admit" ? int.Parse(action.Argument!, CultureInfo.InvariantCulture) : null,
            Degrade = action.Do == "degrade" ? action.Argument : null,
            Eject = action.Do == "eject" ? action.Argument : null,
        };
        if (mirror.Read(seen => InterventionRules.Problems(one, seen).FirstOrDefault()) is { } problem)
        {
            return $"{problem.What}: {problem.Remedy}";
        }

        var audit = new AuditEntry
        {
            Name = $"{now.ToUnixTimeMilliseconds():D13}-incident-{Interlocked.Increment(ref serial):D6}", At = now, Who = who, From = "incident", Verb = "intervene", About = $"intervention/{one.Name}",
            After = System.Text.Encoding.UTF8.GetString(Codec.Encode(one)),
        };
        var note = names.Make(now, one.About, "InterventionBegan", $"{one.Name}: {one.Act()} until {one.Until.UtcDateTime:HH:mm:ss}Z, by {who}: {one.Reason}", Severity.Warning);
        var result = await services.Store.CommitAsync(new([new(services.Kinds.Of<Intervention>().KeyOf(one.Name), 0)], [Put(one), Put(note), Put(audit)]), stop);
        return result.Succeeded ? null : "it is under way already";
    }

    Operation Put(Resource resource) => new(services.Kinds.Of(resource.GetType()).KeyOf(resource.Name), Codec.Encode(resource));

    static string NameOf(Incident incident, IncidentAction action) => $"{incident.Name}-{action.Id}";

    static string Cut(string text) => text.Length <= 500 ? text : text[..500];

    static string? Refusal(ApplyOutcome outcome) => outcome.Result is ApplyResult.Applied ? null : outcome.Problems.Count > 0 ? outcome.Problems[0].What : outcome.Result.ToString();
}
