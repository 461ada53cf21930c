using System.Globalization;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Correlate;

/// <summary>A symptom and why it is taken to be there.</summary>
public sealed record Found(Symptom Symptom, Diagnosis Why);

/// <summary>
/// Makes incidents of symptoms, one for each cause: symptoms whose walk ends at the same cause belong together, and so do those that share a subject while the cause becomes
/// clearer. Remembers only when each incident was last felt. Not safe for several callers at a time.
/// </summary>
public sealed class IncidentDesk
{
    /// <summary>What comes back within this is the same incident.</summary>
    public static readonly TimeSpan SameAgain = TimeSpan.FromMinutes(10);

    static readonly TimeSpan Calm = TimeSpan.FromSeconds(Thresholds.CalmSteps * Thresholds.StepSeconds);

    // What is known of the causes is written so often while nothing else changes, and at once where one comes in: more evidence comes in the first minute.
    static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);

    static readonly TimeSpan Passing = TimeSpan.FromSeconds(Thresholds.UnexplainedSteps * Thresholds.StepSeconds);

    readonly Dictionary<string, DateTimeOffset> felt = new(StringComparer.Ordinal);
    readonly Dictionary<string, DateTimeOffset> written = new(StringComparer.Ordinal);

    /// <summary>The incidents that are to be written; those that do not change are left out.</summary>
    /// <param name="known">All incidents that there are.</param>
    /// <param name="found">What is felt now.</param>
    public IReadOnlyList<Incident> Next(IReadOnlyCollection<Incident> known, IReadOnlyList<Found> found, DateTimeOffset now)
    {
        var current = known.ToDictionary(i => i.Name, StringComparer.Ordinal);
        var changed = new Dictionary<string, Incident>(StringComparer.Ordinal);
        foreach (var group in Groups(found).Where(g => !IsDismissed(known, g, now)))
        {
            var same = Matching(current.Values, group, now);
            if (same is null && IsPassing(group, now))
            {
                continue;
            }

            var incident = same is not null ? With(same, group, now) : Open(current, group, now);
            felt[incident.Name] = now;
            if (!current.TryGetValue(incident.Name, out var before) || Differs(before, incident, now))
            {
                changed[incident.Name] = incident;
                written[incident.Name] = now;
            }

            current[incident.Name] = changed.GetValueOrDefault(incident.Name, incident);
        }

        foreach (var incident in current.Values.Where(i => i.State != IncidentState.Resolved).ToList())
        {
            // After a restart nothing is known of when it was felt: it is given the time to show again.
            var last = felt.TryGetValue(incident.Name, out var at) ? at : felt[incident.Name] = now;
            if (now - last >= Calm)
            {
                changed[incident.Name] = incident with { State = IncidentState.Resolved, Ended = last };
            }
        }

        foreach (var gone in felt.Keys.Where(n => !current.TryGetValue(n, out var i) || i.State == IncidentState.Resolved).ToArray())
        {
            felt.Remove(gone);
            written.Remove(gone);
        }

        return [.. changed.Values.OrderBy(i => i.Name, StringComparer.Ordinal)];
    }

    /// <summary>The word of a kind of cause in incidents.</summary>
    public static string Word(CauseKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    // What goes on in one database, cache or queue is one thing, however it is seen by each of those who call it: one finds a statement slow, another all of it, a third that it does not answer.
    static string Place(Cause cause) =>
        cause.Kind is CauseKind.SlowStatement or CauseKind.SlowStore or CauseKind.RowLock or CauseKind.ConnectionPool or CauseKind.DatabaseDown or CauseKind.CacheDown or CauseKind.QueueDown
            && (cause.Store ?? cause.Target) is var store && !store.StartsWith("service/", StringComparison.Ordinal)
            ? store
            : $"{cause.Kind} {cause.Target}";

    // Symptoms by what causes them. Those of unknown cause go with others that were felt at the same place.
    static List<List<Found>> Groups(IReadOnlyList<Found> found)
    {
        var groups = found.Where(f => f.Why.Causes.Count > 0).GroupBy(f => Place(f.Why.Causes[0]), StringComparer.Ordinal).Select(g => g.ToList()).ToList();
        foreach (var unknown in groups.Where(g => g[0].Why.Causes[0].Kind == CauseKind.Unknown).ToList())
        {
            var place = unknown[0].Why.Causes[0].Target;
            if (groups.Find(g => g != unknown && g.Exists(f => f.Symptom.Subject == place || f.Why.Causes.Any(c => c.Target == place))) is { } other)
            {
                other.AddRange(unknown);
                groups.Remove(unknown);
            }
        }

        return groups;
    }

    // Figures are of ten seconds: one bad second is felt for two or three steps. What nothing explains has to last longer than that.
    static bool IsPassing(List<Found> group, DateTimeOffset now) =>
        group.TrueForAll(f => f.Why.Causes[0].Kind == CauseKind.Unknown && f.Symptom.Kind is SymptomKind.Errors or SymptomKind.Latency) && now - group.Min(f => f.Symptom.Since) < Passing;

    // What somebody said is over is left alone for a while, also where it is still felt.
    static bool IsDismissed(IReadOnlyCollection<Incident> known, List<Found> group, DateTimeOffset now)
    {
        var key = Key(group);
        return known.Any(i => i is { State: IncidentState.Resolved, ResolvedBy.Length: > 0 } && i.Key() == key && now - i.Ended < SameAgain);
    }

    // Where a subject was well in between, and what is felt now clearly comes from elsewhere than what was felt before, it is not the same thing that becomes clearer.
    bool IsAnother(Incident incident, List<Found> group)
    {
        var causes = Leading(group).Why.Causes;
        return causes[0] is { Kind: not CauseKind.Unknown, Confidence: >= Thresholds.SureOfAnother }
            && incident.Causes is [{ Kind: not "unknown" }, ..] && !incident.Causes.Any(known => causes.Any(c => c.Target == known.Target || c.Store == known.Target))
            && felt.TryGetValue(incident.Name, out var last) && group.Where(f => incident.Symptoms.Any(s => s.Subject == f.Symptom.Subject)).All(f => f.Symptom.Since >= last);
    }

    Incident? Matching(IEnumerable<Incident> known, List<Found> group, DateTimeOffset now)
    {
        var key = Key(group);
        var subjects = group.Select(f => f.Symptom.Subject).ToHashSet(StringComparer.Ordinal);
        var live = known.Where(i => i.State != IncidentState.Resolved).OrderBy(i => i.Name, StringComparer.Ordinal).ToList();
        return live.Find(i => i.Key() == key)
            ?? live.Where(i => i.Symptoms.Any(s => subjects.Contains(s.Subject)) && !IsAnother(i, group)).MaxBy(i => felt.GetValueOrDefault(i.Name))
            ?? known.Where(i => i.State == IncidentState.Resolved && i.ResolvedBy.Length == 0 && i.Key() == key && now - i.Ended < SameAgain).MaxBy(i => i.Ended);
    }

    static Incident Open(Dictionary<string, Incident> known, List<Found> group, DateTimeOffset now)
    {
        var name = now.UtcDateTime.ToString("'i'yyyyMMdd'-'HHmmss", CultureInfo.InvariantCulture);
        for (var number = 2; known.ContainsKey(name); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{name[..16]}-{number}");
        }

        return With(new() { Name = name, Title = "", Began = group.Min(f => f.Symptom.Since), Opened = now }, group, now);
    }

    static Incident With(Incident incident, List<Found> group, DateTimeOffset now)
    {
        // What one symptom points at besides its first cause may be too faint in the one that is the surest of it.
        var leading = Leading(group).Why.Causes;
        var causes = group.Select(f => f.Why.Causes).Prepend(leading).SelectMany(c => c).Where(c => c.Kind != CauseKind.Unknown || leading[0].Kind == CauseKind.Unknown)
            .OrderByDescending(c => c.Confidence).DistinctBy(c => (c.Kind, c.Target)).Take(Thresholds.MostCauses)
            .Select(c => new IncidentCause(Word(c.Kind), c.Target, c.Confidence, [.. c.Evidence.Take(8).Select(e => e.Text)])).ToList();

        // A cause that is as well founded as the one known replaces it; what becomes less clear later, because it is acted on, does not.
        var isBetter = incident.Causes is not [{ Kind: not "unknown" } old, ..] || causes[0].Confidence >= old.Confidence || old.Kind == causes[0].Kind && old.Target == causes[0].Target;
        var again = incident.State == IncidentState.Resolved;
        var symptoms = incident.Symptoms.Where(s => !group.Exists(f => f.Symptom.Subject == s.Subject)).Concat(group.Select(f => new IncidentSymptom(f.Symptom.Subject, f.Symptom.Text, f.Symptom.Since)))
            .OrderBy(s => s.Subject.StartsWith("route/", StringComparison.Ordinal) ? 0 : 1).ThenBy(s => s.Subject, StringComparer.Ordinal).ToList();
        var known = isBetter ? causes : incident.Causes;
        return incident with
        {
            State = again ? IncidentState.Open : incident.State,
            Reopened = incident.Reopened + (again ? 1 : 0),
            Ended = null,
            AcknowledgedBy = again ? "" : incident.AcknowledgedBy,
            Criticality = (Criticality)Math.Max((int)group.Max(f => f.Symptom.Criticality), incident.Symptoms.Count == 0 ? 0 : (int)incident.Criticality),
            Symptoms = symptoms,
            Causes = known,
            Title = $"{symptoms[0].Text}: {Said(known[0])}",
        };
    }

    static string Said(IncidentCause cause) => cause is { Kind: "unknown" } && cause.Target.StartsWith("alert/", StringComparison.Ordinal) ? "a rule of your own" : cause.Kind == "unknown" ? $"the cause is not known, it is in {cause.Target}" : $"{Words(cause.Kind)}, {cause.Target}";

    static string Words(string kind) => string.Concat(kind.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));

    static Found Leading(List<Found> group) => group.OrderByDescending(f => f.Why.Causes[0].Kind != CauseKind.Unknown).ThenByDescending(f => f.Why.Causes[0].Confidence).ThenBy(f => f.Symptom.Subject, StringComparer.Ordinal).First();

    static string Key(List<Found> group) => Leading(group).Why.Causes[0] is var cause ? $"{Word(cause.Kind)} {cause.Target}" : "";

    bool Differs(Incident before, Incident after, DateTimeOffset now) =>
        before.State != after.State || before.Key() != after.Key() || before.Criticality != after.Criticality
        || !before.Symptoms.Select(s => s.Subject).SequenceEqual(after.Symptoms.Select(s => s.Subject))
        || (now - after.Opened < 4 * Refresh && (now - written.GetValueOrDefault(after.Name) >= Refresh || after.Causes.Any(c => !before.Causes.Any(b => b.Kind == c.Kind && b.Target == c.Target))));
}
