using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay traffic</c>: routes and needs with their figures and policies.</summary>
static class TrafficVerb
{
    public static Command Build(VerbKit kit)
    {
        var about = VerbKit.Optional("ABOUT", "One way, such as route/NAME or need/CALLER.CALLEE, or service/NAME for what a service declares for all ways to it. Default: all.");
        return kit.Verb("traffic", "Show routes and needs, and services with policies of their own: rate, errors, latency, and how their policies stand.", [about], async (parsed, session, stop) =>
        {
            var json = await session.Client.GetAsync("traffic", stop);
            var view = ApiClient.As<TrafficView>(json);
            var only = parsed.GetValue(about);
            TrafficWay[] ways = [.. view.Ways.Where(w => only is null || w.About == only)];
            if (only is not null && ways.Length == 0)
            {
                throw new CliError($"there is no way '{only}'{(only.StartsWith("service/", StringComparison.Ordinal) ? ", or the service has no policies of its own" : "")}", "see 'mainstay traffic' for all of them", ExitCode.Failed);
            }

            session.Screen.Write(json, () =>
            {
                Write(session, view, ways);
                if (only is not null)
                {
                    WriteFigures(session, ways[0]);
                }
            });
            return ExitCode.Ok;
        });
    }

    static void WriteFigures(Session session, TrafficWay way)
    {
        foreach (var policy in way.Policies.Where(p => p.Numbers.Count > 0))
        {
            session.Screen.Line($"{policy.Policy} of {policy.Gateway}: {string.Join(", ", policy.Numbers.Select(n => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{n.Key} {n.Value}")))}");
        }
    }

    static void Write(Session session, TrafficView view, TrafficWay[] ways)
    {
        var screen = session.Screen;
        var table = new TextTable("ABOUT", "TO", "RATE", "ERRORS", "P50", "P99", "POLICIES") { RightAligned = [2, 3, 4, 5] };
        foreach (var way in ways)
        {
            var busy = way.RequestsPerSecond > 0;
            table.Add(
                way.About, way.To, Quantities.PerSecond(way.RequestsPerSecond), busy ? Quantities.Percent(way.ErrorRatio) : "-",
                busy ? Quantities.Milliseconds(way.P50Ms) : "-", busy ? Quantities.Milliseconds(way.P99Ms) : "-",
                way.Policies.Count == 0 ? "-" : string.Join(", ", way.Policies.Select(p => $"{p.Policy} {p.State}").Distinct()));
        }

        table.Write(screen);
        foreach (var policy in (view.Door ?? []).Select(p => $"gateway {p.Policy} {p.State}{(p.Why.Length > 0 ? $": {p.Why}" : "")}").Distinct())
        {
            screen.Line(screen.Paint(Tone.Busy, TextWidth.Harmless(policy)));
        }

        foreach (var policy in ways.SelectMany(w => w.Policies.Where(p => p.Why.Length > 0).Select(p => $"{w.About} {p.Policy}: {p.Why}")).Distinct())
        {
            screen.Line(screen.Paint(Tone.Busy, TextWidth.Harmless(policy)));
        }

        foreach (var one in view.Interventions)
        {
            screen.Line(screen.Paint(Tone.Busy, TextWidth.Harmless($"{one.About}: {one.Act()} for another {Quantities.Age(one.Until - view.At)}, by {one.By}: {one.Reason} ({one.Name})")));
        }
    }
}
