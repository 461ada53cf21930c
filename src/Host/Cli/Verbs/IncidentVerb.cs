using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Observe;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay incident</c>: what is wrong, since when, who is hurt, why, and what to do.</summary>
static class IncidentVerb
{
    static readonly string[] Actions = ["list", "show", "ack", "resolve", "silence", "do"];

    public static Command Build(VerbKit kit)
    {
        var action = new ActionArgument(Actions);
        var subject = VerbKit.Optional("NAME", "The incident; not with list.");
        var id = VerbKit.Optional("ACTION-ID", "With do which of the suggested actions.");
        var all = kit.Flags.Switch("--all", "With list also those that are over.");
        var span = kit.Flags.Duration("--for", TimeSpan.FromHours(1), "With silence how long nobody is told: 1m to 30d.");
        return kit.Verb("incident", "Show what is wrong, since when, who is hurt and why; say that you are at it or that it is over.", [action, subject, id, all, span], async (parsed, session, stop) =>
        {
            var word = parsed.GetRequiredValue(action);
            if (word == "list")
            {
                await ListAsync(session, parsed.GetValue(all), stop);
                return ExitCode.Ok;
            }

            var name = parsed.GetValue(subject) ?? throw new CliError("the incident is missing", $"write mainstay incident {word} NAME, see 'mainstay incident list'", ExitCode.Invalid);
            var path = $"incidents/{Uri.EscapeDataString(name)}";
            var what = word != "do" ? "" : parsed.GetValue(id) ?? throw new CliError("the action is missing", $"write mainstay incident do {name} ID, see 'mainstay incident show {name}'", ExitCode.Invalid);
            var json = word == "show" ? await session.Client.GetAsync(path, stop)
                : await session.Client.PostAsync(word == "silence" ? $"{path}/silence?for={Durations.Format(parsed.GetValue(span))}" : word == "do" ? $"{path}/actions/{Uri.EscapeDataString(what)}" : $"{path}/{word}", null, stop);
            var incident = ApiClient.As<Incident>(json);
            session.Screen.Write(json, () => Show(session, incident));
            return ExitCode.Ok;
        });
    }

    static async Task ListAsync(Session session, bool all, CancellationToken stop)
    {
        var page = await session.Client.ListAsync("incidents", stop);
        session.Screen.Write(page, () =>
        {
            Incident[] shown = [.. page["items"]!.AsArray().Select(i => ApiClient.As<Incident>(i!)).Where(i => all || i.State != IncidentState.Resolved).OrderByDescending(i => i.Opened)];
            if (shown.Length == 0)
            {
                session.Screen.Line(all ? "there were no incidents" : "nothing is wrong");
                return;
            }

            var table = new TextTable("NAME", "STATE", "CRITICALITY", "SINCE", "WHAT");
            foreach (var one in shown)
            {
                table.Add(one.Name, session.Screen.Paint(ToneOf(one), one.State.ToString()), one.Criticality.ToString().ToLowerInvariant(), Quantities.When(one.Began, session.Time), TextWidth.Harmless(one.Title));
            }

            table.Write(session.Screen);
        });
    }

    static void Show(Session session, Incident incident)
    {
        var screen = session.Screen;
        screen.Line(screen.Paint(ToneOf(incident), $"{incident.Name}  {incident.State}") + $"  since {Quantities.When(incident.Began, session.Time)}{(incident.Ended is { } end ? $", over since {Quantities.When(end, session.Time)}" : "")}");
        foreach (var (who, what) in (ReadOnlySpan<(string, string)>)[(incident.AcknowledgedBy, "is at it"), (incident.ResolvedBy, "said that it is over")])
        {
            if (who.Length > 0)
            {
                screen.Line($"{TextWidth.Harmless(who)} {what}");
            }
        }

        foreach (var symptom in incident.Symptoms)
        {
            screen.Line($"  {TextWidth.Harmless(symptom.Text)}");
        }

        foreach (var (number, cause) in incident.Causes.Index())
        {
            screen.Line(CauseText.Title(screen, number, new(cause.Kind, cause.Target, cause.Confidence, [])));
            foreach (var evidence in cause.Evidence)
            {
                screen.Line($"     {TextWidth.Harmless(evidence)}");
            }
        }

        foreach (var action in incident.Actions)
        {
            var state = action.State switch { ActionState.Suggested => "suggested", ActionState.Done => "done", ActionState.Helped => "helped", ActionState.DidNotHelp => "did not help", _ => "failed" };
            screen.Line($"  {action.Id} {state}: {TextWidth.Harmless(action.Text)}{(action.Verdict.Length > 0 ? $"; {TextWidth.Harmless(action.Verdict)}" : "")}");
            if (action.How.Length > 0)
            {
                screen.Line(screen.Paint(Tone.Dim, $"     {TextWidth.Harmless(action.How)}"));
            }
        }
    }

    static Tone ToneOf(Incident incident) => incident.State switch { IncidentState.Open => Tone.Bad, IncidentState.Acknowledged => Tone.Busy, _ => Tone.Good };
}
