using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Core.Reconcile;
using Mainstay.Core.Store;
using Mainstay.Host.Api.Agents;
using Mainstay.Host.Security;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Traffic;

/// <summary>Begins and ends interventions. They change nothing of what is declared, so they make no version; each makes an audit entry and an event.</summary>
public sealed class InterventionEndpoints(IStore store, KindRegistry kinds, Mirror mirror, TimeProvider time, EventNames names)
{
    /// <summary>The most at a time.</summary>
    public const int Most = 200;

    long serial;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("POST", "/api/v1/interventions", "Does something to the running traffic for a while.", BeginAsync)
        {
            Query = [("dryRun", "true: checks and writes nothing.")],
            Body = typeof(InterventionBody),
            Answer = typeof(Intervention),
        },
        new("DELETE", "/api/v1/interventions/{name}", "Ends an intervention before its time.", EndAsync) { Answer = typeof(Intervention) },
    ];

    async Task<Answer?> BeginAsync(Call call)
    {
        var dryRun = call.Flag("dryRun");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var (body, malformed) = await Body.ReadAsync<InterventionBody>(call);
        if (body is null)
        {
            return malformed;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        var now = time.GetUtcNow();
        var identity = Identity.Of(call.Request);
        var one = body.ToIntervention(NextName(now), identity.Who, now);
        var problems = mirror.Read(seen => InterventionRules.Problems(one, seen).ToArray());
        if (problems.Length > 0)
        {
            return ProblemAnswer.Invalid([.. problems.Select(ProblemPlace.Of)]);
        }

        if (mirror.Read(seen => seen.All<Intervention>().Count()) >= Most)
        {
            return ProblemAnswer.Conflict($"{Most} interventions are under way", "end some of them, see 'mainstay get interventions'");
        }

        if (!dryRun)
        {
            var note = names.Make(now, one.About, "InterventionBegan", $"{one.Name}: {one.Act()} until {Clock(one.Until)}, by {one.By}: {one.Reason}", Severity.Warning);
            await CommitAsync([], [one, note, Audit(identity, "intervene", one, before: null, after: one)], null, call.Stop);
        }

        return new BytesAnswer(Codec.Encode(one), dryRun ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    async Task<Answer?> EndAsync(Call call)
    {
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        await mirror.ReachAsync(store.Revision, call.Stop);
        var name = call.Path("name");
        if (mirror.Read(seen => seen.Get<Intervention>(name)) is not { } one)
        {
            return ProblemAnswer.NotFound($"there is no intervention '{name}'", "see 'mainstay get interventions'; it may have ended by itself");
        }

        var identity = Identity.Of(call.Request);
        var note = names.Make(time.GetUtcNow(), one.About, "InterventionEnded", $"{one.Name} was ended by {identity.Who}: {one.Act()} no longer holds");
        var ended = await CommitAsync([new(KeyOf(one), one.Revision)], [note, Audit(identity, "end", one, before: one, after: null)], one, call.Stop);
        return ended ? Answer.Json(one) : ProblemAnswer.Conflict($"'{name}' has ended meanwhile", "nothing is left to do");
    }

    async Task<bool> CommitAsync(IReadOnlyList<Compare> compares, IReadOnlyList<Resource> puts, Resource? delete, CancellationToken stop)
    {
        var operations = puts.Select(p => new Operation(KeyOf(p), Codec.Encode(p))).ToList();
        if (delete is not null)
        {
            operations.Add(new(KeyOf(delete), null));
        }

        var result = await store.CommitAsync(new(compares, operations), stop);
        await mirror.ReachAsync(result.Revision, stop);
        return result.Succeeded;
    }

    AuditEntry Audit(Identity identity, string verb, Intervention one, Intervention? before, Intervention? after) => new()
    {
        Name = $"{time.GetUtcNow().ToUnixTimeMilliseconds():D13}-traffic-{Interlocked.Increment(ref serial):D6}",
        At = time.GetUtcNow(),
        Who = identity.Who,
        From = identity.From,
        Verb = verb,
        About = $"intervention/{one.Name}",
        Before = before is null ? null : System.Text.Encoding.UTF8.GetString(Codec.Encode(before)),
        After = after is null ? null : System.Text.Encoding.UTF8.GetString(Codec.Encode(after)),
    };

    // Short enough to be typed, unique by the store: the millisecond of the day and a number of this process.
    string NextName(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"i{now.ToUnixTimeMilliseconds() % 100_000_000:D8}{Interlocked.Increment(ref serial) % 100:D2}");

    string KeyOf(Resource resource) => kinds.Of(resource.GetType()).KeyOf(resource.Name);

    static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>What must hold of an intervention beside its own record.</summary>
public static class InterventionRules
{
    public static IEnumerable<Problem> Problems(Intervention one, Snapshot seen)
    {
        foreach (var problem in one.Validate().Select(p => p.Path == "until" ? new("for", "the time is not between 1ms and 30d", "choose a duration within") : p))
        {
            yield return problem;
        }

        if (Missing(one.About, seen) is { } missing)
        {
            yield return missing;
        }
        else if (one.Degrade is { } name && Undeclared(one.About, name, seen) is { } undeclared)
        {
            yield return undeclared;
        }
        else if (one is { Eject: { } instance } && one.About.StartsWith("service/", StringComparison.Ordinal) && Lonely(one.About["service/".Length..], instance, seen) is { } lonely)
        {
            yield return lonely;
        }
    }

    // Who would be the last to serve stays.
    static Problem? Lonely(string service, string instance, Snapshot seen)
    {
        var serving = seen.Get<Endpoints>(service)?.Items ?? [];
        return !serving.Any(e => e.Instance == instance) ? new("eject", $"'{instance}' is no instance of {service} that serves", serving.Count == 0 ? $"{service} has none" : $"those that serve: {string.Join(", ", serving.Take(20).Select(e => e.Instance))}")
            : serving.Any(e => e.Instance != instance && !seen.All<Intervention>().Any(i => i.About == $"service/{service}" && i.Eject == e.Instance)) ? null
            : new("eject", $"'{instance}' is the last instance of {service} that serves", $"run more first: mainstay scale {service} 2");
    }

    static Problem? Missing(string about, Snapshot seen)
    {
        if (about.Split('/') is not [var kind, var name])
        {
            return null;
        }

        return kind switch
        {
            "route" when seen.Get<Route>(name) is null => Unknown("route", name, seen.All<Route>().Select(r => r.Name)),
            "service" when seen.Get<Service>(name) is null => Unknown("service", name, seen.All<Service>().Select(s => s.Name)),
            "need" when seen.Get<MeshLink>(name) is null => Unknown("need", name, seen.All<MeshLink>().Select(l => l.Name)),
            _ => null,
        };
    }

    /// <summary>A degradation that nobody declares would change nothing, and who throws it would not notice.</summary>
    static Problem? Undeclared(string about, string name, Snapshot seen)
    {
        string[] declared = [.. WaysOf(about, seen).SelectMany(way => way.Degrade?.Names() ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return declared.Contains(name, StringComparer.Ordinal)
            ? null
            : new("degrade", $"{about} declares no degradation '{name}'", declared.Length == 0 ? "declare it in the manifest under degrade" : $"throw one of {string.Join(", ", declared)}, or declare it under degrade");
    }

    static IEnumerable<CallSpec> WaysOf(string about, Snapshot seen)
    {
        var (kind, name) = about.Split('/') is [var k, var n] ? (k, n) : ("", "");
        var needs = seen.All<Service>().SelectMany(s => s.Spec.Needs.Select(need => (Caller: s, Callee: need.Key, Terms: (CallSpec)need.Value)));
        return kind switch
        {
            "route" => seen.Get<Route>(name) is { } route ? [route.Spec] : [],
            "need" => needs.Where(need => seen.Get<MeshLink>(name) is { } link && link.Caller == need.Caller.Name && link.Callee == need.Callee).Select(need => need.Terms),
            "service" => seen.All<Route>().Where(r => r.Spec.To == name).Select(r => (CallSpec)r.Spec).Concat(needs.Where(need => need.Callee == name).Select(need => need.Terms)),
            "criticality" => seen.All<Route>().Where(r => LevelOf(r, seen) == name).Select(r => (CallSpec)r.Spec).Concat(needs.Where(need => Word(need.Caller.Spec.Criticality) == name).Select(need => need.Terms)),
            _ => [],
        };
    }

    static string LevelOf(Route route, Snapshot seen) =>
        Word(route.Spec.Criticality ?? (route.Spec.To is { } to && seen.Get<Service>(to) is { } service ? service.Spec.Criticality : Criticality.Medium));

    static string Word(Criticality criticality) => criticality.ToString().ToLowerInvariant();

    static Problem Unknown(string kind, string name, IEnumerable<string> known)
    {
        string[] all = [.. known.Order(StringComparer.Ordinal)];
        return new("about", $"there is no {kind} '{name}'", Nearest.To(name, all) is { } nearest ? $"did you mean '{kind}/{nearest}'?" : all.Length == 0 ? $"no {kind} is declared" : $"known: {string.Join(", ", all.Take(20))}");
    }
}
