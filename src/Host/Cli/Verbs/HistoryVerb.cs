using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay history</c>: the versions of the architecture, newest first.</summary>
static class HistoryVerb
{
    public static Command Build(VerbKit kit)
    {
        var limit = kit.Flags.Number("--limit", 20, 1, 10_000, "How many versions.");
        return kit.Verb("history", "List the versions of the architecture: number, when, who, changes and why, newest first.", [limit], async (parsed, session, stop) =>
        {
            var items = (await session.Client.ListAsync("versions", stop))["items"]!.AsArray();
            var newest = items.Select(i => (Json: i!, Version: ApiClient.As<ArchitectureVersion>(i!)))
                .OrderByDescending(v => v.Version.Number)
                .Take(parsed.GetValue(limit))
                .ToArray();
            var tags = (await TagVerb.TagsAsync(session, stop)).ToLookup(t => t.Value, t => t.Key);
            session.Screen.Write(new JsonObject { ["items"] = new JsonArray([.. newest.Select(v => v.Json.DeepClone())]) }, () =>
            {
                var table = new TextTable("NUMBER", "WHEN", "WHO", "CHANGES", "TAGS", "MESSAGE") { RightAligned = [0, 3] };
                foreach (var (_, version) in newest)
                {
                    table.Add(
                        version.Number.ToString(CultureInfo.InvariantCulture), Quantities.When(version.At, session.Time), version.By,
                        version.Changes.Count.ToString(CultureInfo.InvariantCulture), tags.Contains(version.Number) ? string.Join(", ", tags[version.Number].Order(StringComparer.Ordinal)) : "-",
                        version.Message.Length > 0 ? TextWidth.Harmless(version.Message) : "-");
                }

                table.Write(session.Screen);
            });
            return ExitCode.Ok;
        });
    }
}
