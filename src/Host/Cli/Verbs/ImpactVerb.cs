using System.CommandLine;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary><c>mainstay impact</c>: which public APIs go through something.</summary>
static class ImpactVerb
{
    public static Command Build(VerbKit kit)
    {
        var of = VerbKit.Required("TARGET", "A host, instance, service, database, queue, or a part of a statement; host/NAME, instance/NAME … where it has to be told apart.");
        return kit.Verb("impact", "Show which public APIs go through a host, instance, service, statement or queue, and how they fare.", [of], async (parsed, session, stop) =>
        {
            var json = await session.Client.GetAsync($"impact?of={Uri.EscapeDataString(parsed.GetRequiredValue(of))}", stop);
            var found = ApiClient.As<ImpactView>(json);
            session.Screen.Write(json, () => Write(session.Screen, found));
            return ExitCode.Ok;
        });
    }

    static void Write(Screen screen, ImpactView found)
    {
        screen.Line(screen.Paint(Tone.Strong, TextWidth.Harmless(found.Target)));
        if (found.Paths is { Count: > 0 } paths)
        {
            PathTable.Write(screen, paths);
        }

        if (found.Apis.Count == 0)
        {
            if (found.Paths is { Count: > 0 })
            {
                return;
            }

            screen.Line("no public API goes through it, as far as was seen in the last hour");
            return;
        }

        var table = new TextTable("ROUTE", "SHARE", "RATE", "P99 ADDED", "ERRORS") { RightAligned = [1, 2, 3, 4] };
        foreach (var api in found.Apis)
        {
            table.Add(
                TextWidth.Harmless(api.Route), Quantities.Percent(api.Share), Quantities.PerSecond(api.RequestsPerSecond), api.AddedP99Ms > 0 ? $"+{Quantities.Milliseconds(api.AddedP99Ms)}" : "-",
                Quantities.Percent(api.ErrorRatio));
        }

        table.Write(screen);
    }
}
