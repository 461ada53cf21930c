using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay rollout</c>: releases that are under way, and what is to become of them.</summary>
static class RolloutVerb
{
    static readonly string[] Actions = ["status", "history", "pause", "resume", "promote", "abort"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions, "status; history lists the releases of a service that have ended; pause holds a release at its step, resume lets it go on (past a gate too), promote takes it to the end at once, abort goes back to the old version.");
        var service = VerbKit.Optional("SERVICE", "The service. Default with status: every one that has had a release.");
        var message = kit.Flags.Text("--message", "TEXT", "Why, for the events.", "-m");
        return kit.Verb("rollout", "Look at the releases of services, hold them, let them go on, or give them up.", [action, service, message], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "status")
            {
                await StatusAsync(session, parsed.GetValue(service), stop);
                return ExitCode.Ok;
            }

            if (word == "history" && parsed.GetValue(service) is { } of)
            {
                await HistoryAsync(session, of, stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(service) ?? throw new CliError("the service is missing", $"write mainstay rollout {word} SERVICE, see 'mainstay rollout status'", ExitCode.Invalid);
            var reply = await session.Client.PostAsync($"services/{Uri.EscapeDataString(name)}/rollout", new { act = word, message = parsed.GetValue(message) ?? "" }, stop);
            session.Screen.Write(reply, () => session.Screen.Line($"{name} {Done(word, name)}"));
            return ExitCode.Ok;
        });
    }

    static string Done(string act, string name) => act switch
    {
        "pause" => $"holds at its step; 'mainstay rollout resume {name}' lets it go on",
        "resume" => $"goes on; 'mainstay rollout status {name}' tells how",
        "promote" => $"goes to the end without holding; 'mainstay rollout status {name}' tells how",
        _ => "goes back to the version before; the new one is not tried again until something else is declared",
    };

    static async Task StatusAsync(Session session, string? name, CancellationToken stop)
    {
        var all = (await session.Client.ListAsync("services", stop))["items"]!.AsArray().Select(i => ApiClient.As<Service>(i!)).ToArray();
        if (name is not null && all.All(s => s.Name != name))
        {
            throw new CliError($"there is no service '{name}'", "'mainstay get services' lists them");
        }

        var chosen = all.Where(s => name is null ? s.Status.Release is not null : s.Name == name).ToArray();
        // Only one service is asked about: how its versions compare is told too, of the last release where none is under way.
        var view = name is null ? null : await session.Client.GetAsync($"services/{Uri.EscapeDataString(name)}/rollout", stop);
        var report = view?["report"] ?? (chosen.Any(s => s.Status.Release?.IsOver() == true) ? view?["history"]?.AsArray().FirstOrDefault()?["report"] : null);
        session.Screen.Write(new JsonObject { ["items"] = new JsonArray([.. chosen.Select(s => Json(s, report))]) }, () =>
        {
            Table(session, chosen);
            if (report is not null)
            {
                Figures(session, ApiClient.As<ReleaseReport>(report));
            }
        });
    }

    static async Task HistoryAsync(Session session, string name, CancellationToken stop)
    {
        var history = (await session.Client.GetAsync($"services/{Uri.EscapeDataString(name)}/rollout", stop))["history"]!;
        session.Screen.Write(new JsonObject { ["items"] = history.DeepClone() }, () =>
        {
            var table = new TextTable("RELEASE", "STRATEGY", "FROM", "TO", "OUTCOME", "BEGAN", "TOOK", "ERRORS", "P99", "WHY");
            foreach (var record in history.AsArray().Select(r => ApiClient.As<ReleaseRecord>(r!)))
            {
                var (release, report) = (record.Release, record.Report);
                table.Add(
                    $"#{record.Number.ToString(CultureInfo.InvariantCulture)}", Way(release), release.From, release.Version, Word(release.Stage), Quantities.When(release.Began, session.Time),
                    Durations.Format(TimeSpan.FromSeconds(Math.Round((release.Since - release.Began).TotalSeconds))),
                    report is null ? "-" : $"{Ratio(report.Old)} -> {Ratio(report.New)}", report is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{report.Old.P99Ms:0.#}ms -> {report.New.P99Ms:0.#}ms"),
                    release.Why.Length > 0 ? TextWidth.Harmless(release.Why) : "-");
            }

            table.Write(session.Screen);
        });
    }

    static void Figures(Session session, ReleaseReport report)
    {
        session.Screen.Line("");
        var table = new TextTable("VERSION", "REQUESTS", "ERRORS", "P50", "P90", "P99");
        foreach (var (word, figures) in new[] { ("old", report.Old), ("new", report.New) })
        {
            table.Add(word, figures.Requests.ToString(CultureInfo.InvariantCulture), Ratio(figures), Milliseconds(figures.P50Ms), Milliseconds(figures.P90Ms), Milliseconds(figures.P99Ms));
        }

        table.Write(session.Screen);
        session.Screen.Line(TextWidth.Harmless(report.Message));
        if (report.Callees is { Count: > 0 } callees)
        {
            session.Screen.Line("");
            var called = new TextTable("CALLS", "PER REQUEST", "ERRORS", "P99", "ODDS");
            foreach (var one in callees)
            {
                called.Add(
                    TextWidth.Harmless(one.Name), string.Create(CultureInfo.InvariantCulture, $"{one.OldRate:0.##} -> {one.NewRate:0.##}"), $"{Ratio(one.Old)} -> {Ratio(one.New)}",
                    string.Create(CultureInfo.InvariantCulture, $"{one.Old.P99Ms:0.#}ms -> {one.New.P99Ms:0.#}ms"), string.Create(CultureInfo.InvariantCulture, $"{Math.Min(1e6, Math.Max(1, Math.Exp(one.Evidence))):0}:1"));
            }

            called.Write(session.Screen);
        }
    }

    static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.#}ms");

    static string Ratio(ReleaseFigures figures) => figures.Requests == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{(double)figures.Errors / figures.Requests:0.0%}");

    static void Table(Session session, IReadOnlyList<Service> services)
    {
        var table = new TextTable("SERVICE", "STRATEGY", "FROM", "TO", "STAGE", "SHARE", "SINCE", "NEXT", "WHY");
        foreach (var service in services)
        {
            var release = service.Status.Release;
            table.Add(
                service.Name, release is null ? "-" : Way(release), release?.From ?? "-", release?.Version ?? "-",
                release is null ? "-" : Stage(service, release), release?.Share.ToString() ?? "-", release is null ? "-" : Quantities.When(release.Since, session.Time),
                release switch { { Stage: ReleaseStage.Waiting } => "on 'rollout resume'", { Until: { } until } => Quantities.Clock(until, session.Time), _ => "-" }, release is { Why.Length: > 0 } ? TextWidth.Harmless(release.Why) : "-");
        }

        table.Write(session.Screen);
    }

    static string Stage(Service service, ReleaseStatus release)
    {
        var steps = service.Spec.Release?.Steps?.Count ?? ReleaseSpec.UsualSteps.Count;
        return release.Strategy == ReleaseStrategy.Canary && release.Stage < ReleaseStage.Keeping && release.Step < steps ? $"{Word(release.Stage)} {release.Step + 1}/{steps}" : Word(release.Stage);
    }

    static JsonObject Json(Service service, JsonNode? report) => new JsonObject
    {
        ["comparison"] = (string?)report?["message"],
        ["report"] = report?.DeepClone(),
        ["service"] = service.Name,
        ["message"] = service.Status.Message,
        ["release"] = service.Status.Release is null ? null : Codec.Tree(service.Status.Release),
    };

    static string Way(ReleaseStatus release) => release.Group is { } group ? $"{Word(release.Strategy)} ({group})" : Word(release.Strategy);

    static string Word<T>(T value)
        where T : struct, Enum => value.ToString() is var text ? char.ToLowerInvariant(text[0]) + text[1..] : "";
}
