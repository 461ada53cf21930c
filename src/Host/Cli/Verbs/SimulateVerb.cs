using System.CommandLine;
using System.Globalization;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;
using Mainstay.Host.Rehearse;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay simulate</c>: what would happen, and who would be hurt.</summary>
static class SimulateVerb
{
    const int MostHurt = 40;

    public static Command Build(VerbKit kit)
    {
        var what = VerbKit.Required("WHAT", "host-down, instance-down or service-down: the named ones fail; release SERVICE VERSION: a new version, judged as it would be; traffic xN: N times as many requests.");
        what.CompletionSources.Add([.. RehearsalRules.Words.Keys]);
        var names = new Argument<string[]>("NAME") { Description = "Hosts, instances or services; for a release SERVICE VERSION; for traffic the factor, as x10.", Arity = ArgumentArity.ZeroOrMore };
        var span = kit.Flags.Text("--for", "DURATION", "How long, in virtual time; at most 1h. Default 5m.");
        var seed = kit.Flags.Number("--seed", 1, 0, int.MaxValue, "What the dice begin with: the same seed over the same state gives the same.");
        var errors = kit.Flags.Text("--error-rate", "SHARE", "Release: the share of the new version's requests that fail. Default: as many as now.");
        var slow = kit.Flags.Text("--slow", "xN", "Release: how many times as long the new version takes. Default x1.");
        var rate = kit.Flags.Text("--rate", "RATE", "Release: how many requests to assume, as 50/s. Default: as many as now.");
        return kit.Verb("simulate", "Rehearse a failure, a release or a load in virtual time: what would happen, and who would be hurt. Nothing is changed.", [what, names, span, seed, errors, slow, rate], async (parsed, session, stop) =>
        {
            var (word, given) = (parsed.GetRequiredValue(what), parsed.GetValue(names) ?? []);
            var ask = new RehearsalAsk
            {
                What = word, For = parsed.GetValue(span), Seed = parsed.GetValue(seed), ErrorRate = parsed.GetValue(errors), Slow = parsed.GetValue(slow), Rate = parsed.GetValue(rate),
                Names = word switch { "traffic" => [.. given.Skip(1)], "release" => [.. given.Where((_, at) => at != 1)], _ => given },
                Version = word == "release" ? given.ElementAtOrDefault(1) : null,
                Factor = word == "traffic" ? given.ElementAtOrDefault(0) : null,
            };
            var json = await session.Client.PostAsync("simulate", ask, stop);
            var report = ApiClient.As<RehearsalReport>(json);
            session.Screen.Write(json, () => Write(session.Screen, report));
            return ExitCode.Ok;
        });
    }

