using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds.State;
using Mainstay.Host.Api.Config;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay config</c>: reads, edits, publishes and rolls back name spaces, tells who runs what, and runs a command with its configuration.</summary>
static class ConfigVerb
{
    static readonly string[] Actions = ["list", "get", "set", "unset", "define", "diff", "discard", "publish", "history", "rollback", "who", "staging", "promote", "abort", "pause", "resume", "run"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions, "One of list, get, set, unset, define, diff, discard, publish, history, rollback, who, run; of a publish in stages: staging (how it stands), promote (to all at once), abort (nobody has it any more), pause, resume (past a gate, too).");
        var subject = VerbKit.Optional("SPACE", "The name space; not with list.");
        var rest = new Argument<string[]>("REST") { Description = "With get a KEY, with set KEY=VALUE, with unset KEY, with define a JSON FILE, with rollback the VERSION, with run the command, after --.", Arity = ArgumentArity.ZeroOrMore };
        var environment = kit.Flags.Text("--environment", "NAME", "With get and run: whose overlay counts, default the architecture's. With set and unset: whose values are edited, default those of every environment.");
        var reason = kit.Flags.Text("--reason", "TEXT", "With publish, rollback, promote and abort: why, for the history.");
        var file = kit.Flags.Text("--file", "FILE", "With run: write the values to this file as JSON, too, readable by this user alone.");
        var change = kit.Flags.Text("--on-change", "HOW", "With run, after a publish: restart (default) the command, signal:HUP it, exec:COMMAND another one, or post:URL; the file is written anew before.");
        var steps = kit.Flags.Text("--steps", "SHARES", "With publish: in stages, for example 5%,25%,50%: to so many readers, then to more while it does no harm, then to all.");
        var hold = kit.Flags.Text("--hold", "TIME", "With publish in stages: how long each lasts at least. Default 1m.");
        var hosts = kit.Flags.Text("--hosts", "NAMES", "With publish in stages: readers on these hosts first, joined by commas.");
        var labels = kit.Flags.Text("--labels", "LABELS", "With publish in stages: readers with these labels first, KEY=VALUE joined by commas.");
        var gates = kit.Flags.Switch("--gates", "With publish in stages: each waits for resume.");
        return kit.Verb("config", "Read, edit, publish and roll back configuration; see who runs which version; run a command with it.", [action, subject, rest, environment, reason, file, change, steps, hold, hosts, labels, gates], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, stop);
                return ExitCode.Ok;
            }

            var space = parsed.GetValue(subject) ?? throw new CliError("the name space is missing", $"write mainstay config {word} SPACE", ExitCode.Invalid);
            var (more, overlay) = (parsed.GetValue(rest) ?? [], parsed.GetValue(environment));
            if (word == "run")
            {
                return await new ConfigRun(session, space, overlay, parsed.GetValue(file), parsed.GetValue(change) ?? "restart", more).RunAsync(stop);
            }

            await (word switch
            {
                "get" => GetAsync(session, space, more, overlay, stop),
                "set" or "unset" => EditAsync(session, space, word, more, overlay, stop),
                "define" => DefineAsync(session, space, more, stop),
                "diff" => DiffAsync(session, space, stop),
                "discard" => PostAsync(session, space, "discard", null, _ => $"what was edited of {space} is forgotten", stop),
                "publish" => PostAsync(session, space, "publish", ConfigStageFlags.Publish(parsed.GetValue(reason), parsed.GetValue(steps), parsed.GetValue(hold), parsed.GetValue(hosts), parsed.GetValue(labels), parsed.GetValue(gates)), Published, stop),
                "staging" => StagingAsync(session, space, stop),
                "promote" or "abort" or "pause" or "resume" => PostAsync(session, space, "staging", new { act = word, reason = parsed.GetValue(reason) ?? "" }, _ => $"{space}: {word}", stop),
                "rollback" => PostAsync(session, space, "rollback", new { version = VersionOf(more), reason = parsed.GetValue(reason) ?? "" }, Published, stop),
                "history" => HistoryAsync(session, space, stop),
                _ => WhoAsync(session, space, stop),
            });
            return ExitCode.Ok;
        });
    }

    static string At(string space) => $"config/{Uri.EscapeDataString(space)}";

    static async Task ListAsync(Session session, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("config-spaces", stop);
        var drafts = (await session.Client.ListAsync("config-drafts", stop))["items"]!.AsArray().Select(i => ApiClient.As<ConfigDraft>(i!)).ToDictionary(d => d.Name, StringComparer.Ordinal);
        session.Screen.Write(page, () =>
        {
            var spaces = page["items"]!.AsArray().Select(i => ApiClient.As<ConfigSpace>(i!)).ToDictionary(s => s.Name, StringComparer.Ordinal);
            if (spaces.Count + drafts.Count == 0)
            {
                session.Screen.Line("there is no configuration yet; 'mainstay config set SPACE KEY=VALUE' begins it");
                return;
            }

            var table = new TextTable("NAME", "LAYER", "VERSION", "INHERITS", "EDITED");
            foreach (var name in spaces.Keys.Union(drafts.Keys).Order(StringComparer.Ordinal))
            {
                var space = spaces.GetValueOrDefault(name);
                var content = space?.Content ?? drafts[name].Content;
                table.Add(
                    name, content.Layer.ToString().ToLowerInvariant(), space?.Version.ToString(CultureInfo.InvariantCulture) ?? "-", content.Parents.Any() ? string.Join(", ", content.Parents) : "-",
                    drafts.TryGetValue(name, out var draft) ? $"by {TextWidth.Harmless(draft.By)}, not published" : "-");
            }

            table.Write(session.Screen);
        });
    }

    static async Task GetAsync(Session session, string space, string[] keys, string? environment, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"{At(space)}/effective{(environment is null ? "" : $"?environment={Uri.EscapeDataString(environment)}")}", stop);
        var page = ApiClient.As<ConfigPage>(json);
        if (keys is [var key])
        {
            var value = page.Values.GetValueOrDefault(key) ?? throw new CliError($"'{key}' has no value in {space}", $"see 'mainstay config get {space}'");
            session.Screen.Write(json["values"]![key], () => session.Screen.Line(value.Value));
            return;
        }

        session.Screen.Write(json, () =>
        {
            var table = new TextTable("KEY", "VALUE", "FROM");
            foreach (var (name, value) in page.Values)
            {
                var shown = TextWidth.Harmless(value.Value);
                var where = value.Environment == ConfigContent.Everywhere ? "" : $", for {value.Environment}";
                table.Add(name, shown.Length <= 60 ? shown : shown[..60] + "…", $"{value.Space} {value.Version.ToString(CultureInfo.InvariantCulture)} ({value.Layer.ToString().ToLowerInvariant()}{(value.IsDefault ? ", default" : where)})");
            }

            table.Write(session.Screen);
        });
    }

    static async Task EditAsync(Session session, string space, string word, string[] more, string? environment, CancellationToken stop)
    {
        if (more.Length == 0)
        {
            throw new CliError("nothing is named", word == "set" ? $"write mainstay config set {space} KEY=VALUE" : $"write mainstay config unset {space} KEY", ExitCode.Invalid);
        }

        var body = new JsonObject { ["environment"] = environment ?? ConfigContent.Everywhere };
        if (word == "set")
        {
            var set = new JsonObject();
            foreach (var text in more)
            {
                var at = text.IndexOf('=', StringComparison.Ordinal);
                set[at > 0 ? text[..at] : throw new CliError($"'{text}' is not a key with its value", "write KEY=VALUE", ExitCode.Invalid)] = text[(at + 1)..];
            }

            body["set"] = set;
        }
        else
        {
            body["unset"] = new JsonArray([.. more.Select(k => (JsonNode)k)]);
        }

        await PostAsync(session, space, "edit", body, _ => $"{space} is edited; see 'mainstay config diff {space}', then publish it", stop);
    }

    static async Task DefineAsync(Session session, string space, string[] more, CancellationToken stop)
    {
        var path = more is [var one] ? Path.GetFullPath(one, session.Environment.WorkingFolder) : throw new CliError("the file is missing", $"write mainstay config define {space} FILE", ExitCode.Invalid);
        JsonNode? content;
        try
        {
            content = JsonNode.Parse(await File.ReadAllTextAsync(path, stop));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new CliError($"{path} cannot be read: {error.Message}", "give a JSON file with layer, inherits, items and values", ExitCode.Invalid);
        }

        await PostAsync(session, space, "edit", new JsonObject { ["content"] = content }, _ => $"{space} is edited; see 'mainstay config diff {space}', then publish it", stop);
    }

    static async Task DiffAsync(Session session, string space, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"{At(space)}/diff", stop);
        session.Screen.Write(json, () =>
        {
            var diff = ApiClient.As<ConfigDiff>(json);
            Changes(session, diff.Changes);
            foreach (var problem in diff.Problems)
            {
                session.Screen.Line(session.Screen.Paint(Tone.Bad, $"! {problem.Path}: {problem.What}; {problem.Remedy}"));
            }
        });
    }

    static async Task HistoryAsync(Session session, string space, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"{At(space)}/versions", stop);
        session.Screen.Write(json, () =>
        {
            var table = new TextTable("VERSION", "AT", "BY", "CHANGES", "REACHED", "REASON");
            foreach (var one in ApiClient.As<ConfigVersions>(json).Items)
            {
                table.Add(one.Number.ToString(CultureInfo.InvariantCulture), Quantities.When(one.At, session.Time), TextWidth.Harmless(one.By), one.Changes.Count.ToString(CultureInfo.InvariantCulture), one.Outcome switch { ConfigOutcome.Staged => "some", ConfigOutcome.Withdrawn => $"withdrawn: {TextWidth.Harmless(one.Withdrawn)}", _ => "all" }, one.Reason.Length > 0 ? TextWidth.Harmless(one.Reason) : "-");
            }

            table.Write(session.Screen);
        });
    }

    static async Task WhoAsync(Session session, string space, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"{At(space)}/readers", stop);
        session.Screen.Write(json, () =>
        {
            var table = new TextTable("READER", "RUNS", "CURRENT", "ENVIRONMENT", "SEEN", "FROM", "PROBLEM");
            foreach (var (one, isCurrent, isStaged) in ApiClient.As<ConfigReaders>(json).Items)
            {
                table.Add(TextWidth.Harmless(one.Reader), TextWidth.Harmless(one.Tag), session.Screen.Paint(isCurrent ? Tone.Good : Tone.Busy, isCurrent ? isStaged ? "yes, staged" : "yes" : "no"), one.Environment, Quantities.When(one.SeenAt, session.Time), one.Address, TextWidth.Harmless(one.Problem ?? ""));
            }

            table.Write(session.Screen);
        });
    }

    static async Task StagingAsync(Session session, string space, CancellationToken stop)
    {
        var json = await session.Client.GetAsync($"{At(space)}/staging", stop);
        session.Screen.Write(json, () =>
        {
            var view = ApiClient.As<ConfigStagingView>(json);
            if (view.Staged is not { } staged)
            {
                session.Screen.Line($"no publish of {space} is going out in stages");
                return;
            }

            session.Screen.Line($"version {staged.Number.ToString(CultureInfo.InvariantCulture)} by {TextWidth.Harmless(staged.By)}: step {(staged.Step + 1).ToString(CultureInfo.InvariantCulture)} of {staged.Plan.Shares().Count.ToString(CultureInfo.InvariantCulture)}, {view.Running.ToString(CultureInfo.InvariantCulture)} of {view.Chosen.ToString(CultureInfo.InvariantCulture)} readers run it, {view.Others.ToString(CultureInfo.InvariantCulture)} have the one before");
            session.Screen.Line(TextWidth.Harmless(view.Message));
            foreach (var (service, report) in view.Reports)
            {
                session.Screen.Line($"{service}: {TextWidth.Harmless(report.Message)}");
            }
        });
    }

    static async Task PostAsync(Session session, string space, string verb, object? body, Func<JsonNode, string> said, CancellationToken stop)
    {
        session.Client.Administer(ConfigRun.TokenOf(session));
        var json = await session.Client.PostAsync($"{At(space)}/{verb}", body, stop);
        session.Screen.Write(json, () =>
        {
            session.Screen.Line(said(json));
            if (json["changes"] is not null)
            {
                Changes(session, ApiClient.As<ConfigVersion>(json).Changes);
            }
        });
    }

    static void Changes(Session session, IReadOnlyList<ConfigChange> changes)
    {
        foreach (var one in changes)
        {
            session.Screen.Line(
                one.Before is null ? session.Screen.Paint(Tone.Good, $"+ {one.Path}: {TextWidth.Harmless(one.After!)}")
                : one.After is null ? session.Screen.Paint(Tone.Bad, $"- {one.Path}: {TextWidth.Harmless(one.Before)}")
                : $"~ {one.Path}: {TextWidth.Harmless(one.Before)} -> {TextWidth.Harmless(one.After)}");
        }
    }

    static string Published(JsonNode json) => (string?)json["outcome"] == "staged" ? $"version {(int)json["number"]!} of {(string)json["space"]!} goes out in stages; see 'mainstay config staging {(string)json["space"]!}'" : $"{(string)json["space"]!} is at version {(int)json["number"]!}";

    static int VersionOf(string[] more) =>
        more is [var text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new CliError("the version is missing", "write mainstay config rollback SPACE VERSION", ExitCode.Invalid);
}
