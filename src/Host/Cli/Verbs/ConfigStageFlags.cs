using System.Text.Json.Nodes;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>What <c>mainstay config publish</c> asks for.</summary>
static class ConfigStageFlags
{
    /// <summary>The body: any flag of stages makes it a publish in stages.</summary>
    public static JsonObject Publish(string? reason, string? steps, string? hold, string? hosts, string? labels, bool gates)
    {
        var body = new JsonObject { ["reason"] = reason ?? "" };
        if (steps is null && hold is null && hosts is null && labels is null && !gates)
        {
            return body;
        }

        var stages = new JsonObject();
        if (steps is not null)
        {
            stages["steps"] = List(steps);
        }

        if (hold is not null)
        {
            stages["hold"] = hold;
        }

        if (hosts is not null)
        {
            stages["hosts"] = List(hosts);
        }

        if (labels is not null)
        {
            var wanted = new JsonObject();
            foreach (var text in labels.Split(','))
            {
                wanted[text.Split('=', 2) is [{ Length: > 0 } key, _] ? key : throw new CliError($"'{text}' is not a label with its value", "write --labels KEY=VALUE,KEY=VALUE", ExitCode.Invalid)] = text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..];
            }

            stages["labels"] = wanted;
        }

        if (gates)
        {
            stages["pause"] = true;
        }

        body["stages"] = stages;
        return body;
    }

    static JsonArray List(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(t => (JsonNode)t)];
}
