using System.Globalization;
using System.Text;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Observe.Query.Prom;

namespace Mainstay.Observe.Correlate;

/// <summary>How a rule stands.</summary>
/// <param name="Since">Since when its expression gives something; null where it does not.</param>
/// <param name="Series">How many series hold.</param>
/// <param name="Value">Of the worst of them, the one with the highest value.</param>
/// <param name="Text">What people are told.</param>
/// <param name="Fault">Why it could not be looked at; null where it could.</param>
public sealed record RuleStanding(string Name, RuleSpec Spec, RuleState State, DateTimeOffset? Since, int Series, double? Value, string Text, IReadOnlyDictionary<string, string> Labels, string? Fault);

/// <summary>The states of a rule.</summary>
public enum RuleState
{
    /// <summary>Its expression gives nothing.</summary>
    Inactive,

    /// <summary>It holds, and not yet for as long as it has to.</summary>
    Pending,

    /// <summary>It holds for as long as it has to: there is an incident.</summary>
    Firing,
}

/// <summary>Remembers since when the users' own rules hold. Pure but for that; not safe for several callers at a time.</summary>
public sealed class RuleBook
{
    readonly Dictionary<string, DateTimeOffset> since = new(StringComparer.Ordinal);

    /// <summary>Takes what an expression gave; says how the rule stands.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="answer">At one time; null where it could not be evaluated.</param>
    /// <param name="fault">Why not. A rule that cannot be looked at stays as it was.</param>
    /// <param name="hasIncident">Whether there is an incident of it already: then it does not wait again, for example after a restart.</param>
    public RuleStanding Take(AlertRule rule, PromAnswer? answer, string? fault, bool hasIncident, DateTimeOffset now)
    {
        var rows = answer is null ? [] : Holding(answer);
        if (answer is not null && rows.Count == 0)
        {
            since.Remove(rule.Name);
        }
        else if (rows.Count > 0 && !since.ContainsKey(rule.Name))
        {
            since[rule.Name] = hasIncident ? now - rule.Spec.For : now;
        }

        DateTimeOffset? held = since.TryGetValue(rule.Name, out var at) ? at : null;
        var state = held is not { } from ? RuleState.Inactive : now - from >= rule.Spec.For ? RuleState.Firing : RuleState.Pending;
        var (value, labels) = rows.Count == 0 ? ((double?)null, new Dictionary<string, string>()) : (rows[0].Value, rows[0].Labels);
        return new(rule.Name, rule.Spec, state, held, rows.Count, value, Told(rule, value, labels, rows.Count), labels, fault);
    }

    /// <summary>Forgets rules that are no longer declared.</summary>
    public void Keep(IReadOnlySet<string> names)
    {
        foreach (var gone in since.Keys.Where(n => !names.Contains(n)).ToArray())
        {
            since.Remove(gone);
        }
    }

    // The worst first. A comparison of numbers gives 0 or 1, one of series leaves those out for which it does not hold.
    static List<(double Value, Dictionary<string, string> Labels)> Holding(PromAnswer answer) =>
    [
        .. answer.Rows.Select(r => (Value: r.Values[0], r.Labels)).Where(r => !double.IsNaN(r.Value) && (answer.Type != PromType.Scalar || r.Value != 0))
            .OrderByDescending(r => r.Value).ThenBy(r => r.Labels.Key, StringComparer.Ordinal)
            .Select(r => (r.Value, r.Labels.All.Where(l => l.Name != PromLabels.NameLabel).ToDictionary(l => l.Name, l => l.Value, StringComparer.Ordinal))),
    ];

    static string Told(AlertRule rule, double? value, Dictionary<string, string> labels, int series)
    {
        var summary = rule.Spec.Annotations?.GetValueOrDefault("summary");
        var title = summary is null ? $"rule {rule.Name} holds" : Filled(summary, value, labels);
        var rest = (rule.Spec.Annotations ?? new Dictionary<string, string>()).Where(a => a.Key != "summary").OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"; {a.Key}: {Filled(a.Value, value, labels)}");
        return $"{title}{(series > 1 ? $" (and {series - 1} more)" : "")}{string.Concat(rest)}";
    }

    // What is not known stays as it is written.
    static string Filled(string text, double? value, Dictionary<string, string> labels)
    {
        var filled = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            var close = open < 0 ? -1 : text.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                return filled.Append(text, at, text.Length - at).ToString();
            }

            filled.Append(text, at, open - at);
            var name = text[(open + 2)..close].Trim();
            filled.Append(
                name == "$value" && value is { } known ? known.ToString("0.###", CultureInfo.InvariantCulture)
                : name.StartsWith("$labels.", StringComparison.Ordinal) && labels.TryGetValue(name["$labels.".Length..], out var label) ? label
                : text[open..(close + 2)]);
            at = close + 2;
        }

        return filled.ToString();
    }
}
