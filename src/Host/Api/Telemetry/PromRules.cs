using System.Globalization;
using System.Text.Json;
using Mainstay.Host.Api.Observe;
using Mainstay.Observe.Correlate;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>The users' own rules in the shape of Prometheus' HTTP API: one group of alerting rules.</summary>
static class PromRules
{
    const int EverySeconds = 15;

    public static void Groups(Utf8JsonWriter json, RulesView view)
    {
        json.WriteStartObject();
        json.WriteStartArray("groups");
        if (view.Items.Count > 0)
        {
            json.WriteStartObject();
            json.WriteString("name", "rules");
            json.WriteString("file", "manifest");
            json.WriteNumber("interval", EverySeconds);
            json.WriteStartArray("rules");
            foreach (var rule in view.Items)
            {
                Rule(json, rule, view.At);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Alerts(Utf8JsonWriter json, RulesView view)
    {
        json.WriteStartObject();
        json.WriteStartArray("alerts");
        foreach (var rule in view.Items.Where(r => r.State != RuleState.Inactive))
        {
            Alert(json, rule);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void Rule(Utf8JsonWriter json, RuleStanding rule, DateTimeOffset at)
    {
        json.WriteStartObject();
        json.WriteString("type", "alerting");
        json.WriteString("name", rule.Name);
        json.WriteString("query", rule.Spec.Expr);
        json.WriteNumber("duration", rule.Spec.For.TotalSeconds);
        json.WriteStartObject("labels");
        json.WriteString("severity", Word(rule.Spec.Severity));
        json.WriteEndObject();
        Annotations(json, rule);
        json.WriteStartArray("alerts");
        if (rule.State != RuleState.Inactive)
        {
            Alert(json, rule);
        }

        json.WriteEndArray();
        json.WriteString("state", Word(rule.State));
        json.WriteString("health", rule.Fault is null ? "ok" : "err");
        if (rule.Fault is not null)
        {
            json.WriteString("lastError", rule.Fault);
        }

        json.WriteString("lastEvaluation", at);
        json.WriteEndObject();
    }

    static void Alert(Utf8JsonWriter json, RuleStanding rule)
    {
        json.WriteStartObject();
        json.WriteStartObject("labels");
        json.WriteString("alertname", rule.Name);
        json.WriteString("severity", Word(rule.Spec.Severity));
        foreach (var (name, value) in rule.Labels.Where(l => l.Key is not ("alertname" or "severity")))
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        Annotations(json, rule);
        json.WriteString("state", Word(rule.State));
        json.WriteString("activeAt", rule.Since!.Value);
        json.WriteString("value", (rule.Value ?? 0).ToString("R", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    static void Annotations(Utf8JsonWriter json, RuleStanding rule)
    {
        json.WriteStartObject("annotations");
        foreach (var (name, text) in rule.Spec.Annotations ?? new Dictionary<string, string>())
        {
            json.WriteString(name, text);
        }

        json.WriteEndObject();
    }

    static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
