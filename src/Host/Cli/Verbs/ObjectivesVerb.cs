using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay objectives</c>: how well routes serve beside how well they are to.</summary>
static class ObjectivesVerb
{
    public static Command Build(VerbKit kit) =>
        kit.Verb("objectives", "Show how well routes serve beside their objectives: nines, budget left, how fast it is spent, incidents.", [], async (_, session, stop) =>
        {
            var json = await session.Client.GetAsync("reliability", stop);
            var view = ApiClient.As<ReliabilityView>(json);
            session.Screen.Write(json, () => Write(session.Screen, view));
            return ExitCode.Ok;
        });

    static void Write(Screen screen, ReliabilityView view)
    {
        if (view.Items.Count == 0)
        {
            screen.Line("no objectives: declare some in the manifest under 'objectives'");
            return;
        }

        var table = new TextTable("OBJECTIVE", "ROUTE", "OF", "TARGET", "ACTUAL", "NINES", "BUDGET LEFT", "BURN 1H", "BURN 6H", "BURN 3D", "INCIDENTS", "MTTR", "MTTF") { RightAligned = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] };
        foreach (var (objective, indicator) in view.Items.SelectMany(o => o.Indicators.Select(i => (o, i))))
        {
            table.Add(
                [
                    objective.Name, objective.Route, indicator.Of, Percent(indicator.Target), indicator.Actual is { } actual ? Percent(actual) : "-", indicator.Nines?.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture) ?? "-",
                    screen.Paint(indicator.BudgetLeft < 0 ? Tone.Bad : indicator.BudgetLeft < 0.25 ? Tone.Busy : Tone.Good, Quantities.Percent(indicator.BudgetLeft)),
                    .. indicator.Burns.Select(b => screen.Paint(b.Firing ? Tone.Bad : Tone.Plain, FormattableString.Invariant($"{b.LongBurn:0.0}"))),
                    FormattableString.Invariant($"{objective.Incidents}"), Span(objective.MttrSeconds), Span(objective.MttfSeconds),
                ]);
        }

        table.Write(screen);
    }

    static string Percent(double share) => FormattableString.Invariant($"{share * 100:0.###}%");

    static string Span(double? seconds) => seconds is { } known ? Quantities.Age(TimeSpan.FromSeconds(known)) : "-";
}
