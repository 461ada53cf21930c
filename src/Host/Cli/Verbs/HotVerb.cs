using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>What a top list is of.</summary>
enum HotWhat
{
    Operations,
    Services,
    Callers,
    Statements,
}

/// <summary>What a top list is ordered by.</summary>
enum HotOrder
{
    Heat,
    Calls,
    Slow,
}

/// <summary><c>mainstay hot</c>: what is called most, slowest, or takes the most time altogether.</summary>
static class HotVerb
{
    public static Command Build(VerbKit kit)
    {
        var of = kit.Flags.Choice("--of", HotWhat.Operations, "What is listed. Default operations.");
        var by = kit.Flags.Choice("--by", HotOrder.Heat, "By what: the sum of time, the number of calls, or the 99th percentile. Default heat.");
        var window = kit.Flags.Duration("--window", TimeSpan.FromMinutes(5), "Over how long, up to now: 10s to 1h.");
        var service = kit.Flags.Text("--service", "NAME", "Of this service alone.");
        var limit = kit.Flags.Number("--limit", 10, 1, 1000, "At most so many.");
        return kit.Verb("hot", "Show what is called most, slowest, or takes the most time altogether, as traces tell.", [of, by, window, service, limit], async (parsed, session, stop) =>
        {
            var what = parsed.GetValue(of);
            var query = $"top?of={what.ToString().ToLowerInvariant()}&by={parsed.GetValue(by).ToString().ToLowerInvariant()}&window={Durations.Format(parsed.GetValue(window))}&limit={parsed.GetValue(limit)}";
            var json = await session.Client.GetAsync(parsed.GetValue(service) is { } only ? $"{query}&service={Uri.EscapeDataString(only)}" : query, stop);
            var list = ApiClient.As<TopList>(json);
            session.Screen.Write(json, () => Write(session.Screen, what, list));
            return ExitCode.Ok;
        });
    }

    static void Write(Screen screen, HotWhat what, TopList list)
    {
        if (list.Items.Count == 0)
        {
            screen.Line("nothing to show: no spans came within the window");
            return;
        }

        var title = what switch { HotWhat.Operations => "OPERATION", HotWhat.Services => "", HotWhat.Callers => "CALLER", _ => "STATEMENT" };
        var table = new TextTable("HEAT", "CALLS", "RATE", "ERRORS", "P50", "P99", "SERVICE", title) { RightAligned = [0, 1, 2, 3, 4, 5] };
        foreach (var row in list.Items)
        {
            table.Add(
                Quantities.Milliseconds(row.HeatSeconds * 1000), $"{row.Calls}", Quantities.PerSecond(row.CallsPerSecond), Quantities.Percent(row.ErrorRatio),
                Quantities.Milliseconds(row.P50Ms), Quantities.Milliseconds(row.P99Ms), TextWidth.Harmless(row.Service), what == HotWhat.Services ? "" : TextWidth.Harmless(row.Name));
        }

        table.Write(screen);
    }
}
