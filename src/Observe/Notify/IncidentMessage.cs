using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Observe;

namespace Mainstay.Observe.Notify;

/// <summary>What is told of an incident, in the shapes that receivers understand. Pure.</summary>
public static class IncidentMessage
{
    /// <summary>The state that receivers are told: whether it goes on.</summary>
    public static string StateOf(Incident incident) => incident.State == IncidentState.Resolved ? "resolved" : "firing";

    /// <summary>One line.</summary>
    public static string Subject(Incident incident) => $"{(incident.State == IncidentState.Resolved ? "Over" : "Trouble")} ({Word(incident)}): {incident.Title}";

    /// <summary>All of it, in lines.</summary>
    /// <param name="incident">What is told of.</param>
    /// <param name="url">Where the dashboard is; empty where that is not known.</param>
    public static string Text(Incident incident, string url)
    {
        var text = new StringBuilder(Subject(incident)).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"Incident {incident.Name}, since {incident.Began.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
        text.Append(incident.Ended is { } end && incident.State == IncidentState.Resolved ? string.Create(CultureInfo.InvariantCulture, $", over at {end.UtcDateTime:HH:mm:ss}Z\n") : "\n");
        foreach (var symptom in incident.Symptoms)
        {
            text.Append("- ").Append(symptom.Text).Append('\n');
        }

        foreach (var cause in incident.Causes.Take(1))
        {
            text.Append(CultureInfo.InvariantCulture, $"Cause: {cause.Kind} {cause.Target} ({cause.Confidence * 100:0}%)\n");
            foreach (var evidence in cause.Evidence)
            {
                text.Append("  ").Append(evidence).Append('\n');
            }
        }

        foreach (var action in incident.Actions)
        {
            text.Append(action.State == ActionState.Suggested ? "Suggested: " : "Done: ").Append(action.Text).Append(action.How.Length > 0 ? $" ({action.How})" : "").Append('\n');
        }

        return (url.Length == 0 ? text : text.Append(Link(incident, url)).Append('\n')).ToString();
    }

    /// <summary>Where the dashboard shows it.</summary>
    public static string Link(Incident incident, string url) => $"{url}/incidents/{Uri.EscapeDataString(incident.Name)}";

    /// <summary>The body that Alertmanager's webhooks send, version 4, with one alert: the incident.</summary>
    /// <param name="receiver">Its name.</param>
    /// <param name="url">Where the dashboard is; empty where that is not known.</param>
    public static JsonObject Alertmanager(Incident incident, string receiver, string url)
    {
        var status = StateOf(incident);
        var cause = incident.Causes.Count > 0 ? incident.Causes[0] : new("unknown", "", 0, []);
        JsonObject Labels() => new()
        {
            ["alertname"] = $"Mainstay{char.ToUpperInvariant(cause.Kind[0])}{cause.Kind[1..]}", ["incident"] = incident.Name, ["cause"] = cause.Kind, ["target"] = cause.Target,
            ["criticality"] = Word(incident), ["severity"] = Word(incident) is "critical" or "high" ? "critical" : "warning",
        };
        JsonObject Annotations() => new() { ["summary"] = incident.Title, ["description"] = Text(incident, "") };
        return new()
        {
            ["version"] = "4",
            ["groupKey"] = $"{{}}:{{incident=\"{incident.Name}\"}}",
            ["truncatedAlerts"] = 0,
            ["status"] = status,
            ["receiver"] = receiver,
            ["groupLabels"] = new JsonObject { ["incident"] = incident.Name },
            ["commonLabels"] = Labels(),
            ["commonAnnotations"] = Annotations(),
            ["externalURL"] = url,
            ["alerts"] = new JsonArray(new JsonObject
            {
                ["status"] = status,
                ["labels"] = Labels(),
                ["annotations"] = Annotations(),
                ["startsAt"] = Time(incident.Began),
                ["endsAt"] = status == "resolved" ? Time(incident.Ended ?? incident.Began) : "0001-01-01T00:00:00Z",
                ["generatorURL"] = url.Length > 0 ? Link(incident, url) : "",
                ["fingerprint"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(incident.Name)))[..16],
            }),
        };
    }

    static string Word(Incident incident) => incident.Criticality.ToString().ToLowerInvariant();

    static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
