using System.CommandLine;
using Mainstay.Core.Kinds;
using Mainstay.Host.Cli.Client;
using Mainstay.Host.Cli.Output;

namespace Mainstay.Host.Cli.Verbs;

/// <summary>What a top list is ordered by.</summary>
enum TopOrder
{
    Heat,
    Calls,
    Slow,
}

/// <summary>The part of <c>mainstay top</c> that lists what is called most, slowest, or takes the most time altogether, as traces tell.</summary>
sealed class TopLists(VerbKit kit)
{
    readonly Option<TopOrder> by = kit.Flags.Choice("--by", TopOrder.Heat, "Of calls: by the sum of time, the number of calls, or the 99th percentile. Default heat.");
    readonly Option<TimeSpan> window = kit.Flags.Duration("--window", TimeSpan.FromMinutes(5), "Of calls: over how long, up to now: 10s to 1h.");
    readonly Option<string?> service = kit.Flags.Text("--service", "NAME", "Of calls: of this service alone.");
    readonly Option<int> limit = kit.Flags.Number("--limit", 10, 1, 1000, "Of calls: at most so many.");

    readonly Option<string?> statement = kit.Flags.Text("--statement", "TEXT", "Of paths: of statements with this in them.");
    readonly Option<string?> api = kit.Flags.Text("--api", "TEXT", "Of paths: of APIs with this in 'SERVICE OPERATION'.");

    /// <summary>What can be listed.</summary>
    public static IReadOnlyList<string> Subjects { get; } = ["operations", "services", "callers", "statements", Paths];

    const string Paths = "paths";

    public IReadOnlyList<Symbol> Flags => [by, window, service, statement, api, limit];

    public async Task ShowAsync(string what, ParseResult parsed, Session session, CancellationToken stop)
    {
        if (what == Paths)
        {
            var asked = $"statements?window={Durations.Format(parsed.GetValue(window))}&limit={parsed.GetValue(limit)}{Part("service", service)}{Part("statement", statement)}{Part("api", api)}";
            var found = await session.Client.GetAsync(asked, stop);
            session.Screen.Write(found, () => PathTable.Write(session.Screen, ApiClient.As<PathList>(found).Items));
            return;
        }

        var query = $"top?of={what}&by={parsed.GetValue(by).ToString().ToLowerInvariant()}&window={Durations.Format(parsed.GetValue(window))}&limit={parsed.GetValue(limit)}";
        var json = await session.Client.GetAsync($"{query}{Part("service", service)}", stop);
        var list = ApiClient.As<TopList>(json);
        session.Screen.Write(json, () => Write(session.Screen, what, list));

        string Part(string name, Option<string?> of) => parsed.GetValue(of) is { } value ? $"&{name}={Uri.EscapeDataString(value)}" : "";
    }

    static void Write(Screen screen, string what, TopList list)
    {
        if (list.Items.Count == 0)
        {
            screen.Line("nothing to show: no spans came within the window");
            return;
        }

        var title = what switch { "operations" => "OPERATION", "services" => "", "callers" => "CALLER", _ => "STATEMENT" };
        var table = new TextTable("HEAT", "CALLS", "RATE", "ERRORS", "P50", "P99", "APDEX", "SERVICE", title) { RightAligned = [0, 1, 2, 3, 4, 5, 6] };
        foreach (var row in list.Items)
        {
            table.Add(
                Quantities.Milliseconds(row.HeatSeconds * 1000), $"{row.Calls}", Quantities.PerSecond(row.CallsPerSecond), Quantities.Percent(row.ErrorRatio),
                Quantities.Milliseconds(row.P50Ms), Quantities.Milliseconds(row.P99Ms),
                row.Apdex is { } apdex ? apdex.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture) : "-", TextWidth.Harmless(row.Service), what == "services" ? "" : TextWidth.Harmless(row.Name));
        }

        table.Write(screen);
    }
}