    static void Write(Screen screen, RehearsalReport report)
    {
        screen.Line($"rehearsed: {TextWidth.Harmless(report.Title)}, {Durations.Format(TimeSpan.FromSeconds(report.Seconds))} from now; nothing was changed");
        foreach (var line in report.Lines)
        {
            var text = $"{line.At.ToString("0.00", CultureInfo.InvariantCulture),9}s  {Word(line.Kind),-8}  {TextWidth.Harmless(line.Text)}";
            screen.Line(line.Severity == Severity.Info ? text : screen.Paint(line.Severity == Severity.Error ? Tone.Bad : Tone.Busy, text));
        }

        if (report.More > 0)
        {
            screen.Line($"and {report.More} lines more; a shorter --for tells fewer");
        }

        screen.Line("");
        Hurt(screen, "SERVICE", report.Services, "no service would be hurt");
        screen.Line("");
        Hurt(screen, "ROUTE", report.Routes, "no public route would be hurt");
        Jobs(screen, report.Jobs);
        Incidents(screen, report.Incidents);
        screen.Line("");
        foreach (var spent in report.Objectives)
        {
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"objective {spent.Name}: {spent.Spent:0.00%} of the errors that its window allows"));
        }

        foreach (var open in report.Open)
        {
            screen.Line(screen.Paint(Tone.Bad, $"not well at the end: {TextWidth.Harmless(open)}"));
        }

        foreach (var assumed in report.Assumed)
        {
            screen.Line($"assumed: {TextWidth.Harmless(assumed)}");
        }
    }

    static void Hurt(Screen screen, string noun, IReadOnlyList<Hurt> all, string nobody)
    {
        if (all.Count == 0)
        {
            screen.Line(nobody);
            return;
        }

        var table = new TextTable(noun, "CRITICALITY", "WITHOUT", "FAILS", "WAITS", "LESSER", "WORST", "REQUESTS LOST", "THROUGH") { RightAligned = [2, 3, 4, 5, 7] };
        foreach (var hurt in all.Take(MostHurt))
        {
            table.Add(
                hurt.Name, Word(hurt.Criticality), Seconds(hurt.Without), Part(hurt.Fails), Part(hurt.Waits), Part(hurt.Lesser), hurt.Worst > 0 ? $"{Part(hurt.Worst)} at {Seconds(hurt.WorstAt)}" : "-",
                hurt.Failed is { } failed ? failed.ToString("0", CultureInfo.InvariantCulture) : "?", hurt.Through ?? "-");
        }

        table.Write(screen);
        if (all.Count > MostHurt)
        {
            screen.Line($"and {all.Count - MostHurt} more; -o json tells them");
        }
    }

    static void Jobs(Screen screen, IReadOnlyList<RehearsedJob> all)
    {
        if (all.Count == 0)
        {
            return;
        }

        screen.Line("");
        var table = new TextTable("JOB", "SUCCEED", "FAIL", "UNDER WAY", "LEFT OUT", "TRIES LOST", "TRIES FAILED", "WORK LOST", "WHY") { RightAligned = [1, 2, 3, 4, 5, 6, 7] };
        foreach (var job in all.Take(MostHurt))
        {
            table.Add(
                job.Name, Count(job.Succeeded), Count(job.Failed), Count(job.Open), Count(job.LeftOut), Count(job.LostTries), Count(job.FailedTries), job.LostSeconds > 0 ? Seconds(job.LostSeconds) : "-",
                TextWidth.Harmless(job.Why ?? "-"));
        }

        table.Write(screen);
        if (all.Count > MostHurt)
        {
            screen.Line($"and {all.Count - MostHurt} more; -o json tells them");
        }
    }

    static void Incidents(Screen screen, IReadOnlyList<RehearsedIncident> all)
    {
        screen.Line("");
        if (all.Count == 0)
        {
            screen.Line("no incident would open");
        }

        foreach (var incident in all)
        {
            var span = incident.Ends is { } ends ? $"{Seconds(incident.Opens)} to {Seconds(ends)}" : $"from {Seconds(incident.Opens)} on";
            screen.Line(screen.Paint(Tone.Bad, $"incident {span}, {Word(incident.Criticality)}: {TextWidth.Harmless(incident.Title)}"));
            screen.Line($"  cause: {(incident.Cause.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"{TextWidth.Harmless(incident.Cause)}, {incident.Confidence * 100:0}% sure") : "not known")}");
            screen.Line($"  told:  {(incident.Told.Count > 0 ? string.Join(", ", incident.Told) : "nobody; declare 'notify' to have somebody told")}");
            foreach (var action in incident.Actions)
            {
                var when = action.At is { } at ? $"{Done(action.State)} at {Seconds(at)}" : Done(action.State);
                screen.Line($"  {when}: {TextWidth.Harmless(action.Text)}{(action.How.Length > 0 && action.At is null ? $" ({TextWidth.Harmless(action.How)})" : "")}{(action.Verdict.Length > 0 ? $": {TextWidth.Harmless(action.Verdict)}" : "")}");
            }
        }
    }

    static string Done(ActionState state) => state switch { ActionState.Suggested => "suggested", ActionState.Done => "done by itself", ActionState.Helped => "helped, done", ActionState.DidNotHelp => "did not help, done", _ => "failed" };

    static string Count(int number) => number == 0 ? "-" : number.ToString(CultureInfo.InvariantCulture);

    static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##}s");

    static string Part(double share) => share <= 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##}%");

    static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
